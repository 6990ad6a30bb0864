//! Rounds of a measurement. In a round all processes send at the same time, then all finalize at the same time.

use std::cell::Cell;
use std::fmt;

use futures_util::future::{Either, join_all, select, try_join_all};
use quorate_wire::CallError;
use quorate_wire::method::{FinalizeDecision, SendMessage};

use crate::exit::{Exit, Failure};
use crate::target::{Process, Target};
use crate::verdict::{Judged, Outcome, Verdict};

const DECISION: &str = "attack";

/// Why a round does not count.
#[derive(Debug)]
pub(crate) enum Failed {
    /// A correct process did not decide.
    NoDecision {
        process: String,
        round: u64,
        cause: String,
    },
    /// Agreement or validity is broken.
    Broken { round: u64, verdict: Verdict },
    /// The processes refused calls, because there were too many at the same time.
    Overloaded { round: u64, cause: String },
}

impl Failed {
    /// The error that ends the command, with the exit status that says so.
    pub(crate) fn into_error(self) -> anyhow::Error {
        let exit = match self {
            Self::NoDecision { .. } => Exit::NoDecision,
            Self::Broken { .. } => Exit::Broken,
            Self::Overloaded { .. } => Exit::Usage,
        };
        Failure::new(exit, self.to_string()).into()
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDecision {
                process,
                round,
                cause,
            } => {
                write!(
                    formatter,
                    "process {process} did not decide round {round}: {cause}"
                )
            }
            Self::Broken { round, verdict } => {
                write!(
                    formatter,
                    "round {round}: {}; validity: {}",
                    verdict.agreement_fact(),
                    verdict.validity_fact()
                )
            }
            Self::Overloaded { round, cause } => {
                write!(
                    formatter,
                    "the processes are overloaded in round {round} ({cause}): use fewer --clients"
                )
            }
        }
    }
}

/// Rounds of the exchange, each with a number of its own.
pub(crate) struct Rounds<'a> {
    target: &'a Target,
    next: Cell<u64>,
}

impl<'a> Rounds<'a> {
    /// The rounds that no process has closed yet. An interrupted exchange may have left votes in them; the votes are sent again.
    pub(crate) fn new(target: &'a Target) -> Self {
        let rounds = target
            .processes
            .iter()
            .filter_map(|process| process.status.as_ref().ok());
        let last = rounds.map(|status| status.round.round).max();
        Self {
            target,
            next: Cell::new(last.unwrap_or(0) + 1),
        }
    }

    /// Runs the next round. All correct processes must decide the value that they sent.
    pub(crate) async fn run_next(&self) -> Result<(), Failed> {
        let round = self.next.get();
        self.next.set(round + 1);
        run(self.target, round).await
    }
}

async fn run(target: &Target, round: u64) -> Result<(), Failed> {
    let said = send_all(target, round).await?;
    let correct = target
        .processes
        .iter()
        .filter(|process| process.is_correct());
    let decisions = try_join_all(correct.clone().map(|process| finalize(process, round))).await?;
    let told = said.into_iter().all(|said| said);
    let judged = correct.zip(decisions).map(|(process, decision)| Judged {
        process: process.name.clone(),
        is_correct: true,
        asked: DECISION.to_owned(),
        told,
        outcome: Outcome::Decided(decision),
    });
    let verdict = Verdict::of(&judged.collect::<Vec<_>>(), false);
    match verdict.exit() {
        Exit::Agree => Ok(()),
        _ => Err(Failed::Broken { round, verdict }),
    }
}

/// Sends the votes of all processes. Does not wait for faulty ones: their calls go on without this client. Returns for each
/// correct process whether all its votes were sent.
async fn send_all(target: &Target, round: u64) -> Result<Vec<bool>, Failed> {
    let senders = target.processes.iter().filter(|from| from.is_reachable());
    let (correct, faulty): (Vec<_>, Vec<_>) = senders.partition(|from| from.is_correct());
    let send = |from| send(target, from, round);
    let correct = try_join_all(correct.into_iter().map(send));
    let faulty = join_all(faulty.into_iter().map(send));
    match select(correct, faulty).await {
        Either::Left((said, _)) => said,
        Either::Right((_, correct)) => correct.await,
    }
}

/// Sends one process's votes. Returns whether all were sent, which is not required of a faulty process. Fails if a call to a
/// correct process was refused because of overload: the round then does not count.
async fn send(target: &Target, from: &Process, round: u64) -> Result<bool, Failed> {
    let recipients = target.processes.iter().filter(|to| to.name != from.name);
    let calls = recipients.map(|to| {
        let call = SendMessage {
            recipient: to.name.clone(),
            decision: DECISION.to_owned(),
            round: Some(round),
        };
        from.call_lean(call)
    });
    let answers = join_all(calls).await;
    if !from.is_correct() {
        return Ok(true);
    }
    let failed: Vec<_> = answers.into_iter().filter_map(Result::err).collect();
    match failed.iter().find(|error| error.is_overload()) {
        Some(error) => Err(overloaded(round, error)),
        None => Ok(failed.is_empty()),
    }
}

async fn finalize(process: &Process, round: u64) -> Result<String, Failed> {
    let call = FinalizeDecision { round: Some(round) };
    let decision = process.call_lean(call).await;
    decision.map_err(|error| {
        if error.is_overload() {
            return overloaded(round, &error);
        }
        Failed::NoDecision {
            process: process.name.clone(),
            round,
            cause: error.to_string(),
        }
    })
}

fn overloaded(round: u64, error: &CallError) -> Failed {
    Failed::Overloaded {
        round,
        cause: error.to_string(),
    }
}
