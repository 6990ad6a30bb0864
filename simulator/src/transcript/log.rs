//! The service of a story: a list of what was executed.

use quorate_protocol::message::Request;
use quorate_protocol::{Part, Sequence};
use quorate_service::{BadSnapshot, Service};

/// The executed requests, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Log(Vec<Request>);

impl Log {
    /// The executed requests.
    pub(super) fn requests(&self) -> &[Request] {
        &self.0
    }

    /// Forgets them all.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Service for Log {
    /// The result is the operation itself, marked as done.
    fn execute(&mut self, _sequence: Sequence, request: &Request) -> Vec<u8> {
        self.0.push(request.clone());
        [&request.operation[..], b" done"].concat()
    }

    /// How many requests have executed, to any question.
    fn query(&self, operation: &[u8]) -> Option<Vec<u8>> {
        Some([operation, b" = ", self.0.len().to_string().as_bytes()].concat())
    }

    /// One part for each request.
    fn snapshot(&self) -> Vec<Part> {
        let parts = self.0.iter().map(postcard::to_stdvec);
        parts.filter_map(Result::ok).map(Part::from).collect()
    }

    fn restore(&mut self, parts: &[Part]) -> Result<(), BadSnapshot> {
        let requests = parts.iter().map(|part| postcard::from_bytes(part));
        self.0 = requests
            .collect::<Result<_, _>>()
            .map_err(|_| BadSnapshot::Unreadable)?;
        Ok(())
    }
}
