//! Equal state: at the end of a run, correct processes that have executed the same slots have the same state.
//!
//! CHECKPOINTs show this for some slots while the run lasts. What was executed after the last of them, and what was taken
//! over from others, is compared here.

use std::collections::BTreeMap;

use quorate_protocol::{Digest, ReplicaId, Sequence};

use crate::process::Process;

/// The rule.
pub const RULE: &str = "rules 5, 6 and 8: correct processes that have executed the same slots have equal reply tables, and \
     equal rounds, ledgers and stores";

/// Two correct processes have executed the same slots, and differ.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("after slot {} the {what} of {first} differs from that of {second}", super::slot(*.sequence))]
pub struct StatesDiffer {
    /// The last slot that they have executed.
    pub sequence: Sequence,
    /// What differs.
    pub what: &'static str,
    /// The one.
    pub first: ReplicaId,
    /// The other.
    pub second: ReplicaId,
}

/// What a process has after its last slot.
struct State {
    of: ReplicaId,
    replies: Vec<Digest>,
    service: Vec<Digest>,
}

/// Compares the states of the correct processes.
///
/// # Errors
/// Two that have executed the same slots differ.
pub fn check(correct: &[&Process]) -> Result<(), StatesDiffer> {
    let mut states: BTreeMap<Sequence, State> = BTreeMap::new();
    for process in correct {
        let sequence = process.status().executed;
        let state = State {
            of: process.own(),
            replies: process.reply_table(),
            service: process.service_state(),
        };
        let Some(first) = states.get(&sequence) else {
            states.insert(sequence, state);
            continue;
        };
        if let Some(what) = difference(first, &state) {
            return Err(StatesDiffer {
                sequence,
                what,
                first: first.of,
                second: state.of,
            });
        }
    }
    Ok(())
}

fn difference(first: &State, second: &State) -> Option<&'static str> {
    if first.replies != second.replies {
        Some("reply table")
    } else if first.service != second.service {
        Some("service's state")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use quorate_protocol::{Digest, ReplicaId};

    use super::{State, check, difference};
    use crate::plan::{Choice, Plan};
    use crate::world::places;

    #[test]
    fn another_reply_table_and_another_store_after_equal_slots_are_found() {
        let state = |replies: &[u8], service: &[u8]| State {
            of: ReplicaId(0),
            replies: vec![Digest::of(&[replies])],
            service: vec![Digest::of(&[service])],
        };
        let first = state(b"a", b"b");
        assert_eq!(difference(&first, &state(b"a", b"b")), None);
        assert_eq!(difference(&first, &state(b"x", b"b")), Some("reply table"));
        assert_eq!(
            difference(&first, &state(b"a", b"x")),
            Some("service's state")
        );
        let processes = places::processes(&Plan::generate(1, &Choice::default()));
        let correct: Vec<_> = processes.iter().collect();
        assert_eq!(check(&correct), Ok(()), "no slot, no difference");
    }
}
