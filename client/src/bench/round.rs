//! One round of a measurement: all sends at once, then all decisions at once.

use std::fmt;

use futures_util::future::{join_all, try_join_all};
use quorate_wire::method::{FinalizeDecision, SendMessage};

use crate::exit::Exit;
use crate::target::{Process, Target};

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
    /// Correct processes decided differently.
    Disagree { round: u64, decisions: Vec<String> },
}

impl Failed {
    /// The exit status that says so.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::NoDecision { .. } => Exit::NoDecision,
            Self::Disagree { .. } => Exit::Disagree,
        }
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
            Self::Disagree { round, decisions } => {
                write!(
                    formatter,
                    "the correct processes disagree in round {round}: {}",
                    decisions.join(", ")
                )
            }
        }
    }
}

/// Runs one round; every correct process must decide it alike.
pub(crate) async fn run(target: &Target, round: u64) -> Result<(), Failed> {
    join_all(
        target
            .processes
            .iter()
            .filter(|from| from.is_reachable())
            .map(|from| send(target, from, round)),
    )
    .await;
    let correct = target
        .processes
        .iter()
        .filter(|process| process.is_correct());
    let decisions = try_join_all(correct.map(|process| finalize(process, round))).await?;
    if decisions.windows(2).any(|pair| pair[0] != pair[1]) {
        return Err(Failed::Disagree { round, decisions });
    }
    Ok(())
}

/// One process's votes. A send that fails shows in the decision, or does not matter.
async fn send(target: &Target, from: &Process, round: u64) {
    let recipients = target.processes.iter().filter(|to| to.name != from.name);
    let calls = recipients.map(|to| {
        let call = SendMessage {
            recipient: to.name.clone(),
            decision: DECISION.to_owned(),
            round: Some(round),
        };
        from.call(call)
    });
    join_all(calls).await;
}

async fn finalize(process: &Process, round: u64) -> Result<String, Failed> {
    let call = FinalizeDecision { round: Some(round) };
    let decision = process.call(call).await;
    decision.map_err(|error| Failed::NoDecision {
        process: process.name.clone(),
        round,
        cause: error.to_string(),
    })
}
