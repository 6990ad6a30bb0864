use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::signature::Signable;

/// A replica's answer to a query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The number of the query.
    #[serde(with = "postcard::fixint::le")]
    pub number: u64,
    /// The digest of the query. Its sender takes no answer to another one (rule 26).
    pub query: Digest,
    /// The result.
    #[serde(with = "serde_bytes")]
    pub result: Vec<u8>,
}

impl Signable for Answer {
    const DOMAIN: &'static str = "answer";
}
