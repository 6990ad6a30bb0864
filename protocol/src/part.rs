//! Parts of a state, and values that are made once and kept until what they were made of changes.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use crate::digest::Digest;

/// A part of a state: bytes that know their digest. A clone shares the bytes.
#[derive(Clone)]
pub struct Part {
    digest: Digest,
    bytes: Arc<[u8]>,
}

impl Part {
    /// The part with these bytes. It computes their digest, so it costs as much as the part is long: keep the part and
    /// clone it.
    #[must_use]
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        let digest = Digest::of(&[b"part", &bytes]);
        Self { digest, bytes }
    }

    /// The digest, by which a [`Manifest`](crate::snapshot::Manifest) names the part.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The bytes, shared.
    #[must_use]
    pub fn bytes(&self) -> Arc<[u8]> {
        Arc::clone(&self.bytes)
    }
}

impl Deref for Part {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for Part {}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "part {} of {} bytes", self.digest, self.bytes.len())
    }
}

impl From<Vec<u8>> for Part {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(bytes)
    }
}

impl From<&[u8]> for Part {
    fn from(bytes: &[u8]) -> Self {
        Self::new(bytes)
    }
}

/// A value that is made when it is first asked for, and kept until it is forgotten. It can be made again at any time, so
/// all of them are equal and look alike.
#[derive(Clone)]
pub struct Cached<T>(OnceLock<T>);

impl<T> Cached<T> {
    /// The value. `make` makes it if it is not there.
    pub fn get_or_make(&self, make: impl FnOnce() -> T) -> &T {
        self.0.get_or_init(make)
    }

    /// Forgets the value, because what it was made of has changed.
    pub fn forget(&mut self) {
        self.0.take();
    }
}

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<T> PartialEq for Cached<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Cached<T> {}

impl<T> fmt::Debug for Cached<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("_")
    }
}
