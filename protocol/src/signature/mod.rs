//! Signatures over exact bytes, and the type that proves a signature was checked.

mod root;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use ed25519_dalek::{SigningKey, VerifyingKey};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::digest::Digest;
use crate::id::{ClusterId, ReplicaId};
use crate::misbehaviour::Misbehaviour;
use crate::mutant::Mutant;
use crate::scheme::{Hash, Scheme, Secret};
use root::{Proof, Signer, Tree};

/// A value that can be signed. `DOMAIN` prevents that a signature of one type is used for another type.
pub trait Signable: Serialize + DeserializeOwned {
    /// The name of the type, which the signature covers.
    const DOMAIN: &'static str;
    /// Whether it says what a client wants. A flood of those does not push other signatures out of memory.
    const BY_CLIENT: bool = false;
}

/// A value with its signature. The signature is checked over the bytes that were sent: nothing is encoded again. The
/// signature of a `Signed` may be false; see [`Verified`].
///
/// Two are equal if the same replica says the same. Their signatures may differ: what is signed again shares its signature
/// with other values.
pub struct Signed<T>(Arc<Inner<T>>);

struct Inner<T> {
    signer: ReplicaId,
    bytes: Box<[u8]>,
    signature: Signature,
    value: T,
    /// What a check has shown for all of a circle.
    holds: OnceLock<Holds>,
}

/// The processes of one program that have the same public keys. Of a value that several of them get, the signature is checked
/// once.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Circle(Digest);

/// A signature holds for all of a circle.
struct Holds {
    circle: Circle,
    /// By which keys that remember know it.
    fingerprint: Option<Digest>,
}

// Copies share everything, whether or not the value itself could be copied.
impl<T> Clone for Signed<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// How a value is signed.
enum Signature {
    /// As it came.
    Given(Proof),
    /// By a process of this program. The root of the tree is signed once something of it is encoded.
    Made { tree: Arc<Tree>, place: usize },
}

impl Signature {
    fn proof(&self) -> Cow<'_, Proof> {
        match self {
            Self::Given(proof) => Cow::Borrowed(proof),
            Self::Made { tree, place } => Cow::Owned(tree.proof(*place)),
        }
    }

    /// How many hashes it has at most.
    fn length(&self) -> usize {
        match self {
            Self::Given(proof) => proof.length(),
            Self::Made { tree, .. } => tree.signer().deepest,
        }
    }
}

/// The most bytes that a signature, its signer and the length of the value add to a value, with so many hashes.
const fn envelope(hashes: usize) -> usize {
    5 + 5 + 65 + 2 + 32 * hashes
}

/// The same for every signature in a cluster of `n`.
pub(crate) const fn largest_envelope(n: usize) -> usize {
    envelope(root::deepest(n))
}

impl<T> Signed<T> {
    /// The most bytes that its encoding takes.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.0.bytes.len() + envelope(self.0.signature.length())
    }

    /// The replica that claims to have signed.
    #[must_use]
    pub fn signer(&self) -> ReplicaId {
        self.0.signer
    }

    /// The bytes of the value with its signature, as they travel.
    ///
    /// # Panics
    /// Never: plain data can be encoded in memory.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "encoding plain data into a growing buffer cannot fail"
    )]
    pub fn encode(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("plain data encodes")
    }

    /// The value, encoded.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    /// The value that the bytes encode.
    #[must_use]
    pub fn value(&self) -> &T {
        &self.0.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Signed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} signed by {}", self.0.value, self.0.signer)
    }
}

impl<T> PartialEq for Signed<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || self.0.signer == other.0.signer && self.0.bytes == other.0.bytes
    }
}

impl<T> Eq for Signed<T> {}

#[derive(Serialize, Deserialize)]
struct OnTheWire<'a> {
    signer: ReplicaId,
    #[serde(borrow, with = "serde_bytes")]
    bytes: &'a [u8],
    /// On which side of the path the siblings are.
    sides: u8,
    /// The hashes that lead to the root.
    #[serde(borrow, with = "serde_bytes")]
    path: &'a [u8],
    /// Of the root.
    #[serde(with = "serde_bytes")]
    signature: [u8; 64],
}

impl<T> Serialize for Signed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Inner {
            signer,
            bytes,
            signature,
            ..
        } = &*self.0;
        let proof = signature.proof();
        OnTheWire {
            signer: *signer,
            bytes,
            sides: proof.sides,
            path: &proof.path,
            signature: proof.signature,
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
        let proof = Proof::read(wire.signature, wire.sides, wire.path).map_err(D::Error::custom)?;
        Ok(Self(Arc::new(Inner {
            signer: wire.signer,
            bytes: wire.bytes.into(),
            signature: Signature::Given(proof),
            value,
            holds: OnceLock::new(),
        })))
    }
}

