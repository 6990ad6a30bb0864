//! One round's replicated record.

use quorate_protocol::{ReplicaId, Sequence};
use serde::{Deserialize, Serialize};

/// A ballot that executed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedBallot {
    /// Whose.
    pub process: ReplicaId,
    /// The slot in which it executed.
    pub sequence: Sequence,
    /// Its value.
    pub decision: String,
}

/// What has executed of a round.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// The slot of the first Close.
    pub closed_at: Option<Sequence>,
    /// The ballots, one per process, in execution order, up to the one that decided.
    pub ballots: Vec<CountedBallot>,
    /// What was decided.
    pub decision: Option<String>,
}
