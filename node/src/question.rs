//! The questions that callers ask the runtime.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use quorate_host::{Answer, Ask, Batch, Page as TracePage};
use quorate_protocol::{Evidence, Pardon, ReplicaId, Sequence, Sizes, SlotStatus, Status, Time};
use quorate_service::ledger::Page;
use quorate_wire::Fault;
use quorate_wire::method::{
    LinkStatus, ProofStatus, RefusedStatus, RoundStatus, RoundSummary, Traffic, ViewChangeStatus,
};
use tokio::sync::{mpsc, oneshot};

use crate::archived::Archived;
use crate::crossing::Passage;
use crate::figures::Figures;
use crate::inbox::{Inbox, IntoInbox, Taken, inbox};

/// The most questions that may wait for the runtime. Further callers wait until there is room.
const QUESTIONS: usize = 256;
/// The most questions that one turn takes: all that may wait.
const QUESTIONS_A_TURN: usize = QUESTIONS;
/// Once a turn has taken batches of so many bytes, it takes no more. To check all that is in them may take 20 ms, and nothing
/// leaves before the turn has ended.
const BYTES_A_TURN: usize = 64 * 1024;

/// What callers know without asking, so that the usual call takes no turn more than it must. The runtime keeps it true: it changes
/// before whoever changed it is answered.
#[derive(Debug, Default)]
pub(crate) struct Usual {
    is_faulty: AtomicBool,
    has_rules: AtomicBool,
}

impl Usual {
    /// Whether the process is configured to misbehave.
    pub(crate) fn is_faulty(&self) -> bool {
        self.is_faulty.load(Ordering::Acquire)
    }

    /// Whether there are rules for the links over which it sends.
    pub(crate) fn has_rules(&self) -> bool {
        self.has_rules.load(Ordering::Acquire)
    }

    pub(crate) fn set_faulty(&self, is_faulty: bool) {
        self.is_faulty.store(is_faulty, Ordering::Release);
    }

    pub(crate) fn set_rules(&self, has_rules: bool) {
        self.has_rules.store(has_rules, Ordering::Release);
    }
}

/// The ways to the runtime. Peers have queues of their own. Callers are many, and they wait for what peers send: in
/// one queue with them the peers could not get through. A batch that finds no room waits, and its link is read no further.
#[derive(Clone, Debug)]
pub(crate) struct ToRuntime {
    pub(crate) questions: mpsc::Sender<Question>,
    pub(crate) batches: IntoInbox<Batch>,
    pub(crate) usual: Arc<Usual>,
}

/// The runtime's ends of these ways.
#[derive(Debug)]
pub(crate) struct AtRuntime {
    pub(crate) questions: mpsc::Receiver<Question>,
    pub(crate) batches: Inbox<Batch>,
    pub(crate) usual: Arc<Usual>,
}

/// What comes to the runtime.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// A question of a caller.
    Question(Question),
    /// Messages of a peer.
    Batch(Batch),
}

/// What a turn may still take. Callers and peers have shares of their own, so neither takes the room of the other.
#[derive(Debug)]
pub(crate) struct Share {
    questions: usize,
    bytes: usize,
}

impl Share {
    /// The share of a turn that has taken nothing yet.
    pub(crate) const fn whole() -> Self {
        Self {
            questions: QUESTIONS_A_TURN,
            bytes: BYTES_A_TURN,
        }
    }

    const fn question(&mut self, question: Question) -> Arrival {
        self.questions = self.questions.saturating_sub(1);
        Arrival::Question(question)
    }

    fn batch(&mut self, taken: Taken<Batch>) -> Arrival {
        self.bytes = self.bytes.saturating_sub(taken.bytes);
        Arrival::Batch(taken.batch)
    }
}

impl AtRuntime {
    /// Waits for the first arrival of a turn. `None`: nobody can ask any more.
    pub(crate) async fn first(&mut self, share: &mut Share) -> Option<Arrival> {
        tokio::select! {
            question = self.questions.recv() => question.map(|one| share.question(one)),
            batch = self.batches.next() => Some(share.batch(batch)),
        }
    }

    /// One more arrival, if one waits and the turn may take it.
    pub(crate) fn more(&mut self, share: &mut Share) -> Option<Arrival> {
        if share.questions > 0
            && let Ok(question) = self.questions.try_recv()
        {
            return Some(share.question(question));
        }
        if share.bytes == 0 {
            return None;
        }
        self.batches.take().map(|batch| share.batch(batch))
    }
}

pub(crate) fn ways(processes: usize) -> (ToRuntime, AtRuntime) {
    let (questions, asked) = mpsc::channel(QUESTIONS);
    let (batches, delivered) = inbox(processes);
    let usual = Arc::new(Usual::default());
    let to_runtime = ToRuntime {
        questions,
        batches,
        usual: Arc::clone(&usual),
    };
    let at_runtime = AtRuntime {
        questions: asked,
        batches: delivered,
        usual,
    };
    (to_runtime, at_runtime)
}

