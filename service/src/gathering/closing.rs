//! The end of a phase. Replicas have no clock, so members say when they have waited long enough.

use std::collections::BTreeSet;
use std::fmt;

use quorate_protocol::{ReplicaId, Sequence};
use serde::{Deserialize, Serialize};

use super::word::Name;

/// What may be closed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Phase {
    /// The offers of the epoch.
    Offers,
    /// The sealed bids for a lot.
    Bids(Name),
    /// The reveals of the bids for a lot.
    Reveals(Name),
    /// The ballots on a question.
    Ballots(Name),
    /// The results of a job.
    Results(Name),
    /// The epoch itself. The next one begins with new offers.
    Epoch,
}

/// The words after `close`.
impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offers => f.write_str("offers"),
            Self::Bids(lot) => write!(f, "bids {lot}"),
            Self::Reveals(lot) => write!(f, "reveals {lot}"),
            Self::Ballots(question) => write!(f, "ballots {question}"),
            Self::Results(job) => write!(f, "results {job}"),
            Self::Epoch => f.write_str("epoch"),
        }
    }
}

/// Who wants a phase closed, and whether it is. It is closed once f+1 members have asked: f liars cannot close it early, and f
/// silent members cannot keep it open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    asked: BTreeSet<ReplicaId>,
    at: Option<Sequence>,
}

/// What a member's wish to close a phase has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// It counts, and more members must ask.
    Counted,
    /// The member had asked before, or the phase was closed.
    Again,
    /// It closed the phase.
    Closed,
}

impl Closing {
    /// The slot in which the phase was closed.
    #[must_use]
    pub const fn at(&self) -> Option<Sequence> {
        self.at
    }

    /// Who has asked, in time.
    #[must_use]
    pub const fn asked(&self) -> &BTreeSet<ReplicaId> {
        &self.asked
    }

    /// A member asks in this slot. `enough` distinct members close the phase.
    pub(super) fn ask(&mut self, member: ReplicaId, slot: Sequence, enough: usize) -> Asked {
        if self.at.is_some() || !self.asked.insert(member) {
            return Asked::Again;
        }
        if self.asked.len() < enough {
            return Asked::Counted;
        }
        self.at = Some(slot);
        Asked::Closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinct_members_close_a_phase_and_one_that_asks_again_does_not() {
        let mut closing = Closing::default();
        let mut ask = |member, slot| closing.ask(ReplicaId(member), Sequence(slot), 2);
        assert_eq!(ask(3, 5), Asked::Counted);
        assert_eq!(ask(3, 6), Asked::Again);
        assert_eq!(ask(0, 7), Asked::Closed);
        assert_eq!(ask(1, 8), Asked::Again);
        assert_eq!(closing.at(), Some(Sequence(7)));
        assert_eq!(closing.asked().len(), 2);
    }
}
