use serde::{Deserialize, Serialize};

use crate::id::View;
use crate::message::Checkpoint;
use crate::signature::{Signable, Signed};

/// The sender's last stable checkpoint, for a replica that is behind it. The sender no longer has the slots at or below
/// it (rule 8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stable {
    /// 2f+1 matching CHECKPOINTs.
    pub proof: Vec<Signed<Checkpoint>>,
    /// The answer to a replica that has lost its memory; otherwise `None`.
    pub recall: Option<Recall>,
}

/// What a replica tells one that has lost its memory (rule 23).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recall {
    /// The life of the replica that asks. An answer to an earlier life may be too old.
    #[serde(with = "postcard::fixint::le")]
    pub life: u64,
    /// The highest view that the sender is in, asks for, or may have asked for in an earlier life.
    pub view: View,
}

impl Signable for Stable {
    const DOMAIN: &'static str = "stable";
}
