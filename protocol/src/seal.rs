//! Clients with a key of their own. Such a client signs its requests itself, so it is the same client at every process.
//! A process carries the request to the others, with a signature of its own around it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{ClientId, ClusterId, Sequence, Timestamp};
use crate::secret::SecretKey;

/// The signature of a client's own key. `docs/store.md` shows the signed bytes.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal(#[serde(with = "serde_bytes")] pub [u8; 64]);

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "{a:02x}{b:02x}{c:02x}{d:02x}")
    }
}

/// The first bytes of what a client signs. They prevent that the signature is used for anything else.
const DOMAIN: &[u8] = b"quorate client request\0";

/// What a client signs: 23 bytes of text, the cluster's id (32 bytes), the timestamp and the slot after which the request
/// executes (8 bytes each, the highest first), and the operation.
#[must_use]
pub fn sealed_bytes(
    cluster: ClusterId,
    timestamp: Timestamp,
    after: Sequence,
    operation: &[u8],
) -> Vec<u8> {
    let (timestamp, after) = (timestamp.0.to_be_bytes(), after.0.to_be_bytes());
    [DOMAIN, &cluster.0, &timestamp, &after, operation].concat()
}

/// A client's secret key.
pub struct ClientKey(SecretKey);

impl ClientKey {
    /// An Ed25519 key.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(SecretKey::new(secret))
    }

    /// A key for clusters with [`crate::Keys::simulated`].
    #[must_use]
    pub fn simulated(name: &str) -> Self {
        Self(SecretKey::simulated(&format!("client {name}")))
    }

    /// The public key, 32 bytes.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        self.0.public()
    }

    /// The client that has this key.
    #[must_use]
    pub fn client(&self) -> ClientId {
        ClientId::Key(self.public())
    }

    /// The signature of a request to this cluster.
    #[must_use]
    pub fn seal(
        &self,
        cluster: ClusterId,
        timestamp: Timestamp,
        after: Sequence,
        operation: &[u8],
    ) -> Seal {
        let bytes = sealed_bytes(cluster, timestamp, after, operation);
        Seal(self.0.sign(&bytes))
    }
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the secret key of {}", self.client())
    }
}
