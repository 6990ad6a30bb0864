//! What callers ask of the runtime.

use quorate_fault::Say;
use quorate_protocol::{ReplicaId, Sequence, SignedMessage, Sizes, SlotStatus, Status, View};
use quorate_service::ledger::Entry;
use quorate_web::Proposal;
use quorate_wire::Fault;
use quorate_wire::method::{RequestName, RoundStatus, Submitted, Traffic};
use tokio::sync::{mpsc, oneshot};

/// How many questions may wait for the runtime; beyond, callers wait.
const QUESTIONS: usize = 256;
/// How many batches may: two of each of 63 peers. Beyond, peers are told to try again.
const BATCHES: usize = 128;

/// The ways to the runtime. Peers have one of their own: behind callers, who come in any number and wait for what the peers
/// have to say, they would never be heard.
#[derive(Clone, Debug)]
pub(crate) struct ToRuntime {
    pub(crate) questions: mpsc::Sender<Question>,
    pub(crate) batches: mpsc::Sender<Vec<SignedMessage>>,
}

/// Where they end.
#[derive(Debug)]
pub(crate) struct AtRuntime {
    pub(crate) questions: mpsc::Receiver<Question>,
    pub(crate) batches: mpsc::Receiver<Vec<SignedMessage>>,
}

pub(crate) fn ways() -> (ToRuntime, AtRuntime) {
    let (questions, asked) = mpsc::channel(QUESTIONS);
    let (batches, delivered) = mpsc::channel(BATCHES);
    let to_runtime = ToRuntime { questions, batches };
    let at_runtime = AtRuntime {
        questions: asked,
        batches: delivered,
    };
    (to_runtime, at_runtime)
}

/// Where an answer goes. A caller that hung up is no longer interested: a failed send is no error.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, Fault>>;

/// The behaviour of a process that has none, in words.
pub(crate) const CORRECT: &str = "none";

/// A question, and the way back.
#[derive(Debug)]
pub(crate) enum Question {
    /// The process is to tell another its decision: what it says, in which round.
    Vote {
        recipient: ReplicaId,
        decision: String,
        round: Option<u64>,
        answer: Reply<Told>,
    },
    /// Another process has told its decision.
    Hear(Heard, Reply<bool>),
    /// A decision is wanted; the answer comes when there is one.
    Finalize {
        round: Option<u64>,
        answer: Reply<String>,
    },
    /// Why there is no decision yet.
    Explain {
        round: Option<u64>,
        answer: oneshot::Sender<String>,
    },
    /// An operation on the store is to be ordered; the answer comes when a quorum has executed it.
    Submit {
        operation: String,
        request: Option<RequestName>,
        answer: Reply<Submitted>,
    },
    /// A key's value is wanted.
    Read { key: String, answer: Reply<String> },
    /// How far a slot is.
    Slot(Sequence, oneshot::Sender<SlotStatus>),
    /// A client wants a request over HTTP ordered.
    Request {
        proposal: Proposal,
        json: String,
        answer: oneshot::Sender<Taken>,
    },
    /// A client over HTTP wants another primary.
    Distrust(oneshot::Sender<View>),
    /// The decided requests over HTTP.
    Ledger(oneshot::Sender<Vec<Entry>>),
    /// The process is to misbehave in these words from now on, or no more; it answers how it does.
    SetFault(Option<String>, Reply<String>),
    /// How it misbehaves, in words.
    Fault(oneshot::Sender<String>),
    /// How much the replica keeps, and whether it votes.
    Sizes(oneshot::Sender<(Sizes, bool)>),
    /// Where the process stands.
    Status(oneshot::Sender<(Status, RoundStatus, Traffic)>),
}

/// What becomes of a request over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// This process is the primary, and gives it a slot.
    Here,
    /// It is the primary's to give it a slot.
    At(ReplicaId),
    /// There is another request with its id.
    OtherId,
    /// There is another request of its client with the same timestamp.
    OtherTimestamp,
    /// A later request of its client is under way or has executed.
    Old,
    /// Too many requests wait for earlier ones of their clients.
    Full,
}

/// What a process says to another.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) round: u64,
    pub(crate) say: Say,
    /// The signed vote, if it says something.
    pub(crate) signature: Vec<u8>,
}

/// What a process heard from another.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) sender: ReplicaId,
    pub(crate) decision: String,
    pub(crate) round: Option<u64>,
    pub(crate) signature: Option<Vec<u8>>,
}
