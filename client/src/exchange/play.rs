//! Plays one round.

use std::cell::Cell;
use std::time::Instant;

use futures_util::future::try_join_all;
use quorate_wire::method::{FinalizeDecision, ProcessStatus, SendMessage, Status, StatusAnswer};
use quorate_wire::{CallError, Fault};
use tokio::sync::Semaphore;

use super::printer::Printer;
use super::watch::Watch;
use crate::grace::{Grace, NOT_AWAITED, must_answer};
use crate::options::CheckedExchange;
use crate::target::{CORRECT, Process, Target};
use crate::transcript::{Finalized, Message};
use crate::verdict::Outcome;

/// How many votes one process is asked to send at the same time. With many processes more would take too many connections.
const AT_ONCE: usize = 8;

/// How the round ended.
pub(super) enum Played {
    /// All that was sent and finalized, in the order of the processes.
    Whole(Vec<Message>, Vec<Finalized>),
    /// Another client decided the round before every correct process had voted.
    Overtaken,
}

struct Round<'a> {
    target: &'a Target,
    options: &'a CheckedExchange,
    number: u64,
    started: Instant,
    printer: &'a Printer,
    watch: Watch<'a>,
    overtaken: Cell<bool>,
    sending: Grace,
    deciding: Grace,
    reporting: Grace,
}

/// Plays the round with this number: all votes, then all decisions. Prints each line as soon as it is true and all lines
/// before it are printed.
///
/// # Errors
/// The lines cannot be printed.
pub(super) async fn play(
    target: &Target,
    options: &CheckedExchange,
    number: u64,
    printer: &Printer,
) -> anyhow::Result<Played> {
    printer.begin();
    let round = Round {
        target,
        options,
        number,
        started: Instant::now(),
        printer,
        watch: Watch::new(target)?,
        overtaken: Cell::new(false),
        sending: Grace::for_calls(target, target.processes.len().saturating_sub(1)),
        deciding: Grace::for_calls(target, 1),
        reporting: Grace::for_calls(target, 1),
    };
    let watch = &round.watch;
    tokio::select! {
        played = round.play() => played,
        () = watch.tell() => unreachable!("it is watched until the round has ended"),
    }
}

impl Round<'_> {
    async fn play(&self) -> anyhow::Result<Played> {
        let senders = self.target.processes.iter().enumerate();
        let messages = try_join_all(senders.map(|(place, from)| self.send_to_others(place, from)));
        let messages: Vec<_> = messages.await?.into_iter().flatten().collect();
        if self.overtaken.get() {
            return Ok(Played::Overtaken);
        }
        let processes = self.target.processes.iter().enumerate();
        let sent = messages.len();
        let finalized =
            try_join_all(processes.map(|(place, process)| self.finalize(sent + place, process)));
        Ok(Played::Whole(messages, finalized.await?))
    }

    /// Sends to all others. As many calls as `AT_ONCE` are under way at the same time.
    async fn send_to_others(&self, place: usize, from: &Process) -> anyhow::Result<Vec<Message>> {
        let _waiting = self.watch.wait(&from.name, "to send".to_owned());
        let others = self
            .target
            .processes
            .iter()
            .filter(|to| to.name != from.name);
        let first = place * (self.target.processes.len() - 1);
        let turns = Semaphore::new(AT_ONCE);
        let sends = (first..).zip(others).map(|(line, to)| {
            let turns = &turns;
            async move {
                let sending = async {
                    let _turn = turns.acquire().await;
                    let asked_at = self.started.elapsed();
                    (asked_at, self.send(from, &to.name).await)
                };
                let sent = self.sending.wait(must_answer(from), sending).await;
                let (asked_at, (text, told)) = sent.unwrap_or_else(|| {
                    let text = cannot_send(&from.name, &to.name, NOT_AWAITED);
                    (self.started.elapsed(), (text, None))
                });
                self.printer.put(line, format!("Process {text}"))?;
                Ok::<_, anyhow::Error>(Message {
                    from: from.name.clone(),
                    to: to.name.clone(),
                    text,
                    told,
                    asked_at,
                    answered_at: self.started.elapsed(),
                })
            }
        });
        try_join_all(sends).await
    }

    /// The result of a send, and the decision that the recipient was told.
    async fn send(&self, from: &Process, to: &str) -> (String, Option<String>) {
        let name = &from.name;
        let unreachable = || (format!("{name} could not be reached to send to {to}"), None);
        if !from.is_reachable() {
            return unreachable();
        }
        let decision = self.options.decisions.of(name);
        let call = SendMessage {
            recipient: to.to_owned(),
            decision: decision.to_owned(),
            round: Some(self.number),
        };
        match from.call(call).await {
            Ok(answer) => {
                let told = told(&answer, name, to);
                (answer, told)
            }
            Err(error) if error.is_unreachable() => unreachable(),
            Err(error) => {
                if from.is_correct() && is_decided(&error) {
                    self.overtaken.set(true);
                }
                (cannot_send(name, to, &cause(&error)), None)
            }
        }
    }

    async fn finalize(&self, line: usize, process: &Process) -> anyhow::Result<Finalized> {
        let _waiting = self.watch.wait(&process.name, "to decide".to_owned());
        let started = Instant::now();
        let must = must_answer(process);
        let outcome = self.deciding.wait(must, self.outcome(process)).await;
        let outcome = outcome.unwrap_or_else(|| Outcome::NoDecision(NOT_AWAITED.to_owned()));
        let time_taken = started.elapsed();
        let answered_at = self.started.elapsed();
        let words = words(&outcome);
        self.printer.put(
            line,
            format!("Process {} finalized decision: {words}", process.name),
        )?;
        let status = self.reporting.wait(must, status_after(process, &outcome));
        let status = status.await.flatten();
        Ok(Finalized {
            process: process.name.clone(),
            port: process.address.port(),
            is_correct: is_correct(process, &outcome, status.as_ref()),
            asked: self.options.decisions.of(&process.name).to_owned(),
            outcome,
            time_taken,
            answered_at,
            view_before: process.status.as_ref().ok().map(view_left),
            status,
        })
    }

    async fn outcome(&self, process: &Process) -> Outcome {
        let call = FinalizeDecision {
            round: Some(self.number),
        };
        match process.call(call).await {
            Ok(decision) => Outcome::Decided(decision),
            Err(error) if error.is_unreachable() => {
                Outcome::Unreachable(error.is_away().then(|| cause(&error)))
            }
            Err(error) => Outcome::NoDecision(cause(&error)),
        }
    }
}

