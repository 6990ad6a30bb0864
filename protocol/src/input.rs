use std::sync::Arc;

use crate::effect::Timer;
use crate::id::{ReplicaId, Sequence};
use crate::message::{Query, Request, VerifiedMessage};
use crate::signature::Verified;

/// What can happen to a replica.
#[derive(Clone, Debug)]
pub enum Input {
    /// It comes to life.
    Start,
    /// A message arrived; a replica's own messages come back to it this way too.
    Message(VerifiedMessage),
    /// Its own process asks for an operation; the replica sees to it that everyone hears of it.
    Submit(Verified<Request>),
    /// Its own process asks all replicas a read-only question.
    Ask(Query),
    /// Its own process wants another primary, as a client without an answer asks for: as if the view timer had run out.
    Distrust,
    /// A timer that it set has run out.
    Timer(Timer),
    /// The host has executed what it was told to; one result per request, in order.
    Executed {
        /// The slot.
        sequence: Sequence,
        /// The service's answers.
        results: Vec<Vec<u8>>,
    },
    /// The host has read what it was told to.
    Read {
        /// Who asked.
        to: ReplicaId,
        /// The asker's number for it.
        number: u64,
        /// The service's answer.
        result: Vec<u8>,
    },
    /// The host has the snapshot that it was asked for.
    CheckpointTaken {
        /// The slot up to which the state is.
        sequence: Sequence,
        /// The service's state in parts; equal states give equal parts.
        parts: Vec<Arc<[u8]>>,
    },
}
