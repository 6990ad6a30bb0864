//! The questions that callers ask the runtime.

use std::net::SocketAddr;

use quorate_host::{Answer, Ask, Batch};
use quorate_protocol::{ReplicaId, Sequence, Sizes, SlotStatus, Status};
use quorate_service::ledger::Page;
use quorate_wire::Fault;
use quorate_wire::method::{
    ProofStatus, RefusedStatus, RoundStatus, RoundSummary, Traffic, ViewChangeStatus,
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
    pub(crate) batches: IntoInbox<Batch>,
}

/// The runtime's ends of these ways.
#[derive(Debug)]
pub(crate) struct AtRuntime {
    pub(crate) questions: mpsc::Receiver<Question>,
    pub(crate) batches: Inbox<Batch>,
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

/// Where the process's answer to a caller goes. If the caller has hung up, the send fails, and that is not an error.
pub(crate) type Caller = oneshot::Sender<Answer>;

/// The words for a process without a fault.
pub(crate) const CORRECT: &str = "none";

/// A question, with the way back for its answer.
#[derive(Debug)]
pub(crate) enum Question {
    /// What the process itself answers, after a turn.
    Ask(Ask, Caller),
    /// Why a round has no decision yet.
    Explain {
        round: Option<u64>,
        answer: oneshot::Sender<String>,
    },
    /// A peer is reached at another address from now on. No answer.
    Moved(ReplicaId, SocketAddr),
    /// How far a slot is.
    Slot(Sequence, oneshot::Sender<SlotVotes>),
    /// The decided requests over HTTP.
    Ledger {
        since: u64,
        most_bytes: usize,
        /// The page, and the number of all requests decided so far.
        answer: oneshot::Sender<(Page, u64)>,
    },
    /// Sets the fault of this process, in words; `None` makes it correct. The answer is the fault, in words.
    SetFault(Option<String>, oneshot::Sender<Result<String, Fault>>),
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
    pub(crate) round: RoundSummary,
    pub(crate) proofs: Vec<ProofStatus>,
    pub(crate) refused: Vec<RefusedStatus>,
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
