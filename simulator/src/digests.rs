//! The smallest service, for whoever explores, fuzzes or measures the engine itself.

use quorate_protocol::message::Request;
use quorate_protocol::{Digest, Part, Sequence};
use quorate_service::{BadSnapshot, Service};

/// A service whose state is one digest: of all operations that it executed, in order. Every answer is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digests(Digest);

impl Default for Digests {
    fn default() -> Self {
        Self(Digest::of(&[]))
    }
}

impl Service for Digests {
    fn execute(&mut self, _sequence: Sequence, request: &Request) -> Vec<u8> {
        self.0 = Digest::of(&[&self.0.0, &request.operation]);
        Vec::new()
    }

    fn query(&self, _operation: &[u8]) -> Option<Vec<u8>> {
        Some(self.0.0.to_vec())
    }

    fn snapshot(&self) -> Vec<Part> {
        vec![self.0.0[..].into()]
    }

    fn restore(&mut self, parts: &[Part]) -> Result<(), BadSnapshot> {
        let [part] = parts else {
            return Err(BadSnapshot::Missing);
        };
        let digest = part[..].try_into().map_err(|_| BadSnapshot::Unreadable)?;
        self.0 = Digest(digest);
        Ok(())
    }
}
