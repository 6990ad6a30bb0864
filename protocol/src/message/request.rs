use serde::{Deserialize, Serialize};

use crate::id::{ClientId, Timestamp};
use crate::signature::Signable;

/// REQUEST(o,t,c): client c asks for operation o (C4.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// c.
    pub client: ClientId,
    /// t, greater than the timestamp of the client's previous request.
    pub timestamp: Timestamp,
    /// o, in bytes that only the service understands.
    #[serde(with = "serde_bytes")]
    pub operation: Vec<u8>,
}

impl Signable for Request {
    const DOMAIN: &'static str = "request";
}
