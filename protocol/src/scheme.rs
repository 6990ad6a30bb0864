//! How signatures are made and checked: with Ed25519, or in simulations with a keyed hash.

use std::hash::{BuildHasher as _, Hasher as _};

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use foldhash::quality::FixedState;

use crate::digest::Digest;
use crate::id::ReplicaId;
use crate::misbehaviour::Misbehaviour;

/// What a replica signs with.
#[derive(Clone)]
pub(crate) enum Secret {
    /// For real signatures.
    Ed25519(Box<SigningKey>),
    /// For simulations only.
    Keyed(Digest),
}

impl Secret {
    /// Signs with this replica's key.
    pub(crate) fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        match self {
            Self::Ed25519(secret) => secret.sign(bytes).to_bytes(),
            Self::Keyed(own) => tag(own, bytes),
        }
    }

    /// How what it signs is hashed.
    pub(crate) const fn hash(&self) -> Hash {
        match self {
            Self::Ed25519(_) => Hash::Sha256,
            Self::Keyed(_) => Hash::Quick,
        }
    }
}

/// How values that share a signature are hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    /// With SHA-256.
    Sha256,
    /// For simulations only: with a hash that is fast, and that whoever wants to can break. Nobody there wants to.
    Quick,
}

impl Hash {
    pub(crate) fn of(self, parts: &[&[u8]]) -> Digest {
        match self {
            Self::Sha256 => Digest::of(parts),
            Self::Quick => quick(parts),
        }
    }
}

/// A fast hash, twice: 16 bytes that differ for different parts. The other bytes are 0.
fn quick(parts: &[&[u8]]) -> Digest {
    let mut digest = [0; 32];
    let (halves, _) = digest.as_chunks_mut::<8>();
    for (seed, half) in (0..2).zip(halves) {
        let mut hasher = FixedState::with_seed(seed).build_hasher();
        for part in parts {
            hasher.write_usize(part.len());
            hasher.write(part);
        }
        *half = hasher.finish().to_le_bytes();
    }
    Digest(digest)
}

/// What is needed to check the signatures of all replicas, in index order.
#[derive(Clone)]
pub(crate) enum Scheme {
    /// Real signatures. `None`: the key is not known yet.
    Ed25519(Vec<Option<VerifyingKey>>),
    /// For simulations only. Everyone who can check could also sign for others. But [`crate::Keys`] signs only for its
    /// owner, so nobody forges within one program.
    Keyed(Vec<Digest>),
}

impl Scheme {
    /// The number of replicas.
    pub(crate) fn n(&self) -> usize {
        match self {
            Self::Ed25519(public) => public.len(),
            Self::Keyed(all) => all.len(),
        }
    }

    /// The keys of all replicas, in index order: 32 bytes each, none where a key is not known. Those of a keyed hash are secret,
    /// and good for one program only.
    pub(crate) fn public(&self) -> Vec<[u8; 32]> {
        match self {
            Self::Ed25519(public) => public
                .iter()
                .map(|key| key.map_or([0; 32], |key| key.to_bytes()))
                .collect(),
            Self::Keyed(all) => all.iter().map(|key| key.0).collect(),
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
            Self::Ed25519(public) => {
                let signature = ed25519_dalek::Signature::from_bytes(signature);
                // Strict, because every correct replica must come to the same verdict on the same bytes.
                let key = public.get(index).and_then(Option::as_ref).ok_or(unknown)?;
                key.verify_strict(bytes, &signature).is_ok()
            }
            Self::Keyed(all) => tag(all.get(index).ok_or(unknown)?, bytes) == *signature,
        };
        holds
            .then_some(())
            .ok_or(Misbehaviour::BadSignature { signer })
    }

    /// What this replica and another one both know, and nobody else: 32 bytes. `None` if the other one's key is not known.
    /// With Ed25519 it is the X25519 agreement of the same two keys.
    pub(crate) fn agree_with(&self, own: &Secret, other: ReplicaId) -> Option<[u8; 32]> {
        let index = other.0 as usize;
        match (self, own) {
            (Self::Ed25519(public), Secret::Ed25519(secret)) => {
                let point = public.get(index)?.as_ref()?.to_montgomery();
                Some(point.mul_clamped(secret.to_scalar_bytes()).to_bytes())
            }
            (Self::Keyed(all), Secret::Keyed(own)) => {
                let other = all.get(index)?;
                let (first, second) = (own.min(other), own.max(other));
                Some(Digest::of(&[&first.0, &second.0]).0)
            }
            _ => None,
        }
    }

    /// Whether a check costs more than to remember its result. A keyed hash does not.
    pub(crate) const fn is_costly(&self) -> bool {
        matches!(self, Self::Ed25519(_))
    }
}

fn tag(key: &Digest, bytes: &[u8]) -> [u8; 64] {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&quick(&[b"simulated", &key.0, bytes]).0);
    signature
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::VerifyingKey;

    use super::Scheme;
    use crate::id::ReplicaId;

    /// The points of small order, in all their encodings: Chalkias, Garillot and Nikolaenko, "Taming the Many EdDSAs" (2020),
    /// table 6. The first byte, those between, and the last; then the four points of order 8.
    fn small_order() -> Vec<[u8; 32]> {
        let round = |(first, middle, last): (u8, u8, u8)| {
            let mut point = [middle; 32];
            (point[0], point[31]) = (first, last);
            point
        };
        let of_order_8 = |text: &str, last: u8| {
            let mut point = [0; 32];
            base16ct::lower::decode(text, &mut point).unwrap();
            point[31] = last;
            point
        };
        let a = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05";
        let b = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a";
        let signs = [
            (1, 0, 0),
            (0, 0, 0),
            (0xec, 0xff, 0x7f),
            (0xed, 0xff, 0x7f),
            (0xee, 0xff, 0x7f),
        ];
        let with_sign =
            |(first, middle, last)| [(first, middle, last), (first, middle, last | 0x80)];
        let eight = [
            of_order_8(a, 0x05),
            of_order_8(a, 0x85),
            of_order_8(b, 0x7a),
            of_order_8(b, 0xfa),
        ];
        signs
            .into_iter()
            .flat_map(with_sign)
            .map(round)
            .chain(eight)
            .collect()
    }

    #[test]
    fn no_key_and_no_signature_of_small_order_holds_for_anything() {
        let points = small_order();
        assert_eq!(points.len(), 14);
        let mut taken = 0;
        for key in points
            .iter()
            .filter_map(|point| VerifyingKey::from_bytes(point).ok())
        {
            let scheme = Scheme::Ed25519(vec![Some(key)]);
            for (point, message) in points
                .iter()
                .flat_map(|point| (0..16_u8).map(move |m| (point, [m])))
            {
                let mut signature = [0; 64];
                signature[..32].copy_from_slice(point);
                assert!(scheme.verify(ReplicaId(0), &message, &signature).is_err());
                // Without the strict check some of them hold, for every message.
                let lax = ed25519_dalek::Signature::from_bytes(&signature);
                taken += u32::from(ed25519_dalek::Verifier::verify(&key, &message, &lax).is_ok());
            }
        }
        assert!(taken > 0, "the plain check takes some of them");
    }
}
