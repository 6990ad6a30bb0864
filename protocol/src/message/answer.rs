use serde::{Deserialize, Serialize};

use crate::signature::Signable;

/// A replica's answer to a query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The number of the query.
    pub number: u64,
    /// The result.
    #[serde(with = "serde_bytes")]
    pub result: Vec<u8>,
}

impl Signable for Answer {
    const DOMAIN: &'static str = "answer";
}
