//! Signatures over exact bytes, and the type that proves a signature was checked.

use std::cell::Cell;
use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use ed25519_dalek::{SigningKey, VerifyingKey};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::digest::Digest;
use crate::id::{ClusterId, ReplicaId};
use crate::misbehaviour::Misbehaviour;
use crate::mutant::Mutant;
use crate::scheme::Scheme;

/// A value that can be signed. `DOMAIN` prevents that a signature of one type is used for another type.
pub trait Signable: Serialize + DeserializeOwned {
    /// The name of the type, which the signature covers.
    const DOMAIN: &'static str;
    /// Whether it says what a client wants. A flood of those does not push other signatures out of memory.
    const BY_CLIENT: bool = false;
}

/// A value with its signature. The signature is checked over the bytes that were sent: nothing is encoded again. The
/// signature of a `Signed` may be false; see [`Verified`].
#[derive(Clone)]
pub struct Signed<T> {
    signer: ReplicaId,
    bytes: Arc<[u8]>,
    signature: [u8; 64],
    value: T,
}

/// The most bytes that a signature, its signer and the length of the value add to a value.
pub(crate) const ENVELOPE: usize = 5 + 5 + 65;

impl<T> Signed<T> {
    /// The most bytes that its encoding takes.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.bytes.len() + ENVELOPE
    }

    /// The replica that claims to have signed.
    #[must_use]
    pub const fn signer(&self) -> ReplicaId {
        self.signer
    }

    /// The value that the bytes encode.
    #[must_use]
    pub const fn value(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Signed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} signed by {}", self.value, self.signer)
    }
}

impl<T> PartialEq for Signed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.signer == other.signer
            && self.bytes == other.bytes
            && self.signature == other.signature
    }
}

impl<T> Eq for Signed<T> {}

#[derive(Serialize, Deserialize)]
struct OnTheWire<'a> {
    signer: ReplicaId,
    #[serde(borrow, with = "serde_bytes")]
    bytes: &'a [u8],
    #[serde(with = "serde_bytes")]
    signature: [u8; 64],
}

impl<T> Serialize for Signed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        OnTheWire {
            signer: self.signer,
            bytes: &self.bytes,
            signature: self.signature,
        }
        .serialize(serializer)
    }
}

impl<'de, T: Signable> Deserialize<'de> for Signed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = OnTheWire::deserialize(deserializer)?;
        let (value, rest) = postcard::take_from_bytes(wire.bytes).map_err(D::Error::custom)?;
        if !rest.is_empty() {
            return Err(D::Error::custom("a signed value has bytes after its end"));
        }
        Ok(Self {
            signer: wire.signer,
            bytes: wire.bytes.into(),
            signature: wire.signature,
            value,
        })
    }
}

/// A signed value with a valid signature. Only [`Keys`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified<T>(Signed<T>);

impl<T> Verified<T> {
    /// The signed value, to send on or to keep as a proof.
    #[must_use]
    pub const fn signed(&self) -> &Signed<T> {
        &self.0
    }

    /// The signed value, to send on or to keep as a proof.
    #[must_use]
    pub fn into_signed(self) -> Signed<T> {
        self.0
    }
}

impl<T> Deref for Verified<T> {
    type Target = Signed<T>;

    fn deref(&self) -> &Signed<T> {
        &self.0
    }
}

/// The most checked signatures that are remembered, of requests and of other messages each. A request that comes alone
/// and later in a batch is checked once, and so is a VIEW-CHANGE that comes again in a NEW-VIEW. A window has at most
/// 2048 PREPAREs and as many COMMITs, whatever n is, so those of more than three windows are remembered.
const REMEMBERED: usize = 16_384;

/// The signatures checked last.
#[derive(Clone, Debug, Default)]
struct Remembered {
    known: BTreeSet<Digest>,
    oldest_first: VecDeque<Digest>,
}

impl Remembered {
    fn add(&mut self, fingerprint: Digest) {
        if self.oldest_first.len() == REMEMBERED
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.known.insert(fingerprint);
        self.oldest_first.push_back(fingerprint);
    }
}

/// One replica's secret key, the public keys of all, and the cluster's id, which every signature covers (rule 1).
#[derive(Clone)]
pub struct Keys {
    own: ReplicaId,
    scheme: Scheme,
    cluster: ClusterId,
    signed: Cell<u64>,
    checked: u64,
    /// Whether it remembers what it has checked.
    remembers: bool,
    /// Of requests, and of their clients' own keys.
    requests: Remembered,
    /// Of all other messages. A flood of requests does not push them out.
    others: Remembered,
    #[cfg(feature = "mutants")]
    mutant: Option<Mutant>,
}

