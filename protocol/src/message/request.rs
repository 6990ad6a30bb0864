use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{ClientId, ClusterId, Sequence, Timestamp};
use crate::seal::{ClientKey, Seal};
use crate::signature::Signable;

/// REQUEST(o,t,c): client c asks for operation o (C4.1). The process that speaks for the client signs it. A client with
/// a key has also signed it itself: the process then only carries it (rule 26).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// c.
    pub client: ClientId,
    /// t, greater than the timestamp of the client's previous request.
    pub timestamp: Timestamp,
    /// A slot that had executed where the request was signed. The request executes only in a later slot, and only as long as
    /// the replicas remember every client whose request executed since (rule 27). So a request of a forgotten client does not
    /// execute twice.
    pub after: Sequence,
    /// o, in bytes that only the service understands.
    #[serde(with = "serde_bytes")]
    pub operation: Vec<u8>,
    /// The signature of the client's own key. Clients without a key have none.
    pub seal: Option<Box<Seal>>,
}

impl Request {
    /// A request of a client without a key, signed before any slot has executed.
    #[must_use]
    pub const fn new(client: ClientId, timestamp: Timestamp, operation: Vec<u8>) -> Self {
        Self {
            client,
            timestamp,
            after: Sequence(0),
            operation,
            seal: None,
        }
    }

    /// The same request, signed where this slot had executed.
    #[must_use]
    pub fn after(self, after: Sequence) -> Self {
        Self { after, ..self }
    }

    /// The digest of what is asked. The same request has the same digest whichever process carries it, and however often
    /// its client signs it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let (kind, name): (&[u8], &[u8]) = match &self.client {
            ClientId::Session { number, .. } => (b"session", &number.to_le_bytes()),
            ClientId::Named { name, .. } => (b"named", name),
            ClientId::Key(key) => (b"key", key),
        };
        let speaker = self.client.speaker().map_or(0, |process| process.0);
        Digest::of(&[
            b"request",
            kind,
            &speaker.to_le_bytes(),
            name,
            &self.timestamp.0.to_le_bytes(),
            &self.operation,
        ])
    }
}

impl ClientKey {
    /// A request to this cluster, signed before any slot has executed. Every process may carry it.
    #[must_use]
    pub fn request(&self, cluster: ClusterId, timestamp: Timestamp, operation: Vec<u8>) -> Request {
        let after = Sequence(0);
        Request {
            client: self.client(),
            timestamp,
            after,
            seal: Some(Box::new(self.seal(cluster, timestamp, after, &operation))),
            operation,
        }
    }
}

impl Signable for Request {
    const DOMAIN: &'static str = "request";
    const BY_CLIENT: bool = true;
}