/// A signed value with a valid signature. Only [`Keys`] makes one.
#[derive(Debug, PartialEq, Eq)]
pub struct Verified<T>(Signed<T>);

impl<T> Clone for Verified<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

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

/// The most checked signatures that are remembered, of requests and of other messages each. What shares a signature is
/// checked once: a replica's votes of one turn, and the requests that it has signed together. A request that comes alone and
/// later in a batch is checked once too, and so is a VIEW-CHANGE that comes again in a NEW-VIEW. A window has at most
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

/// The tree that takes what is signed next. A copy has a tree of its own, and so has the original from then on: what one of
/// them signs later is no part of what the other one sends.
struct Open {
    signer: Arc<Signer>,
    tree: RefCell<Arc<Tree>>,
}

impl Open {
    fn new(signer: Arc<Signer>) -> Self {
        let tree = RefCell::new(Arc::new(Tree::new(Arc::clone(&signer))));
        Self { signer, tree }
    }

    fn add(&self, leaf: Digest) -> Signature {
        let mut tree = self.tree.borrow_mut();
        loop {
            if let Some(place) = tree.add(leaf) {
                let tree = Arc::clone(&tree);
                return Signature::Made { tree, place };
            }
            *tree = Arc::new(Tree::new(Arc::clone(&self.signer)));
        }
    }
}

impl Clone for Open {
    fn clone(&self) -> Self {
        *self.tree.borrow_mut() = Arc::new(Tree::new(Arc::clone(&self.signer)));
        Self::new(Arc::clone(&self.signer))
    }
}

