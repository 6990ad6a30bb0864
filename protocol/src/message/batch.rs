use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::message::Request;
use crate::signature::Signed;

/// m: the requests of one slot. The null batch has none (C4.4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// The requests, in the order in which they execute.
    pub requests: Vec<Signed<Request>>,
}

impl Batch {
    /// The null batch. It fills a slot that nobody prepared.
    #[must_use]
    pub const fn null() -> Self {
        Self {
            requests: Vec::new(),
        }
    }

    /// The most bytes that the encoding of its requests takes.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.requests.iter().map(Signed::weight).sum()
    }

    /// D(m). The digest covers the signatures too, so a body that arrives later is exactly the one that was proposed.
    ///
    /// # Panics
    /// Never: plain data can be encoded in memory.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "encoding plain data into a growing buffer cannot fail"
    )]
    pub fn digest(&self) -> Digest {
        Digest::of(&[
            b"batch",
            &postcard::to_stdvec(&self.requests).expect("plain data encodes"),
        ])
    }
}
