//! Clients with a key of their own. Such a client signs its requests itself, so it is the same client at every process.
//! A process carries the request to the others, with a signature of its own around it.

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{ClientId, ClusterId, Sequence, Timestamp};

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
pub struct ClientKey(Secret);

enum Secret {
    Ed25519(Box<SigningKey>),
    /// For simulations only: the public key, under which everybody could sign. Only the owner of this value does.
    Simulated([u8; 32]),
}

impl ClientKey {
    /// An Ed25519 key.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(Secret::Ed25519(Box::new(SigningKey::from_bytes(secret))))
    }

    /// A key for clusters with [`crate::Keys::simulated`].
    #[must_use]
    pub fn simulated(name: &str) -> Self {
        let Digest(public) = Digest::of(&[b"simulated client", name.as_bytes()]);
        Self(Secret::Simulated(public))
    }

    /// The public key, 32 bytes.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        match &self.0 {
            Secret::Ed25519(secret) => secret.verifying_key().to_bytes(),
            Secret::Simulated(public) => *public,
        }
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
        match &self.0 {
            Secret::Ed25519(secret) => Seal(secret.sign(&bytes).to_bytes()),
            Secret::Simulated(public) => simulated_seal(public, &bytes),
        }
    }
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the secret key of {}", self.client())
    }
}

/// Whether the Ed25519 signature holds. Strict, because every correct replica must come to the same verdict.
pub(crate) fn ed25519_holds(public: &[u8; 32], bytes: &[u8], seal: &Seal) -> bool {
    VerifyingKey::from_bytes(public).is_ok_and(|key| {
        key.verify_strict(bytes, &Signature::from_bytes(&seal.0))
            .is_ok()
    })
}

/// The same for a simulated key.
pub(crate) fn simulated_holds(public: &[u8; 32], bytes: &[u8], seal: &Seal) -> bool {
    simulated_seal(public, bytes) == *seal
}

fn simulated_seal(public: &[u8; 32], bytes: &[u8]) -> Seal {
    let mut seal = [0; 64];
    seal[..32].copy_from_slice(&Digest::of(&[b"simulated seal", public, bytes]).0);
    Seal(seal)
}
