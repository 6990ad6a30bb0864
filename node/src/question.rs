//! The questions that callers ask the runtime.

use std::sync::Arc;

use quorate_fault::Say;
use quorate_protocol::{ReplicaId, Sequence, SignedMessage, Sizes, SlotStatus, Status, View};
use quorate_service::ledger::Entry;
use quorate_web::Proposal;
use quorate_wire::Fault;
use quorate_wire::method::{
    ProofStatus, RequestName, RoundStatus, Submitted, Traffic, ViewChangeStatus,
};
use tokio::sync::{mpsc, oneshot};

use crate::inbox::{Inbox, IntoInbox, inbox};

/// The most questions that may wait for the runtime. Further callers wait until there is room.
const QUESTIONS: usize = 256;

/// The ways to the runtime. Peers have queues of their own. Callers are many, and they wait for what peers send: in
/// one queue with them the peers could not get through. A batch that finds no room is refused, and the peer tries again.
#[derive(Clone, Debug)]
pub(crate) struct ToRuntime {
    pub(crate) questions: mpsc::Sender<Question>,
    pub(crate) batches: IntoInbox<Vec<SignedMessage>>,
}

/// The runtime's ends of these ways.
#[derive(Debug)]
pub(crate) struct AtRuntime {
    pub(crate) questions: mpsc::Receiver<Question>,
    pub(crate) batches: Inbox<Vec<SignedMessage>>,
}

pub(crate) fn ways(processes: usize) -> (ToRuntime, AtRuntime) {
    let (questions, asked) = mpsc::channel(QUESTIONS);
    let (batches, delivered) = inbox(processes);
    let to_runtime = ToRuntime { questions, batches };
    let at_runtime = AtRuntime {
        questions: asked,
        batches: delivered,
    };
    (to_runtime, at_runtime)
}

/// Where an answer goes. If the caller has hung up, the send fails, and that is not an error.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, Fault>>;

/// The words for a process without a fault.
pub(crate) const CORRECT: &str = "none";

/// A question, with the way back for its answer.
#[derive(Debug)]
pub(crate) enum Question {
    /// This process is asked to tell another its decision. The answer says what it tells, and in which round.
    Vote {
        recipient: ReplicaId,
        decision: String,
        round: Option<u64>,
        answer: Reply<Told>,
    },
    /// Another process has told this one its decision. The answer says whether this process listened.
    Hear(Heard, Reply<bool>),
    /// A caller waits for a round's decision. The answer comes when there is one.
    Finalize {
        round: Option<u64>,
        answer: Reply<String>,
    },
    /// A caller asks why a round has no decision yet.
    Explain {
        round: Option<u64>,
        answer: oneshot::Sender<String>,
    },
    /// A caller wants an operation on the store executed. The answer comes when a quorum has executed it.
    Submit {
        operation: String,
        request: Option<RequestName>,
        answer: Reply<Submitted>,
    },
    /// A caller wants a key's value.
    Read { key: String, answer: Reply<String> },
    /// How far a slot is.
    Slot(Sequence, oneshot::Sender<SlotVotes>),
    /// A client over HTTP wants a request ordered.
    Request {
        proposal: Proposal,
        json: String,
        answer: oneshot::Sender<Taken>,
    },
    /// A client over HTTP wants another primary. The answer is the current view.
    Distrust(oneshot::Sender<View>),
    /// The decided requests over HTTP.
    Ledger(oneshot::Sender<Vec<Arc<Entry>>>),
    /// Sets the fault of this process, in words; `None` makes it correct. The answer is the fault, in words.
    SetFault(Option<String>, Reply<String>),
    /// The fault of this process, in words.
    Fault(oneshot::Sender<String>),
    /// How much the replica keeps, and whether it votes.
    Sizes(oneshot::Sender<(Sizes, bool)>),
    /// The status of this process.
    Status(oneshot::Sender<Standing>),
    /// How far this round is, or the latest one.
    Round(Option<u64>, oneshot::Sender<RoundStatus>),
}

/// Where a process stands.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) status: Status,
    pub(crate) round: RoundStatus,
    pub(crate) proofs: Vec<ProofStatus>,
    pub(crate) view_changes: Vec<ViewChangeStatus>,
    pub(crate) traffic: Traffic,
}

/// How far a slot is, and by whose votes.
#[derive(Debug)]
pub(crate) struct SlotVotes {
    pub(crate) status: SlotStatus,
    pub(crate) prepared_by: Vec<String>,
    pub(crate) committed_by: Vec<String>,
}

/// What happens to a request over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// This process is the primary and proposes it.
    Here,
    /// Another process is the primary and must propose it.
    At(ReplicaId),
    /// Another request with the same id exists.
    OtherId,
    /// Another request of the same client has the same timestamp.
    OtherTimestamp,
    /// A later request of the same client is under way or has executed.
    Old,
    /// Too many requests wait for earlier ones of the same client.
    Full,
}

/// What this process tells another.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) round: u64,
    pub(crate) say: Say,
    /// The signed vote. Empty if it tells nothing.
    pub(crate) signature: Vec<u8>,
}

/// What another process has told this one.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) sender: ReplicaId,
    pub(crate) decision: String,
    pub(crate) round: Option<u64>,
    pub(crate) signature: Option<Vec<u8>>,
}
