//! What is replicated. The engine orders operations; a [`Service`] gives them a meaning.
//!
//! * [`exchange`]: votes in, one decision per round out.
//! * [`session`]: one process's own requests, one at a time.

pub mod exchange;
pub mod session;

use quorate_protocol::{ClientId, Digest, Sequence};

/// A deterministic state machine: the same operations in the same order give the same answers everywhere.
pub trait Service {
    /// Executes one operation of a client and gives its answer. Must not fail: what it cannot read is an answer too.
    fn execute(&mut self, sequence: Sequence, client: ClientId, operation: &[u8]) -> Vec<u8>;

    /// The digest of the whole state, for checkpoints (rule 8).
    fn digest(&self) -> Digest;
}
