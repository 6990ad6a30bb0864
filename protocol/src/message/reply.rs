use serde::{Deserialize, Serialize};

use crate::id::{ClientId, Sequence, Timestamp, View};
use crate::signature::Signable;

/// What a replica has to say to the process that speaks for some clients: one signature for all that a slot brought them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replies {
    /// One per request.
    pub replies: Vec<Reply>,
}

impl Signable for Replies {
    const DOMAIN: &'static str = "replies";
}

/// REPLY(v,t,c,i,r) (C4.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// v, the sender's view; a hint that only several replies together make good (rule 21).
    pub view: View,
    /// c.
    pub client: ClientId,
    /// t.
    pub timestamp: Timestamp,
    /// Where the request executed.
    pub sequence: Sequence,
    /// r.
    #[serde(with = "serde_bytes")]
    pub result: Vec<u8>,
}
