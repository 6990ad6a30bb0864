use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::message::Answer;
use crate::signature::Signable;

/// A read-only operation, sent to all replicas without ordering (C5.1, rule 20).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The number that the sender gave the query.
    #[serde(with = "postcard::fixint::le")]
    pub number: u64,
    /// The read-only operation.
    #[serde(with = "serde_bytes")]
    pub operation: Vec<u8>,
}

impl Query {
    /// The digest of the query, which its answers carry (rule 26).
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&[b"query", &self.number.to_le_bytes(), &self.operation])
    }

    /// The answer with this result.
    #[must_use]
    pub fn answer(&self, result: Vec<u8>) -> Answer {
        Answer {
            number: self.number,
            query: self.digest(),
            result,
        }
    }
}

impl Signable for Query {
    const DOMAIN: &'static str = "query";
}
