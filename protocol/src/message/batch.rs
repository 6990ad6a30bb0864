use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::digest::Digest;
use crate::message::Request;
use crate::signature::Signed;

/// m: the requests of one slot. The null batch has none (C4.4). Clones share the requests and the digest.
#[derive(Clone, Default)]
pub struct Batch(Arc<Shared>);

#[derive(Default)]
struct Shared {
    requests: Vec<Signed<Request>>,
    /// D(m), once somebody has asked for it.
    digest: OnceLock<Digest>,
}

impl Batch {
    /// A batch of requests, in the order in which they execute.
    #[must_use]
    pub fn new(requests: Vec<Signed<Request>>) -> Self {
        let digest = OnceLock::new();
        Self(Arc::new(Shared { requests, digest }))
    }

    /// The null batch. It fills a slot that nobody prepared.
    #[must_use]
    pub fn null() -> Self {
        Self::default()
    }

    /// The requests, in the order in which they execute.
    #[must_use]
    pub fn requests(&self) -> &[Signed<Request>] {
        &self.0.requests
    }

    /// The most bytes that the encoding of its requests takes.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.requests().iter().map(Signed::weight).sum()
    }

    /// D(m). The digest covers the signatures too, so a body that arrives later is exactly the one that was proposed. The
    /// batch and its clones compute it once.
    ///
    /// # Panics
    /// Never: plain data can be encoded in memory.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "encoding plain data into a growing buffer cannot fail"
    )]
    pub fn digest(&self) -> Digest {
        *self.0.digest.get_or_init(|| {
            let requests = postcard::to_stdvec(self.requests()).expect("plain data encodes");
            Digest::of(&[b"batch", &requests])
        })
    }
}

impl PartialEq for Batch {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.requests() == other.requests()
    }
}

impl Eq for Batch {}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("requests", &self.requests())
            .finish()
    }
}

impl Serialize for Batch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.requests().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Batch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::new)
    }
}