/// Bytes that are not an Ed25519 public key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the public key of {0} is not an Ed25519 key")]
pub struct BadPublicKey(pub ReplicaId);

impl Keys {
    /// The keys of replica `own`. `public` holds every replica's key in index order.
    ///
    /// # Errors
    /// A public key is not valid.
    pub fn new(
        own: ReplicaId,
        secret: [u8; 32],
        public: &[[u8; 32]],
        cluster: ClusterId,
    ) -> Result<Self, BadPublicKey> {
        let public = (0..)
            .zip(public)
            .map(|(index, key)| read_public(ReplicaId(index), key).map(Some))
            .collect::<Result<_, _>>()?;
        let secret = Box::new(SigningKey::from_bytes(&secret));
        Ok(Self::with(own, Scheme::Ed25519 { secret, public }, cluster))
    }

    /// The keys of replica `own` of `n`, without any other public key. Messages of other replicas are refused until
    /// [`Keys::learn`].
    #[must_use]
    pub fn alone(own: ReplicaId, secret: [u8; 32], n: u32, cluster: ClusterId) -> Self {
        let secret = SigningKey::from_bytes(&secret);
        let key = |index| (index == own.0).then(|| secret.verifying_key());
        let public = (0..n).map(key).collect();
        let secret = Box::new(secret);
        Self::with(own, Scheme::Ed25519 { secret, public }, cluster)
    }

    /// Adds a replica's public key. A known key is never replaced. All correct replicas must judge a certificate alike,
    /// so the caller must make sure that all learn the same keys.
    ///
    /// # Errors
    /// The public key is not valid.
    pub fn learn(&mut self, replica: ReplicaId, public_key: &[u8; 32]) -> Result<(), BadPublicKey> {
        let key = read_public(replica, public_key)?;
        if let Scheme::Ed25519 { public, .. } = &mut self.scheme
            && let Some(place) = public.get_mut(replica.0 as usize)
        {
            place.get_or_insert(key);
        }
        Ok(())
    }

    /// Keys for simulations only, for replica `own` of `n`. They use a keyed hash, which is much cheaper than Ed25519.
    /// All replicas of one simulation must have the same cluster id.
    #[must_use]
    pub fn simulated(own: ReplicaId, n: u32, cluster: ClusterId) -> Self {
        let key = |index: u32| Digest::of(&[b"key", &cluster.0, &index.to_le_bytes()]);
        let all = (0..n).map(key).collect();
        let own_key = key(own.0);
        Self::with(own, Scheme::Keyed { own: own_key, all }, cluster)
    }

    fn with(own: ReplicaId, scheme: Scheme, cluster: ClusterId) -> Self {
        Self {
            own,
            remembers: scheme.is_costly(),
            scheme,
            cluster,
            signed: Cell::new(0),
            checked: 0,
            requests: Remembered::default(),
            others: Remembered::default(),
            #[cfg(feature = "mutants")]
            mutant: None,
        }
    }

    /// These keys, which also remember what they have checked if they are simulated ones. Then they count as many checks as
    /// real keys.
    #[must_use]
    pub const fn that_remember(mut self) -> Self {
        self.remembers = true;
        self
    }

    /// These keys with a known bug.
    #[cfg(feature = "mutants")]
    #[must_use]
    pub const fn with_mutant(mut self, mutant: Option<Mutant>) -> Self {
        self.mutant = mutant;
        self
    }

