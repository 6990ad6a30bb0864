use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{Sequence, View};
use crate::signature::Signable;

/// PRE-PREPARE(v,n,d): the primary of view v proposes batch d for slot n (C4.2). The body travels beside it without a
/// signature of its own: it must have digest d.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrePrepare {
    /// v.
    pub view: View,
    /// n.
    pub sequence: Sequence,
    /// d.
    pub digest: Digest,
}

impl Signable for PrePrepare {
    const DOMAIN: &'static str = "pre-prepare";
}
