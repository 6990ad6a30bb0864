//! How signatures are made and checked: with Ed25519, or in simulations with a keyed hash.

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};

use crate::digest::Digest;
use crate::id::ReplicaId;
use crate::misbehaviour::Misbehaviour;

/// What one replica needs to sign and to check.
#[derive(Clone)]
pub(crate) enum Scheme {
    /// Real signatures.
    Ed25519 {
        secret: Box<SigningKey>,
        /// The public keys by replica. `None`: the key is not known yet.
        public: Vec<Option<VerifyingKey>>,
    },
    /// For simulations only. Everyone who can check could also sign for others. But [`crate::Keys`] signs only for its
    /// owner, so nobody forges within one program.
    Keyed { own: Digest, all: Vec<Digest> },
}

impl Scheme {
    /// Signs with this replica's key.
    pub(crate) fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        match self {
            Self::Ed25519 { secret, .. } => secret.sign(bytes).to_bytes(),
            Self::Keyed { own, .. } => tag(own, bytes),
        }
    }

    /// Checks a signature.
    ///
    /// # Errors
    /// The signer is unknown, or the signature is not valid for these bytes.
    pub(crate) fn verify(
        &self,
        signer: ReplicaId,
        bytes: &[u8],
        signature: &[u8; 64],
    ) -> Result<(), Misbehaviour> {
        let index = signer.0 as usize;
        let unknown = Misbehaviour::UnknownSigner { signer };
        let holds = match self {
            Self::Ed25519 { public, .. } => {
                let signature = ed25519_dalek::Signature::from_bytes(signature);
                // Strict, because every correct replica must come to the same verdict on the same bytes.
                let key = public.get(index).and_then(Option::as_ref).ok_or(unknown)?;
                key.verify_strict(bytes, &signature).is_ok()
            }
            Self::Keyed { all, .. } => tag(all.get(index).ok_or(unknown)?, bytes) == *signature,
        };
        holds
            .then_some(())
            .ok_or(Misbehaviour::BadSignature { signer })
    }

    /// What this replica and another one both know, and nobody else: 32 bytes. `None` if the other one's key is not known.
    /// With Ed25519 it is the X25519 agreement of the same two keys.
    pub(crate) fn agree_with(&self, other: ReplicaId) -> Option<[u8; 32]> {
        let index = other.0 as usize;
        match self {
            Self::Ed25519 { secret, public } => {
                let point = public.get(index)?.as_ref()?.to_montgomery();
                Some(point.mul_clamped(secret.to_scalar_bytes()).to_bytes())
            }
            Self::Keyed { own, all } => {
                let other = all.get(index)?;
                let (first, second) = (own.min(other), own.max(other));
                Some(Digest::of(&[&first.0, &second.0]).0)
            }
        }
    }

    /// Whether a check costs more than to remember its result. A keyed hash does not.
    pub(crate) const fn is_costly(&self) -> bool {
        matches!(self, Self::Ed25519 { .. })
    }
}

fn tag(key: &Digest, bytes: &[u8]) -> [u8; 64] {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&Digest::of(&[b"simulated", &key.0, bytes]).0);
    signature
}