    #[cfg(feature = "mutants")]
    pub(crate) fn is_mutant(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    #[cfg(not(feature = "mutants"))]
    #[expect(clippy::unused_self, reason = "as with the feature")]
    pub(crate) const fn is_mutant(&self, _mutant: Mutant) -> bool {
        false
    }

    /// The public key of a secret key.
    #[must_use]
    pub fn public_key(secret: &[u8; 32]) -> [u8; 32] {
        SigningKey::from_bytes(secret).verifying_key().to_bytes()
    }

    /// The replica that signs with these keys.
    #[must_use]
    pub const fn own(&self) -> ReplicaId {
        self.own
    }

    /// The cluster for which these keys sign.
    #[must_use]
    pub const fn cluster(&self) -> ClusterId {
        self.cluster
    }

    /// The number of values signed so far.
    #[must_use]
    pub const fn signed(&self) -> u64 {
        self.signed.get()
    }

    /// The number of signatures checked so far. Remembered ones are not counted.
    #[must_use]
    pub const fn checked(&self) -> u64 {
        self.checked
    }

    /// Signs a value. The result needs no check.
    ///
    /// # Panics
    /// Never: the types of the protocol can always be encoded in memory.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "encoding plain data into a growing buffer cannot fail"
    )]
    pub fn sign<T: Signable>(&self, value: T) -> Verified<T> {
        let bytes: Arc<[u8]> = postcard::to_stdvec(&value)
            .expect("plain data encodes")
            .into();
        let signature = self.scheme.sign(&self.signed_bytes::<T>(&bytes));
        self.signed.update(|count| count + 1);
        Verified(Signed {
            signer: self.own,
            bytes,
            signature,
            value,
        })
    }

    /// Checks a signature.
    ///
    /// # Errors
    /// The signer is unknown, or the signature is not valid under this cluster's id.
    pub fn verify<T: Signable>(&mut self, signed: Signed<T>) -> Result<Verified<T>, Misbehaviour> {
        self.check(&signed)?;
        Ok(Verified(signed))
    }

    /// Checks the signatures of a list. All must be valid.
    ///
    /// # Errors
    /// As for [`Keys::verify`].
    pub fn check_all<'a, T: Signable + 'a>(
        &mut self,
        signed: impl IntoIterator<Item = &'a Signed<T>>,
    ) -> Result<(), Misbehaviour> {
        signed.into_iter().try_for_each(|one| self.check(one))
    }

    fn check<T: Signable>(&mut self, signed: &Signed<T>) -> Result<(), Misbehaviour> {
        if self.is_mutant(Mutant::SignaturesNotChecked) {
            return Ok(());
        }
        let fingerprint = self.remembers.then(|| fingerprint(signed));
        let remembered = self.remembered::<T>();
        if fingerprint.is_some_and(|known| remembered.known.contains(&known)) {
            return Ok(());
        }
        let bytes = self.signed_bytes::<T>(&signed.bytes);
        self.scheme
            .verify(signed.signer, &bytes, &signed.signature)?;
        self.checked += 1;
        if let Some(fingerprint) = fingerprint {
            self.remembered::<T>().add(fingerprint);
        }
        Ok(())
    }

    pub(crate) const fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Whether the keys are those of a simulation.
    pub(crate) const fn are_simulated(&self) -> bool {
        !self.scheme.is_costly()
    }

    /// Checks a signature of a client's own key with `holds`, unless it is remembered.
    pub(crate) fn holds_by_key(
        &mut self,
        fingerprint: Digest,
        holds: impl FnOnce() -> bool,
    ) -> bool {
        if self.requests.known.contains(&fingerprint) {
            return true;
        }
        self.checked += 1;
        let holds = holds();
        if holds {
            self.requests.add(fingerprint);
        }
        holds
    }

    fn remembered<T: Signable>(&mut self) -> &mut Remembered {
        if T::BY_CLIENT {
            &mut self.requests
        } else {
            &mut self.others
        }
    }

    fn signed_bytes<T: Signable>(&self, bytes: &[u8]) -> Vec<u8> {
        let mut all = Vec::with_capacity(T::DOMAIN.len() + 1 + 32 + bytes.len());
        all.extend_from_slice(T::DOMAIN.as_bytes());
        all.push(0);
        all.extend_from_slice(&self.cluster.0);
        all.extend_from_slice(bytes);
        all
    }
}

fn fingerprint<T: Signable>(signed: &Signed<T>) -> Digest {
    Digest::of(&[
        T::DOMAIN.as_bytes(),
        &signed.signer.0.to_le_bytes(),
        &signed.bytes,
        &signed.signature,
    ])
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "keys of {}", self.own)
    }
}

fn read_public(replica: ReplicaId, key: &[u8; 32]) -> Result<VerifyingKey, BadPublicKey> {
    VerifyingKey::from_bytes(key).map_err(|_| BadPublicKey(replica))
}

#[cfg(test)]
mod tests {
    use super::Keys;
    use crate::Digest;
    use crate::id::{ClusterId, ReplicaId, Sequence};
    use crate::message::Checkpoint;

    #[test]
    fn keys_that_remember_check_a_signature_once_and_no_other_bytes_under_it() {
        let cluster = ClusterId([7; 32]);
        let keys = |own| Keys::simulated(ReplicaId(own), 2, cluster);
        let checkpoint = |slot| {
            let (sequence, digest) = (Sequence(slot), Digest::of(&[]));
            keys(1).sign(Checkpoint { sequence, digest }).into_signed()
        };
        let count = |mut keys: Keys| {
            for _ in 0..3 {
                keys.check_all([&checkpoint(1), &checkpoint(2)]).unwrap();
            }
            keys.checked()
        };
        assert_eq!(count(keys(0)), 6);
        assert_eq!(count(keys(0).that_remember()), 2);

        let mut keys = keys(0).that_remember();
        let signed = checkpoint(1);
        keys.check(&signed).unwrap();
        let mut other = checkpoint(2);
        other.signature = signed.signature;
        assert!(keys.check(&other).is_err());
    }
}
