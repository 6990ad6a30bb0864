//! Progress: once all is healed, every request is answered, every round decided, and no process stays behind. What one can prove, all can.

use std::collections::BTreeSet;

use quorate_protocol::evidence::Kind;
use quorate_protocol::{ReplicaId, Sequence};

use crate::process::Process;

/// The rule.
pub const RULE: &str = "rules 14 to 17 and 24: once the network has healed, every correct process gets its answers, and the proofs of the others, in \
     bounded time";

/// A correct process still waits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undone {
    /// For the answer to a request.
    #[error("{by} has no answer to {request}")]
    Unanswered {
        /// Who.
        by: ReplicaId,
        /// The request, in words.
        request: String,
    },
    /// For what its gathering does.
    #[error("the gathering of {by} waits: {waits}")]
    Gathering {
        /// Whose.
        by: ReplicaId,
        /// What for, in words.
        waits: String,
    },
    /// For the decision of a round.
    #[error("round {round} is not decided at {by}")]
    Undecided {
        /// Where.
        by: ReplicaId,
        /// Which.
        round: u64,
    },
    /// For the time when it votes again, after it has lost its memory.
    #[error("{by} has lost its memory and does not vote yet")]
    Mute {
        /// Who.
        by: ReplicaId,
    },
    /// For a proof that another one has.
    #[error("{by} does not know the proof {kind} against {accused} that others have")]
    Unproved {
        /// Who.
        by: ReplicaId,
        /// Who is proved faulty.
        accused: ReplicaId,
        /// The kind of the proof.
        kind: Kind,
    },
    /// For slots that others have executed.
    #[error("{by} has executed up to slot {}, others up to slot {}", super::slot(*.executed), super::slot(*.others))]
    Behind {
        /// Who.
        by: ReplicaId,
        /// The last slot that it has executed.
        executed: Sequence,
        /// The last slot that another process has executed.
        others: Sequence,
    },
}

/// The last slot that some correct process has executed.
#[must_use]
pub fn reached(correct: &[&Process]) -> Sequence {
    let executed = correct.iter().map(|one| one.status().executed);
    executed.max().unwrap_or_default()
}

/// Checks that nothing is left to do at the correct processes; `rounds` is how many rounds there are. `others` is the last
/// slot that one of them had executed a moment ago: where requests never end, somebody is always a step behind.
///
/// # Errors
/// The first thing that is left to do.
pub fn check(correct: &[&Process], rounds: u64, others: Sequence) -> Result<(), Undone> {
    let proofs: BTreeSet<_> = correct.iter().flat_map(|one| one.proofs()).collect();
    for process in correct {
        let by = process.own();
        if let Some(request) = process.waits_for() {
            return Err(Undone::Unanswered { by, request });
        }
        if let Some(round) =
            (1..=rounds).find(|round| process.exchange().decision(*round).is_none())
        {
            return Err(Undone::Undecided { by, round });
        }
        if let Some(waits) = process.gathers_still() {
            return Err(Undone::Gathering { by, waits });
        }
        if !process.votes() {
            return Err(Undone::Mute { by });
        }
        let known: BTreeSet<_> = process.proofs().collect();
        if let Some((accused, kind)) = proofs.difference(&known).next().copied() {
            return Err(Undone::Unproved { by, accused, kind });
        }
        let executed = process.status().executed;
        if executed < others {
            return Err(Undone::Behind {
                by,
                executed,
                others,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Undone, check, reached};
    use crate::plan::{Choice, Plan};
    use crate::process::Process;
    use crate::world::places;
    use quorate_protocol::{ReplicaId, Sequence, Time};
    use quorate_service::Operation;

    #[test]
    fn what_is_asked_and_not_answered_and_not_decided_is_found() {
        let choice = Choice {
            processes: Some(4),
            ..Choice::default()
        };
        let plan = Plan::generate(1, &choice);
        let mut processes: Vec<Process> = places::processes(&plan);
        let checked = |processes: &[Process], rounds| {
            let correct: Vec<&Process> = processes.iter().collect();
            check(&correct, rounds, reached(&correct))
        };
        assert_eq!(checked(&processes, 0), Ok(()));
        let (by, round) = (ReplicaId(0), 1);
        assert_eq!(checked(&processes, 1), Err(Undone::Undecided { by, round }));
        processes[2].ask(Time(0), Operation::KeyValue("anything".to_owned()));
        assert_eq!(
            checked(&processes, 0).unwrap_err().to_string(),
            "R has no answer to 'anything' of R"
        );
        let behind = check(&processes.iter().collect::<Vec<_>>(), 0, Sequence(3));
        assert_eq!(
            behind.unwrap_err().to_string(),
            "P has executed up to slot 0, others up to slot 3"
        );
        let mut processes: Vec<Process> = places::processes(&plan);
        processes[1].call(Time(0), 0, "read x", None);
        assert_eq!(
            checked(&processes, 0).unwrap_err().to_string(),
            "Q has no answer to call 1 of the clients outside"
        );
    }
}
