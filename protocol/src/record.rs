//! What a replica has on disk before it says anything that follows from it (rule 22).

use serde::{Deserialize, Serialize};

use crate::certificate::PreparedCertificate;
use crate::id::{Sequence, View};
use crate::message::{Batch, Checkpoint, PrePrepare, SignedMessage, ViewChange};
use crate::signature::Signed;
use crate::snapshot::Snapshot;

/// One entry of a replica's log on disk. [`crate::Replica::restore`] reads them back in the order in which they were
/// written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// The replica has agreed to a proposal, or made it.
    Accepted {
        /// The proposal.
        pre_prepare: Signed<PrePrepare>,
        /// Its body.
        batch: Batch,
    },
    /// A body that the replica agreed to in an older view: a certificate may name it.
    Body {
        /// The slot.
        sequence: Sequence,
        /// The body.
        batch: Batch,
    },
    /// A slot has executed: clients may have been told so, and must not read an older state here (rule 20).
    Executed(Sequence),
    /// A slot is prepared.
    Prepared(PreparedCertificate),
    /// The replica asks for another view.
    ViewChange(ViewChange),
    /// A view has started; the NEW-VIEW as it was sent.
    NewView(Box<SignedMessage>),
    /// The replica has lost what it had on disk, and must not vote (rule 23).
    Silent,
    /// It may vote again, in this view and later ones.
    VotesFrom(View),
    /// A checkpoint is stable: records of slots at or below it are of no more use.
    Stable {
        /// 2f+1 matching CHECKPOINTs.
        proof: Vec<Signed<Checkpoint>>,
        /// The state at the checkpoint.
        snapshot: Snapshot,
    },
}

impl Record {
    /// Whether older records can go: then [`crate::Replica::records`] is all that must be kept.
    #[must_use]
    pub const fn compacts(&self) -> bool {
        matches!(self, Self::Stable { .. })
    }
}
