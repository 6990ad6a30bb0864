use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{Sequence, View};
use crate::signature::Signable;

/// COMMIT(v,n,d,i): replica i has prepared batch d in slot n (C4.2). The signer is i.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// v.
    pub view: View,
    /// n.
    pub sequence: Sequence,
    /// d.
    pub digest: Digest,
}

impl Signable for Commit {
    const DOMAIN: &'static str = "commit";
}
