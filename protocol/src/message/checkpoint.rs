use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::Sequence;
use crate::signature::Signable;

/// CHECKPOINT(n,d,i): replica i has executed all slots up to n, and its state has digest d. The state includes the
/// reply table (C4.3, rule 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// n, a multiple of K.
    pub sequence: Sequence,
    /// d.
    pub digest: Digest,
}

impl Signable for Checkpoint {
    const DOMAIN: &'static str = "checkpoint";
}