/// One replica's secret key, the public keys of all, and the cluster's id, which every signature covers (rule 1).
#[derive(Clone)]
pub struct Keys {
    own: ReplicaId,
    scheme: Scheme,
    /// What it signs goes here.
    open: Open,
    checked: u64,
    /// Whether it remembers what it has checked.
    remembers: bool,
    /// Those with whom it shares its checks.
    circle: Option<Circle>,
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
        let secret = Secret::Ed25519(Box::new(SigningKey::from_bytes(&secret)));
        Ok(Self::with(own, secret, Scheme::Ed25519(public), cluster))
    }

    /// The keys of replica `own` of `n`, without any other public key. Messages of other replicas are refused until
    /// [`Keys::learn`].
    #[must_use]
    pub fn alone(own: ReplicaId, secret: [u8; 32], n: u32, cluster: ClusterId) -> Self {
        let secret = SigningKey::from_bytes(&secret);
        let key = |index| (index == own.0).then(|| secret.verifying_key());
        let public = (0..n).map(key).collect();
        let secret = Secret::Ed25519(Box::new(secret));
        Self::with(own, secret, Scheme::Ed25519(public), cluster)
    }

    /// Adds a replica's public key. A known key is never replaced. All correct replicas must judge a certificate alike,
    /// so the caller must make sure that all learn the same keys.
    ///
    /// # Errors
    /// The public key is not valid.
    pub fn learn(&mut self, replica: ReplicaId, public_key: &[u8; 32]) -> Result<(), BadPublicKey> {
        let key = read_public(replica, public_key)?;
        if let Scheme::Ed25519(public) = &mut self.scheme
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
        Self::with(own, Secret::Keyed(key(own.0)), Scheme::Keyed(all), cluster)
    }

    fn with(own: ReplicaId, secret: Secret, scheme: Scheme, cluster: ClusterId) -> Self {
        let signer = Signer::new(secret, cluster, root::deepest(scheme.n()));
        Self {
            own,
            remembers: scheme.is_costly(),
            circle: None,
            scheme,
            open: Open::new(Arc::new(signer)),
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

    /// These keys, for one of several processes of one program, as in a simulation. What one of them has checked need not be
    /// checked by the others, if they share the value. It counts as checked all the same.
    #[must_use]
    pub fn that_share_checks(mut self) -> Self {
        let deepest = [self.open.signer.deepest.to_le_bytes()];
        let all = self.scheme.public().concat();
        self.circle = Some(Circle(Digest::of(&[
            &self.cluster().0,
            &all,
            &deepest.concat(),
        ])));
        self
    }

    /// These keys, which give each value a signature of its own. All of a cluster must do so. Then the bytes of a message do
    /// not depend on what else was signed in its turn.
    #[must_use]
    pub fn that_share_no_signature(mut self) -> Self {
        let Signer {
            secret, cluster, ..
        } = &*self.open.signer;
        self.open = Open::new(Arc::new(Signer::new(secret.clone(), *cluster, 0)));
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
    pub fn cluster(&self) -> ClusterId {
        self.open.signer.cluster
    }

    /// The number of signatures made so far. One is for all values that share it.
    #[must_use]
    pub fn signed(&self) -> u64 {
        self.open.signer.made()
    }

    /// The number of signatures checked so far. Remembered ones are not counted.
    #[must_use]
    pub const fn checked(&self) -> u64 {
        self.checked
    }

    /// Signs a value. The result needs no check. It shares its signature with what is signed after it, until one of them
    /// is encoded.
    ///
    /// # Panics
    /// Never: the types of the protocol can always be encoded in memory.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "encoding plain data into a growing buffer cannot fail"
    )]
    pub fn sign<T: Signable>(&self, value: T) -> Verified<T> {
        let bytes = encoded(&value).expect("plain data encodes");
        let signature = self.open.add(self.hash().leaf(T::DOMAIN, &bytes));
        Verified(Signed(Arc::new(Inner {
            signer: self.own,
            bytes,
            signature,
            value,
            holds: OnceLock::new(),
        })))
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
        let Inner {
            signer,
            bytes,
            signature,
            holds,
            ..
        } = &*signed.0;
        if self.has_made(signature) {
            return Ok(());
        }
        if let Some(known) = holds.get()
            && Some(known.circle) == self.circle
            && known.fingerprint.is_some() == self.remembers
        {
            if !known.fingerprint.is_some_and(|one| self.has_checked(one)) {
                self.count::<T>(known.fingerprint);
            }
            return Ok(());
        }
        let (signer, proof) = (*signer, signature.proof());
        if proof.length() > self.open.signer.deepest {
            return Err(Misbehaviour::BadSignature { signer });
        }
        let hash = self.hash();
        let root = proof.root(hash, hash.leaf(T::DOMAIN, bytes));
        let name = || hash.of(&[&signer.0.to_le_bytes(), &root.0, &proof.signature]);
        let fingerprint = self.remembers.then(name);
        if fingerprint.is_some_and(|one| self.has_checked(one)) {
            return Ok(());
        }
        let bytes = root::signed_bytes(self.cluster(), root);
        self.scheme.verify(signer, &bytes, &proof.signature)?;
        self.count::<T>(fingerprint);
        if let Some(circle) = self.circle {
            holds.get_or_init(|| Holds {
                circle,
                fingerprint,
            });
        }
        Ok(())
    }

    /// A signature was checked.
    fn count<T: Signable>(&mut self, fingerprint: Option<Digest>) {
        self.checked += 1;
        if let Some(fingerprint) = fingerprint {
            self.remembered::<T>().add(fingerprint);
        }
    }

    /// How what shares a signature is hashed.
    fn hash(&self) -> Hash {
        self.open.signer.secret.hash()
    }

    /// Whether these keys have made the signature.
    fn has_made(&self, signature: &Signature) -> bool {
        match signature {
            Signature::Made { tree, .. } => Arc::ptr_eq(tree.signer(), &self.open.signer),
            Signature::Given(_) => false,
        }
    }

    /// Whether the signature of a root was checked before. It may have come with a request, or with another message.
    fn has_checked(&self, known: Digest) -> bool {
        self.others.known.contains(&known) || self.requests.known.contains(&known)
    }

    /// What this replica and another one both know, and nobody else: 32 bytes. `None` if the other one's key is not known.
    pub(crate) fn agree_with(&self, other: ReplicaId) -> Option<[u8; 32]> {
        self.scheme.agree_with(&self.open.signer.secret, other)
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
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "keys of {}", self.own)
    }
}

/// The encoding of a value. Most values are votes, and those are short.
fn encoded(value: &impl Serialize) -> postcard::Result<Box<[u8]>> {
    let mut short = [0; 128];
    match postcard::to_slice(value, &mut short) {
        Ok(bytes) => Ok((&*bytes).into()),
        Err(postcard::Error::SerializeBufferFull) => postcard::to_stdvec(value).map(Into::into),
        Err(error) => Err(error),
    }
}

