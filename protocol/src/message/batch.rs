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

    /// D(m): who asks for what, in order. It leaves out the signatures, so a process may still sign its requests together with
    /// the proposal that names them. Every replica checks the signatures of a body for itself. The batch and its clones compute
    /// it once.
    #[must_use]
    pub fn digest(&self) -> Digest {
        *self.0.digest.get_or_init(|| {
            let signers = self
                .requests()
                .iter()
                .map(|one| one.signer().0.to_le_bytes());
            let signers = signers.collect::<Vec<_>>().concat();
            let requests = self.requests().iter().map(Signed::bytes);
            let parts = [&b"batch"[..], &signers].into_iter().chain(requests);
            Digest::of(&parts.collect::<Vec<_>>())
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
