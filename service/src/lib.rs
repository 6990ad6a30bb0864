//! What is replicated. The engine orders operations; a [`Service`] gives them a meaning.
//!
//! * [`exchange`]: votes in, one decision per round out.
//! * [`kv`]: a key-value store.
//! * [`ledger`]: the requests over HTTP/JSON that are decided.
//! * [`replicated`]: all of them behind one [`Service`]; an operation says which of them it is for.
//! * [`session`]: one process's own requests, one at a time.

mod encode;
pub mod exchange;
pub mod kv;
pub mod ledger;
pub mod replicated;
pub mod session;
mod snapshot;

use std::sync::Arc;

use quorate_protocol::{ClientId, Sequence};

pub use replicated::{Answer, Operation, Replicated};
pub use snapshot::BadSnapshot;

/// A deterministic state machine: the same operations in the same order give the same answers everywhere.
pub trait Service {
    /// Executes one operation of a client and gives its answer. Must not fail: what it cannot read is an answer too.
    fn execute(&mut self, sequence: Sequence, client: ClientId, operation: &[u8]) -> Vec<u8>;

    /// The answer to a read-only operation, as `execute` would give it now; `None` if it is not read-only.
    fn query(&self, operation: &[u8]) -> Option<Vec<u8>>;

    /// The whole state in parts of roughly 64 KiB at most, for checkpoints and state transfer (rules 8 and 19). Equal
    /// states give equal parts on every machine, however they came about; what changes leaves most parts as they were.
    fn snapshot(&self) -> Vec<Arc<[u8]>>;

    /// Takes over the state that a snapshot is of.
    ///
    /// # Errors
    /// The parts are no snapshot of this service; the state stays as it was.
    fn restore(&mut self, parts: &[Arc<[u8]>]) -> Result<(), BadSnapshot>;
}
