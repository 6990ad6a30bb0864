use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::Sequence;
use crate::signature::Signable;

/// CHECKPOINT(n,d,i): replica i has executed up to n and has state d, the reply table included (C4.3, rule 8).
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