/// Where the process's answer to a caller goes. If the caller has hung up, the send fails, and that is not an error.
pub(crate) type Caller = oneshot::Sender<Answer>;

/// A caller of the process, while it waits.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) caller: Caller,
    /// What it has asked, in a word.
    pub(crate) call: &'static str,
    /// When the process took up the question.
    pub(crate) since: Time,
}

/// The words for a process without a fault.
pub(crate) const CORRECT: &str = "none";

/// A question, with the way back for its answer.
#[derive(Debug)]
pub(crate) enum Question {
    /// What the process itself answers, after a turn.
    Ask(Ask, Caller),
    /// The same for several callers at once.
    AskAtOnce(Vec<(Ask, Caller)>),
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
    /// The events of the trace after the one with this number. `None`: it keeps no trace.
    Trace {
        /// The number of the last event that is known.
        since: u64,
        /// Where the answer goes.
        answer: oneshot::Sender<Option<TracePage>>,
    },
    /// The proofs that the process keeps, each with whether its replica was pardoned since.
    Proofs(oneshot::Sender<Vec<(Evidence, bool)>>),
    /// What the process has to judge all by, and its checkpoint interval.
    Archived(oneshot::Sender<(u64, Archived)>),
    /// The bytes of one item of that.
    ArchivedItem(String, oneshot::Sender<Option<Vec<u8>>>),
    /// Sets the fault of this process, in words; `None` makes it correct. The answer is the fault, in words.
    SetFault(Option<String>, oneshot::Sender<Result<String, Fault>>),
    /// The operator pardons a process, which has signed things up to there. The answer is whether there was a proof against it.
    Pardon(ReplicaId, Pardon, oneshot::Sender<Result<bool, Fault>>),
    /// The fault of this process, in words.
    Fault(oneshot::Sender<String>),
    /// Sets the rules of the links. The answer is that of [`Question::Links`].
    SetLinks(Vec<String>, oneshot::Sender<Result<Vec<LinkStatus>, Fault>>),
    /// The rules of the links over which this process sends, with their counts.
    Links(oneshot::Sender<Vec<LinkStatus>>),
    /// What happens to a vote of this length on its way to another process.
    Passage(ReplicaId, usize, oneshot::Sender<Passage>),
    /// How much the replica keeps, and whether it votes.
    Sizes(oneshot::Sender<(Sizes, bool)>),
    /// The status of this process.
    Status(oneshot::Sender<Standing>),
    /// What this process has counted.
    Figures(oneshot::Sender<Box<Figures>>),
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

#[cfg(test)]
mod tests {
    use quorate_host::Batch;
    use quorate_protocol::ReplicaId;
    use tokio::sync::oneshot;

    use super::{
        Arrival, AtRuntime, BYTES_A_TURN, QUESTIONS_A_TURN, Question, Share, ToRuntime, ways,
    };

    const Q: ReplicaId = ReplicaId(1);
    const R: ReplicaId = ReplicaId(2);

    fn ask(runtime: &ToRuntime) {
        let (answer, _) = oneshot::channel();
        runtime.questions.try_send(Question::Fault(answer)).unwrap();
    }

    fn deliver(runtime: &ToRuntime, sender: ReplicaId, bytes: usize) {
        let messages = Vec::new();
        let batch = Batch { sender, messages };
        runtime.batches.put(sender, bytes, batch).unwrap();
    }

    /// What the next turn takes: how many questions, and the senders of the batches.
    async fn turn(asked: &mut AtRuntime) -> (usize, Vec<ReplicaId>) {
        let mut share = Share::whole();
        let mut questions = 0;
        let mut senders = Vec::new();
        let mut next = asked.first(&mut share).await;
        while let Some(arrival) = next {
            match arrival {
                Arrival::Question(_) => questions += 1,
                Arrival::Batch(batch) => senders.push(batch.sender),
            }
            next = asked.more(&mut share);
        }
        (questions, senders)
    }

    #[tokio::test]
    async fn a_turn_takes_all_that_has_come() {
        let (runtime, mut asked) = ways(4);
        for _ in 0..QUESTIONS_A_TURN {
            ask(&runtime);
        }
        deliver(&runtime, Q, 1);
        deliver(&runtime, R, 1);
        deliver(&runtime, Q, 1);
        assert_eq!(turn(&mut asked).await, (QUESTIONS_A_TURN, vec![Q, R, Q]));
        ask(&runtime);
        assert_eq!(turn(&mut asked).await, (1, vec![]), "all had been taken");
    }

    #[tokio::test]
    async fn a_peer_with_many_batches_makes_no_turn_long_and_keeps_no_question_and_no_other_peer_out()
     {
        let (runtime, mut asked) = ways(4);
        for _ in 0..8 {
            deliver(&runtime, Q, BYTES_A_TURN / 2);
        }
        deliver(&runtime, R, 1);
        ask(&runtime);
        assert_eq!(turn(&mut asked).await, (1, vec![Q, R, Q]));
        assert_eq!(turn(&mut asked).await, (0, vec![Q, Q]));
    }
}
