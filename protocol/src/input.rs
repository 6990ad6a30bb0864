use crate::effect::Timer;
use crate::evidence::{Evidence, Pardon};
use crate::id::{ReplicaId, Sequence};
use crate::message::{Answer, Query, Request, Surplus, VerifiedMessage};
use crate::part::Part;
use crate::signature::Verified;

/// An event for a replica.
#[derive(Clone, Debug)]
pub enum Input {
    /// The first input: the replica starts.
    Start,
    /// A message arrived. A replica's own broadcasts come back to it in this way too.
    Message(VerifiedMessage),
    /// A vote arrived that decides nothing. Its signature was not checked. See [`crate::Replica::surplus`].
    Surplus(Surplus),
    /// Its own process wants a request ordered. The replica broadcasts it.
    Submit(Verified<Request>),
    /// Its own process asks all replicas a read-only query.
    Ask(Query),
    /// Its own process wants another primary, for a client that got no answer. The effect is as if the view timer had
    /// run out, if a request waits, and at most once within T.
    Distrust,
    /// A timer that the replica set has run out.
    Timer(Timer),
    /// The host has executed the requests of [`crate::Effect::Execute`]. There is one result for each request, in
    /// order.
    Executed {
        /// The slot.
        sequence: Sequence,
        /// The results, each of at most [`crate::Limits::result`] bytes. What is longer is cut, at all replicas alike.
        results: Vec<Vec<u8>>,
    },
    /// The signatures of what [`crate::Effect::Suspect`] has named hold.
    Proved(Box<Evidence>),
    /// The operator of the process pardons a replica: the proofs against it that are kept here act no more, nor do those that come
    /// later of what it has signed up to now. `signed` is how far that is at least, as the replica itself says once it is correct.
    Pardon {
        /// Who is pardoned.
        replica: ReplicaId,
        /// Its view and its last slot. Messages of it may be on their way.
        signed: Pardon,
    },
    /// The host has read what [`crate::Effect::Read`] asked for.
    Read {
        /// The replica that asked.
        to: ReplicaId,
        /// The answer to its query.
        answer: Answer,
    },
    /// The host has taken the snapshot that [`crate::Effect::TakeCheckpoint`] asked for.
    CheckpointTaken {
        /// The last slot that the state includes.
        sequence: Sequence,
        /// The service's state in parts. Equal states give equal parts.
        parts: Vec<Part>,
    },
}
