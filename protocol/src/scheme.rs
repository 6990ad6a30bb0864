//! How signatures are made and checked: Ed25519, or in simulations a keyed hash.

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};

use crate::digest::Digest;
use crate::id::ReplicaId;
use crate::misbehaviour::Misbehaviour;

/// One replica's means to sign and to check.
pub(crate) enum Scheme {
    /// The real one.
    Ed25519 {
        secret: Box<SigningKey>,
        /// None for a key that is not known yet.
        public: Vec<Option<VerifyingKey>>,
    },
    /// For simulations only. Whoever can check can also sign as anyone, but [`crate::Keys`] signs as its owner only, so
    /// within one program nobody forges.
    Keyed { own: Digest, all: Vec<Digest> },
}

impl Scheme {
    /// The signature of this replica.
    pub(crate) fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        match self {
            Self::Ed25519 { secret, .. } => secret.sign(bytes).to_bytes(),
            Self::Keyed { own, .. } => tag(own, bytes),
        }
    }

    /// Checks a signature.
    ///
    /// # Errors
    /// The signer is unknown, or the signature is not its own over these bytes.
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
                // Strict: every correct replica must come to the same verdict on the same bytes.
                let key = public.get(index).and_then(Option::as_ref).ok_or(unknown)?;
                key.verify_strict(bytes, &signature).is_ok()
            }
            Self::Keyed { all, .. } => tag(all.get(index).ok_or(unknown)?, bytes) == *signature,
        };
        holds
            .then_some(())
            .ok_or(Misbehaviour::BadSignature { signer })
    }

    /// Whether a check costs more than remembering that it was made.
    pub(crate) const fn is_costly(&self) -> bool {
        matches!(self, Self::Ed25519 { .. })
    }
}

fn tag(key: &Digest, bytes: &[u8]) -> [u8; 64] {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&Digest::of(&[b"simulated", &key.0, bytes]).0);
    signature
}
