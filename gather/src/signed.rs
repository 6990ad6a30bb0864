//! Statements that a node signs, and how signatures are made and checked.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;

use quorate_protocol::{Digest, SecretKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::id::{NodeId, PublicKey};

/// A signature.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Signature(#[serde(with = "serde_bytes")] pub [u8; 64]);

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "{a:02x}{b:02x}{c:02x}{d:02x}")
    }
}

/// What a node can sign. `DOMAIN` prevents that a signature of one type is used for another type.
pub trait Statement: Serialize + DeserializeOwned {
    /// The name of the type, which the signature covers.
    const DOMAIN: &'static str;
}

/// A statement, whose it is, and its signature, which may be false.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Signed<T> {
    /// The key that claims to have signed.
    pub key: PublicKey,
    /// What was signed.
    pub value: T,
    /// Its signature.
    pub signature: Signature,
}

impl<T> Signed<T> {
    /// The node that claims to have signed.
    #[must_use]
    pub fn id(&self) -> NodeId {
        NodeId::of(&self.key)
    }
}

/// The most signatures that are remembered as good.
const REMEMBERED: usize = 4096;

/// A node's own key, and the signatures that it has checked last. Every signature covers the charter.
#[derive(Clone)]
pub(crate) struct Pen {
    key: SecretKey,
    public: PublicKey,
    charter: Digest,
    known: BTreeSet<Digest>,
    oldest_first: VecDeque<Digest>,
    /// How many signatures were computed to check them.
    checked: u64,
}

impl Pen {
    pub(crate) fn new(key: SecretKey, charter: Digest) -> Self {
        Self {
            public: key.public(),
            key,
            charter,
            known: BTreeSet::new(),
            oldest_first: VecDeque::new(),
            checked: 0,
        }
    }

    /// The node's own public key.
    pub(crate) const fn public(&self) -> PublicKey {
        self.public
    }

    pub(crate) fn sign<T: Statement>(&self, value: T) -> Signed<T> {
        let signature = self.sign_bytes(T::DOMAIN, &encode(&value));
        Signed {
            key: self.public,
            value,
            signature,
        }
    }

    pub(crate) fn sign_bytes(&self, domain: &str, bytes: &[u8]) -> Signature {
        sign_with(&self.key, domain, &self.charter, bytes)
    }

    /// Whether the signature of a statement holds.
    pub(crate) fn holds<T: Statement>(&mut self, signed: &Signed<T>) -> bool {
        let bytes = encode(&signed.value);
        self.bytes_hold(T::DOMAIN, &signed.key, &bytes, &signed.signature)
    }

    /// Whether a signature of these bytes holds. One that held is not computed again.
    pub(crate) fn bytes_hold(
        &mut self,
        domain: &str,
        key: &PublicKey,
        bytes: &[u8],
        signature: &Signature,
    ) -> bool {
        let fingerprint = Digest::of(&[domain.as_bytes(), key, bytes, &signature.0]);
        if self.known.contains(&fingerprint) {
            return true;
        }
        let bytes = signed_bytes(domain, &self.charter, bytes);
        self.checked += 1;
        let holds = self.key.holds(key, &bytes, &signature.0);
        if holds {
            self.remember(fingerprint);
        }
        holds
    }

    /// How many signatures were computed to check them.
    pub(crate) const fn checked(&self) -> u64 {
        self.checked
    }

    fn remember(&mut self, fingerprint: Digest) {
        if self.oldest_first.len() == REMEMBERED
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.known.insert(fingerprint);
        self.oldest_first.push_back(fingerprint);
    }
}

/// A signature with another key than the node's own: that of a seat.
pub(crate) fn sign_with(
    key: &SecretKey,
    domain: &str,
    charter: &Digest,
    bytes: &[u8],
) -> Signature {
    Signature(key.sign(&signed_bytes(domain, charter, bytes)))
}

fn signed_bytes(domain: &str, charter: &Digest, bytes: &[u8]) -> Vec<u8> {
    [
        b"quorate gather ",
        domain.as_bytes(),
        b"\0",
        &charter.0,
        bytes,
    ]
    .concat()
}

/// Encodes plain data.
#[expect(
    clippy::expect_used,
    reason = "encoding plain data into a growing buffer cannot fail"
)]
pub(crate) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_stdvec(value).expect("plain data encodes")
}
