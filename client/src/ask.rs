//! Asks a correct process. If the process is slow, says so, and asks the next process too if that does no harm.

use std::time::Duration;

use anyhow::Context;
use futures_util::stream::{FuturesUnordered, StreamExt};
use quorate_wire::{CallError, Method};
use tokio::time::sleep;

use crate::render::progress::Waiting;
use crate::target::{EXCUSES, Process, Target};

/// How long the processes that were asked may be silent before the next one is asked.
const PATIENCE: Duration = Duration::from_secs(1);

/// Why nothing can be asked.
pub(crate) const NO_CORRECT_ANSWER: &str =
    "no correct process answers: start `server` with fewer --faulty";

/// How many processes may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whom {
    /// Only the first correct process. The operation would execute once for each process that is asked.
    One,
    /// One process after the other, until one answers.
    Any,
}

/// The process that answered first, and its answer.
///
/// # Errors
/// No correct process can be asked.
pub(crate) async fn ask<'a, M: Method + Clone>(
    target: &'a Target,
    method: M,
    whom: Whom,
) -> anyhow::Result<(&'a Process, Result<M::Answer, CallError>)> {
    let most = match whom {
        Whom::One => 1,
        Whom::Any => usize::MAX,
    };
    let mut others = target.correct().take(most);
    let first = others.next().context(NO_CORRECT_ANSWER)?;
    let call = |process: &'a Process| {
        let method = method.clone();
        async move { (process, process.call(method).await) }
    };
    let waiting = Waiting::new()?;
    let mut calls = FuturesUnordered::from_iter([call(first)]);
    let mut asked = first.name.clone();
    let mut failed = None;
    loop {
        tokio::select! {
            Some((process, answer)) = calls.next() => match answer {
                Err(error) if is_of_one_process(&error) => {
                    failed.get_or_insert((process, error));
                }
                answer => return Ok((process, answer)),
            },
            () = sleep(PATIENCE) => {}
        }
        if let Some(next) = others.next() {
            calls.push(call(next));
            asked = format!("{asked}, {}", next.name);
        }
        match failed.take_if(|_| calls.is_empty()) {
            Some((process, error)) => return Ok((process, Err(error))),
            None => waiting.say(format!("no answer yet to {} from {asked}", M::NAME)),
        }
    }
}

/// Whether another process may still answer. If one process waited in vain for a quorum, no other can have one.
fn is_of_one_process(error: &CallError) -> bool {
    match error {
        CallError::Unreachable { .. } => true,
        CallError::Fault(fault) => EXCUSES.contains(&fault.code()),
        CallError::TimedOut { .. } | CallError::BadAnswer { .. } => false,
    }
}