fn read_public(replica: ReplicaId, key: &[u8; 32]) -> Result<VerifyingKey, BadPublicKey> {
    VerifyingKey::from_bytes(key).map_err(|_| BadPublicKey(replica))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Keys, Signable, Signature, Signed};
    use crate::Digest;
    use crate::id::{ClusterId, ReplicaId, Sequence};
    use crate::message::{Checkpoint, Fetch};

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
        keys.check(&checkpoint(1)).unwrap();
        let other = under_its_signature(checkpoint(2), &checkpoint(1));
        assert!(keys.check(&other).is_err());
    }

    /// The value with the signature of another one.
    fn under_its_signature<T>(value: Signed<T>, other: &Signed<T>) -> Signed<T> {
        let mut inner = Arc::into_inner(value.0).unwrap();
        inner.signature = Signature::Given(other.0.signature.proof().into_owned());
        Signed(Arc::new(inner))
    }

    #[test]
    fn what_is_signed_before_one_of_it_is_encoded_costs_one_signature_and_one_check() {
        let cluster = ClusterId([7; 32]);
        let keys = |own| Keys::simulated(ReplicaId(own), 4, cluster);
        let (signer, mut reader) = (keys(1), keys(0).that_remember());
        let sign = |slot| {
            let (sequence, digest) = (Sequence(slot), Digest::of(&[]));
            signer.sign(Checkpoint { sequence, digest }).into_signed()
        };
        let together: Vec<_> = (0..5).map(sign).collect();
        let arrived: Vec<_> = together.iter().map(sent).collect();
        let later = sent(&sign(5));
        assert_eq!(signer.signed(), 2);
        reader.check_all(&arrived).unwrap();
        assert_eq!(reader.checked(), 1);
        reader.check(&later).unwrap();
        assert_eq!(reader.checked(), 2);
        assert_eq!(arrived, together, "equal, though only some know their tree");
    }

    #[test]
    fn one_with_more_hashes_than_its_cluster_allows_is_refused() {
        let cluster = ClusterId([7; 32]);
        let keys = |own, n| Keys::simulated(ReplicaId(own), n, cluster);
        let (small, large) = (keys(1, 31), keys(1, 32));
        let fetch = || Fetch {
            digest: Digest::of(&[]),
        };
        let shared = [small.sign(fetch()), small.sign(fetch())].map(|one| sent(&one));
        let alone = [large.sign(fetch()), large.sign(fetch())].map(|one| sent(&one));
        assert!(keys(0, 31).check_all(&shared).is_ok());
        assert!(keys(0, 32).check_all(&shared).is_err());
        assert!(keys(0, 32).check_all(&alone).is_ok());
        assert_eq!(large.signed(), 2);
    }

    #[test]
    fn what_one_of_a_program_has_checked_holds_for_all_of_its_cluster_and_counts_for_each() {
        let keys = |own, cluster| {
            Keys::simulated(ReplicaId(own), 4, ClusterId([cluster; 32])).that_share_checks()
        };
        let fetch = |byte| Fetch {
            digest: Digest([byte; 32]),
        };
        let value = sent(&keys(1, 7).sign(fetch(1)));
        let (mut first, mut second) = (keys(0, 7), keys(2, 7));
        let mut remembers = keys(3, 7).that_remember();
        assert!(keys(0, 8).check(&value).is_err());
        assert!(value.0.holds.get().is_none());
        first.check(&value).unwrap();
        assert!(value.0.holds.get().is_some());
        assert!(keys(0, 8).check(&value).is_err(), "another cluster");
        for _ in 0..2 {
            first.check(&value).unwrap();
            second.check(&value).unwrap();
            remembers.check(&value).unwrap();
        }
        let counts = [&first, &second, &remembers].map(Keys::checked);
        assert_eq!(counts, [3, 2, 1]);

        let forged = under_its_signature(sent(&keys(1, 7).sign(fetch(2))), &value);
        assert!(first.check(&forged).is_err());
        assert!(second.check(&forged).is_err(), "nobody vouches for it");
    }

    #[test]
    fn a_copy_of_the_keys_shares_no_signature_with_the_original() {
        let keys = Keys::simulated(ReplicaId(0), 4, ClusterId([7; 32]));
        let fetch = || Fetch {
            digest: Digest::of(&[]),
        };
        let before = keys.sign(fetch());
        let copy = keys.clone();
        let after = [keys.sign(fetch()), copy.sign(fetch())];
        [before].iter().chain(&after).for_each(|one| {
            sent(one);
        });
        assert_eq!(keys.signed(), 3);
    }

    /// The value as another process gets it.
    fn sent<T: Signable>(signed: &Signed<T>) -> Signed<T> {
        postcard::from_bytes(&postcard::to_stdvec(signed).unwrap()).unwrap()
    }
}
