use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{Sequence, View};
use crate::signature::Signable;

/// PREPARE(v,n,d,i): a backup holds batch d and agrees to its slot (C4.2). i is the signer.
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
