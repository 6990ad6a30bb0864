use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{ClientId, Sequence, Timestamp, View};

/// REPLY(v,t,c,i,r) (C4.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// v, the sender's view. It is only a hint: a client trusts it when f+1 replies confirm it (rule 21).
    pub view: View,
    /// c.
    pub client: ClientId,
    /// t.
    pub timestamp: Timestamp,
    /// The digest of the request. A client takes no reply to another request than its own (rule 26).
    pub request: Digest,
    /// The slot in which the request executed.
    pub sequence: Sequence,
    /// r. `None`: the request has executed, but long ago, and its result is forgotten.
    #[serde(with = "serde_bytes")]
    pub result: Option<Vec<u8>>,
}
