use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::evidence::Kind;
use crate::id::{ReplicaId, Sequence, View};
use crate::signature::Signable;

/// How far the sender is, so that the others send again what it lacks (rule 17).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Its current view, or the one that it asks for.
    pub view: View,
    /// Whether that view has started at the sender.
    pub active: bool,
    /// The last slot that it has executed.
    pub executed: Sequence,
    /// Its last stable checkpoint.
    pub stable: Sequence,
    /// What it remembers of its votes.
    pub memory: Memory,
    /// The proofs that it keeps.
    pub proved: Proved,
}

/// Which proofs a replica keeps: for each replica that is proved faulty, a bit for each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proved(BTreeMap<ReplicaId, u8>);

impl Proved {
    /// No proofs.
    #[must_use]
    pub const fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// How many replicas are proved faulty.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no replica is proved faulty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The replicas that are proved faulty.
    pub fn accused(&self) -> impl Iterator<Item = ReplicaId> {
        self.0.keys().copied()
    }

    /// Whether there is a proof of this kind against a replica.
    #[must_use]
    pub fn has(&self, accused: ReplicaId, kind: Kind) -> bool {
        self.0
            .get(&accused)
            .is_some_and(|kinds| kinds & bit(kind) != 0)
    }
}

impl FromIterator<(ReplicaId, Kind)> for Proved {
    fn from_iter<I: IntoIterator<Item = (ReplicaId, Kind)>>(proofs: I) -> Self {
        let mut proved = Self::none();
        for (accused, kind) in proofs {
            *proved.0.entry(accused).or_default() |= bit(kind);
        }
        proved
    }
}

const fn bit(kind: Kind) -> u8 {
    1 << kind as u8
}

/// What a replica remembers of the votes that it has sent (rule 23).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Memory {
    /// All that may matter in its current view.
    Whole,
    /// Nothing. It does not vote, and must still learn how far its earlier life got.
    Lost {
        /// The number of this life.
        #[serde(with = "postcard::fixint::le")]
        life: u64,
    },
    /// It has lost its memory, and votes from this view on.
    VotesFrom(View),
}

impl Signable for Standing {
    const DOMAIN: &'static str = "standing";
}
