use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::Sequence;
use crate::signature::Signable;

/// Asks for the manifest, or for one part, of the state at a stable checkpoint (rule 19).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchState {
    /// n of the checkpoint.
    pub sequence: Sequence,
    /// The digest of the part. `None` asks for the manifest.
    pub part: Option<Digest>,
}

impl Signable for FetchState {
    const DOMAIN: &'static str = "fetch-state";
}
