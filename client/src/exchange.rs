//! The exchange of the seed: every process sends its decision to every other, then each one finalizes.

use std::time::{Duration, Instant};

use anyhow::ensure;
use futures_util::future::join_all;
use quorate_wire::CallError;
use quorate_wire::method::{FinalizeDecision, ProcessStatus, SendMessage, Status, StatusAnswer};

use crate::agreement::Agreement;
use crate::exit::Exit;
use crate::options::CheckedExchange;
use crate::render;
use crate::target::{CORRECT, Process, Target};

/// One send, and what came of it: `Q sent decision 'attack' to P`.
pub(crate) struct Message {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) text: String,
}

/// How one process's `finalize_decision` ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It answered; `faulty` if it is configured so.
    Decided(String),
    /// It answered that it could not decide, or not in time.
    NoDecision(String),
    /// It did not answer.
    Unreachable,
}

/// What one process finally decided.
pub(crate) struct Finalized {
    pub(crate) process: String,
    pub(crate) port: u16,
    pub(crate) is_correct: bool,
    pub(crate) outcome: Outcome,
    pub(crate) time_taken: Duration,
    /// What it said of itself afterwards.
    pub(crate) status: Option<ProcessStatus>,
}

/// A whole exchange.
pub(crate) struct Transcript {
    pub(crate) messages: Vec<Message>,
    pub(crate) finalized: Vec<Finalized>,
}

/// Runs the exchange and prints it.
pub(crate) async fn command(target: &Target, options: &CheckedExchange) -> anyhow::Result<Exit> {
    for name in options.decisions.names() {
        let exists = target.processes.iter().any(|process| process.name == name);
        ensure!(
            exists,
            "--decision {name}=...: process {name} does not take part; name one that does"
        );
    }
    let transcript = Transcript {
        messages: send_all(target, options).await,
        finalized: finalize_all(target).await,
    };
    let agreement = Agreement::of(&transcript.finalized);
    render::print(&transcript, &agreement, options.format)?;
    Ok(agreement.exit())
}

async fn send_all(target: &Target, options: &CheckedExchange) -> Vec<Message> {
    let senders = target.processes.iter();
    let messages = join_all(
        senders.map(|from| send_to_others(target, from, options.decisions.of(&from.name))),
    )
    .await;
    messages.into_iter().flatten().collect()
}

async fn send_to_others(target: &Target, from: &Process, decision: &str) -> Vec<Message> {
    let mut messages = Vec::new();
    for to in target.processes.iter().filter(|to| to.name != from.name) {
        let text = send(from, &to.name, decision).await;
        messages.push(Message {
            from: from.name.clone(),
            to: to.name.clone(),
            text,
        });
    }
    messages
}

async fn send(from: &Process, to: &str, decision: &str) -> String {
    let unreachable = || format!("{} could not be reached to send to {to}", from.name);
    if !from.is_reachable() {
        return unreachable();
    }
    let call = SendMessage {
        recipient: to.to_owned(),
        decision: decision.to_owned(),
        round: None,
    };
    match from.call(call).await {
        Ok(answer) => answer,
        Err(error) if error.is_unreachable() => unreachable(),
        Err(error) => format!("{} could not send to {to} ({})", from.name, cause(&error)),
    }
}

async fn finalize_all(target: &Target) -> Vec<Finalized> {
    join_all(target.processes.iter().map(finalize)).await
}

async fn finalize(process: &Process) -> Finalized {
    let started = Instant::now();
    let outcome = outcome(process).await;
    let time_taken = started.elapsed();
    let status = match outcome {
        Outcome::Unreachable => None,
        _ => {
            let answer = process.call(Status::default()).await;
            answer.ok().and_then(StatusAnswer::into_process)
        }
    };
    Finalized {
        process: process.name.clone(),
        port: process.address.port(),
        is_correct: is_correct(process, &outcome, status.as_ref()),
        outcome,
        time_taken,
        status,
    }
}

/// Whether a process must agree with the others. It need not if it is gone, or says that it is faulty; what it says in the
/// end counts, because it may have been too busy to say so at the start.
fn is_correct(process: &Process, outcome: &Outcome, status: Option<&ProcessStatus>) -> bool {
    match (outcome, status.or(process.status.as_ref().ok())) {
        (Outcome::Unreachable, _) => false,
        // It may have been healed since.
        (Outcome::Decided(decision), _) if decision == "faulty" => false,
        (_, Some(status)) => status.fault == CORRECT,
        (_, None) => true,
    }
}

async fn outcome(process: &Process) -> Outcome {
    match process.call(FinalizeDecision { round: None }).await {
        Ok(decision) => Outcome::Decided(decision),
        Err(error) if error.is_unreachable() => Outcome::Unreachable,
        Err(error) => Outcome::NoDecision(cause(&error)),
    }
}

/// What went wrong, without the address: the line names the process already.
fn cause(error: &CallError) -> String {
    match error {
        CallError::Fault(fault) => fault.message().to_owned(),
        other => other.to_string(),
    }
}
