//! The service of these clusters.

use quorate_protocol::message::Request;
use quorate_protocol::{Part, Sequence};
use quorate_service::{BadSnapshot, Service};

/// A service whose state is the list of executed requests.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    pub(super) requests: Vec<Request>,
    pub(super) accent: Vec<u8>,
}

impl Service for Log {
    fn execute(&mut self, _sequence: Sequence, request: &Request) -> Vec<u8> {
        self.requests.push(request.clone());
        [&self.accent[..], &request.operation[..], b" done"].concat()
    }

    /// The number of executed requests.
    fn query(&self, operation: &[u8]) -> Option<Vec<u8>> {
        let count = self.requests.len().to_string();
        Some([operation, b" = ", count.as_bytes()].concat())
    }

    /// One part for each request, so that a laggard fetches several.
    fn snapshot(&self) -> Vec<Part> {
        self.requests
            .iter()
            .map(|request| {
                postcard::to_stdvec(request)
                    .expect("plain data encodes")
                    .into()
            })
            .collect()
    }

    fn restore(&mut self, parts: &[Part]) -> Result<(), BadSnapshot> {
        self.requests = parts
            .iter()
            .map(|part| postcard::from_bytes(part).expect("a quorum vouches for it"))
            .collect();
        Ok(())
    }
}
