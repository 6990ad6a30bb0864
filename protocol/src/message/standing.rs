use serde::{Deserialize, Serialize};

use crate::id::{Sequence, View};
use crate::signature::Signable;

/// How far the sender is, so that the others send again what it lacks (rule 17).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
