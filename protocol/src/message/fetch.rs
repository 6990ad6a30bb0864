use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::signature::Signable;

/// Asks for the body with this digest (rule 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetch {
    /// D(m) of the missing body.
    pub digest: Digest,
}

impl Signable for Fetch {
    const DOMAIN: &'static str = "fetch";
}
