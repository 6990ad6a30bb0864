//! One round of a measurement: all sends at once, then all decisions at once.

use std::fmt;

use futures_util::future::{join_all, try_join_all};
use quorate_wire::CallError;
use quorate_wire::method::{FinalizeDecision, SendMessage};

use crate::exit::{Exit, Failure};
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
    /// There were more calls at once than the processes take.
    Overloaded { round: u64, cause: String },
}

impl Failed {
    /// The error that ends the command, with the exit status that says so.
    pub(crate) fn into_error(self) -> anyhow::Error {
        let exit = match self {
            Self::NoDecision { .. } => Exit::NoDecision,
            Self::Disagree { .. } => Exit::Disagree,
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
            Self::Disagree { round, decisions } => {
                write!(
                    formatter,
                    "the correct processes disagree in round {round}: {}",
                    decisions.join(", ")
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

/// Runs one round; every correct process must decide it alike.
pub(crate) async fn run(target: &Target, round: u64) -> Result<(), Failed> {
    let senders = target.processes.iter().filter(|from| from.is_reachable());
    try_join_all(senders.map(|from| send(target, from, round))).await?;
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

/// One process's votes. A send that fails shows in the decision, or does not matter; but without what a correct process
/// had no room for, the round is none that counts.
async fn send(target: &Target, from: &Process, round: u64) -> Result<(), Failed> {
    let recipients = target.processes.iter().filter(|to| to.name != from.name);
    let calls = recipients.map(|to| {
        let call = SendMessage {
            recipient: to.name.clone(),
            decision: DECISION.to_owned(),
            round: Some(round),
        };
        from.call(call)
    });
    for error in join_all(calls).await.into_iter().filter_map(Result::err) {
        if error.is_overload() && from.is_correct() {
            return Err(overloaded(round, &error));
        }
    }
    Ok(())
}

async fn finalize(process: &Process, round: u64) -> Result<String, Failed> {
    let call = FinalizeDecision { round: Some(round) };
    let decision = process.call(call).await;
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
