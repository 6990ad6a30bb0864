use serde::{Deserialize, Serialize};

use crate::signature::Signable;

/// A read-only operation, sent to all replicas without ordering (C5.1, rule 20).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The number that the sender gave the query.
    pub number: u64,
    /// The read-only operation.
    #[serde(with = "serde_bytes")]
    pub operation: Vec<u8>,
}

impl Signable for Query {
    const DOMAIN: &'static str = "query";
}
