use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{Sequence, View};
use crate::signature::Signable;

/// COMMIT(v,n,d,i): a replica has prepared batch d and agrees to execute it (C4.2). i is the signer.
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
