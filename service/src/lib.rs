//! The replicated state. The engine orders operations, and a [`Service`] executes them.
//!
//! * [`exchange`]: processes vote, and each round gets one decision.
//! * [`gathering`]: members offer, agree on an activity, and do it.
//! * [`kv`]: a key-value store.
//! * [`ledger`]: the decided requests of HTTP/JSON.
//! * [`replicated`]: the four behind one [`Service`]. Each operation names the one that it is for.
//! * [`session`]: the requests that a process makes for itself, one at a time.

mod encode;
pub mod exchange;
pub mod gathering;
pub mod kv;
pub mod ledger;
pub mod replicated;
pub mod session;
mod snapshot;

use quorate_protocol::message::Request;
use quorate_protocol::{Part, Sequence};

pub use replicated::{Answer, Operation, Replicated};
pub use snapshot::BadSnapshot;

/// A deterministic state machine: equal operations in equal order give equal answers in every process.
pub trait Service {
    /// Executes a request and returns the answer. It never fails: an unreadable operation has an answer too.
    fn execute(&mut self, sequence: Sequence, request: &Request) -> Vec<u8>;

    /// The answer that `execute` would give now to a read-only operation. `None` if the operation is not read-only.
    fn query(&self, operation: &[u8]) -> Option<Vec<u8>>;

    /// The whole state for checkpoints and state transfer (rules 8 and 19), in parts of at most 64 KiB, or 32 KiB and one value. Equal
    /// states give equal parts on every machine, whatever history led to them. A small change leaves most parts as they
    /// were.
    fn snapshot(&self) -> Vec<Part>;

    /// Replaces the state by the one that these parts encode.
    ///
    /// # Errors
    /// The parts are not a snapshot of this service. The state stays as it was.
    fn restore(&mut self, parts: &[Part]) -> Result<(), BadSnapshot>;
}
