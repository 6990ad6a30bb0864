//! The records that a replica has on disk before it sends anything that depends on them (rule 22).

use serde::{Deserialize, Serialize};

use crate::certificate::PreparedCertificate;
use crate::id::{Sequence, View};
use crate::message::{Batch, Checkpoint, PrePrepare, SignedMessage, ViewChange};
use crate::signature::Signed;
use crate::snapshot::Snapshot;

/// One entry of the log on disk. [`crate::Replica::restore`] reads the entries in the order in which they were written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// The replica has accepted a proposal, or made it.
    Accepted {
        /// The proposal.
        pre_prepare: Signed<PrePrepare>,
        /// Its body.
        batch: Batch,
    },
    /// A body that the replica accepted in an older view. A certificate may still name it.
    Body {
        /// The slot.
        sequence: Sequence,
        /// The batch.
        batch: Batch,
    },
    /// A slot has executed. Clients may know its results, so after a restart this replica must answer no query from an
    /// older state (rule 20).
    Executed(Sequence),
    /// A slot is prepared.
    Prepared(PreparedCertificate),
    /// The replica asks for another view.
    ViewChange(ViewChange),
    /// A view has started. This is its NEW-VIEW as it was sent.
    NewView(Box<SignedMessage>),
    /// The replica has lost its disk and must not vote (rule 23).
    Silent,
    /// The replica may vote again in this view and later ones.
    VotesFrom(View),
    /// A checkpoint is stable. Records of slots at or below it are obsolete.
    Stable {
        /// 2f+1 matching CHECKPOINTs.
        proof: Vec<Signed<Checkpoint>>,
        /// The state at the checkpoint.
        snapshot: Snapshot,
    },
}

impl Record {
    /// Whether this record makes older ones obsolete. Then [`crate::Replica::records`] gives everything that must be
    /// kept.
    #[must_use]
    pub const fn compacts(&self) -> bool {
        matches!(self, Self::Stable { .. })
    }
}
