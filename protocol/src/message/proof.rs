use serde::{Deserialize, Serialize};

use super::evidence::Evidence;
use crate::signature::Signable;

/// A proof that a replica is faulty, for those who have not seen its lie (rule 24). Whoever sends it vouches for nothing: the
/// messages in it are signed by the accused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The proof.
    pub evidence: Evidence,
}

impl Signable for Proof {
    const DOMAIN: &'static str = "proof";
}
