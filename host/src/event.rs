//! What a process did, in the order in which it did it.

use std::sync::Arc;

use quorate_protocol::message::{Commit, Request};
use quorate_protocol::{
    Evidence, Misbehaviour, ReplicaId, Sequence, Signed, SignedMessage, Timestamp, View,
};

use quorate_trace::EventId;

/// Something that a process did, for the driver. What the trace has is in the [journal](crate::journal).
#[derive(Clone, Debug)]
pub enum Event {
    /// It can prove another process faulty.
    Accused(Box<Evidence>),
    /// It has signed a request, for itself or for a caller.
    Asked(Request),
    /// Its state at this checkpoint differs from a quorum's. It now fetches the right one (rule 9).
    Diverged(Sequence),
    /// A request that it made for itself has executed.
    Done(Timestamp),
    /// It executed a slot.
    Executed {
        /// The slot.
        sequence: Sequence,
        /// The requests, without those that had executed before (rule 6).
        requests: Vec<Request>,
        /// One result for each request.
        results: Vec<Vec<u8>>,
        /// The COMMITs that prove the slot.
        proof: Vec<Signed<Commit>>,
    },
    /// It took over the state up to this slot.
    Installed(Sequence),
    /// A state that a quorum vouches for cannot be read. The next checkpoint differs, and is fetched again.
    Unreadable(Sequence),
    /// It refused a message.
    Refused(Misbehaviour),
    /// It refused a message before the replica saw it, and the rest of its batch with it.
    RefusedBatch {
        /// The process that claims to have sent the batch.
        sender: ReplicaId,
        /// What is wrong with the message.
        misbehaviour: Misbehaviour,
    },
    /// It cannot sign a message, because a faulty process has altered another's request in it.
    Unsigned(Misbehaviour),
    /// A message leaves.
    Sent(Outgoing),
    /// The view number, and whether the view has started (true) or is only asked for (false).
    View(View, bool),
}

/// A message that leaves.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Its name in traces, if the process keeps one.
    pub msg: Option<EventId>,
    /// The recipient. `None`: all others.
    pub to: Option<ReplicaId>,
    /// The message as it was signed.
    pub message: Arc<SignedMessage>,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
    /// Whether a faulty process has damaged the bytes.
    pub damaged: bool,
}

/// A message that leaves at the end of the turn.
#[derive(Clone, Debug)]
pub(crate) struct Leaving {
    /// How many events of the turn came before it.
    pub(crate) after: usize,
    /// Its name in traces.
    pub(crate) msg: Option<EventId>,
    /// `None`: it goes to all.
    pub(crate) to: Option<ReplicaId>,
    pub(crate) message: SignedMessage,
}
