use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{Sequence, View};
use crate::signature::Signable;

/// PREPARE(v,n,d,i): backup i has batch d and agrees to its slot (C4.2). The signer is i.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepare {
    /// v.
    pub view: View,
    /// n.
    pub sequence: Sequence,
    /// d.
    pub digest: Digest,
}

impl Signable for Prepare {
    const DOMAIN: &'static str = "prepare";
}
