use serde::{Deserialize, Serialize};

use crate::signature::Signable;

/// A read-only operation that goes straight to the replicas (C5.1, rule 20).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The asker's own number for it.
    pub number: u64,
    /// What to read.
    #[serde(with = "serde_bytes")]
    pub operation: Vec<u8>,
}

impl Signable for Query {
    const DOMAIN: &'static str = "query";
}

/// What a replica's state says to a query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The asker's number.
    pub number: u64,
    /// What was read.
    #[serde(with = "serde_bytes")]
    pub result: Vec<u8>,
}

impl Signable for Answer {
    const DOMAIN: &'static str = "answer";
}
