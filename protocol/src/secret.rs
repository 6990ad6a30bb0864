//! One secret key by itself, outside any list of replicas: a client's own, or a node's before it has a place in a cluster.

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::digest::Digest;

/// A secret key, and the way of signing that goes with it.
#[derive(Clone)]
pub struct SecretKey(Secret);

#[derive(Clone)]
enum Secret {
    Ed25519(Box<SigningKey>),
    /// For simulations only: the public key, under which everybody could sign. Only the owner of this value does.
    Simulated([u8; 32]),
}

impl SecretKey {
    /// An Ed25519 key.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(Secret::Ed25519(Box::new(SigningKey::from_bytes(secret))))
    }

    /// A key for simulations only. It signs with a keyed hash, which is much cheaper than Ed25519.
    #[must_use]
    pub fn simulated(name: &str) -> Self {
        let Digest(public) = Digest::of(&[b"simulated key", name.as_bytes()]);
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

    /// The signature of these bytes. The bytes must begin with what they are for, so that no signature is used for
    /// anything else.
    #[must_use]
    pub fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        match &self.0 {
            Secret::Ed25519(secret) => secret.sign(bytes).to_bytes(),
            Secret::Simulated(public) => simulated(public, bytes),
        }
    }

    /// Whether a signature holds that is made in the same way as this key's own.
    #[must_use]
    pub fn holds(&self, public: &[u8; 32], bytes: &[u8], signature: &[u8; 64]) -> bool {
        match &self.0 {
            Secret::Ed25519(_) => ed25519_holds(public, bytes, signature),
            Secret::Simulated(_) => simulated_holds(public, bytes, signature),
        }
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the secret key of {}", Digest(self.public()))
    }
}

/// Whether the Ed25519 signature holds. Strict, because every correct replica must come to the same verdict.
pub(crate) fn ed25519_holds(public: &[u8; 32], bytes: &[u8], signature: &[u8; 64]) -> bool {
    VerifyingKey::from_bytes(public).is_ok_and(|key| {
        key.verify_strict(bytes, &Signature::from_bytes(signature))
            .is_ok()
    })
}

/// The same for a simulated key.
pub(crate) fn simulated_holds(public: &[u8; 32], bytes: &[u8], signature: &[u8; 64]) -> bool {
    simulated(public, bytes) == *signature
}

fn simulated(public: &[u8; 32], bytes: &[u8]) -> [u8; 64] {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&Digest::of(&[b"simulated seal", public, bytes]).0);
    signature
}

#[cfg(test)]
mod tests {
    use super::SecretKey;

    #[test]
    fn a_signature_holds_for_its_key_and_bytes_only() {
        let real = [1, 2].map(|byte| SecretKey::new(&[byte; 32]));
        let simulated = ["p", "q"].map(SecretKey::simulated);
        for [key, other] in [real, simulated] {
            let signature = key.sign(b"bytes");
            assert!(other.holds(&key.public(), b"bytes", &signature));
            assert!(!other.holds(&key.public(), b"byte", &signature));
            assert!(!key.holds(&other.public(), b"bytes", &signature));
            assert!(!key.holds(&key.public(), b"bytes", &[0; 64]));
        }
    }
}