async fn status_after(process: &Process, outcome: &Outcome) -> Option<ProcessStatus> {
    if matches!(outcome, Outcome::Unreachable(_)) {
        return None;
    }
    let answer = process.call(Status::default()).await;
    answer.ok().and_then(StatusAnswer::into_process)
}

/// Whether a process must agree with the others. It need not if it does not answer, or says that it is faulty. Its answer at
/// the end counts, because it may have been too busy to answer at the start.
fn is_correct(process: &Process, outcome: &Outcome, status: Option<&ProcessStatus>) -> bool {
    match (outcome, status.or(process.status.as_ref().ok())) {
        (Outcome::Unreachable(_), _) => false,
        // The process may have been healed since.
        (Outcome::Decided(decision), _) if decision == "faulty" => false,
        (_, Some(status)) => status.fault == CORRECT,
        (_, None) => true,
    }
}

fn cannot_send(from: &str, to: &str, cause: &str) -> String {
    format!("{from} could not send to {to} ({cause})")
}

/// The last view that had started when the process reported its status.
const fn view_left(status: &ProcessStatus) -> u64 {
    if status.view_active {
        status.view
    } else {
        status.view.saturating_sub(1)
    }
}

/// The decision in `Q sent decision 'attack' to P`.
fn told(answer: &str, from: &str, to: &str) -> Option<String> {
    let rest = answer
        .strip_prefix(from)?
        .strip_prefix(" sent decision '")?;
    let decision = rest.strip_suffix(to)?.strip_suffix("' to ")?;
    Some(decision.to_owned())
}

fn is_decided(error: &CallError) -> bool {
    matches!(error, CallError::Fault(fault) if fault.code() == Fault::ROUND_DECIDED)
}

/// `attack`, `none (one ballot is missing)`, `unreachable`.
pub(super) fn words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Decided(decision) => decision.clone(),
        Outcome::NoDecision(cause) => format!("none ({cause})"),
        Outcome::Unreachable(None) => "unreachable".to_owned(),
        Outcome::Unreachable(Some(reason)) => format!("unreachable ({reason})"),
    }
}

/// The cause of an error, without the address: the line already names the process.
fn cause(error: &CallError) -> String {
    match error {
        CallError::Fault(fault) => fault.message().to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_read_from_the_answer_whatever_the_decision_holds() {
        assert_eq!(
            told("Q sent decision 'a' to P' to P", "Q", "P").as_deref(),
            Some("a' to P")
        );
        assert_eq!(told("P denied communication to Q", "P", "Q"), None);
        assert_eq!(told("P could not reach Q", "P", "Q"), None);
    }

    #[test]
    fn each_outcome_has_its_words() {
        assert_eq!(words(&Outcome::Unreachable(None)), "unreachable");
        let killed = Outcome::Unreachable(Some("killed by signal 9".into()));
        assert_eq!(words(&killed), "unreachable (killed by signal 9)");
        assert_eq!(words(&Outcome::Decided("attack".into())), "attack");
        let missing = Outcome::NoDecision("1 ballot is missing".into());
        assert_eq!(words(&missing), "none (1 ballot is missing)");
    }
}
