//! One file per XML-RPC method, as in the folder of the same name in `wire`.

mod agreement;
mod auction;
mod audit;
mod audit_item;
mod ballot;
mod bid;
mod evidence;
mod fault_clear;
mod fault_get;
mod fault_pardon;
mod fault_set;
mod finalize_decision;
mod gathering;
mod happenings;
mod link_get;
mod link_set;
mod members;
mod next_epoch;
mod offers;
mod open_auction;
mod open_vote;
mod open_work;
mod read;
mod receive_message;
mod round;
mod send_message;
mod server_control;
mod status;
mod submit;
mod trace;
mod vote;
mod work;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use quorate_host::{Answer, Ask, Outcome, Refusal};
use quorate_protocol::{ClusterId, Quorum, ReplicaId};
use quorate_service::exchange::{VoteRefused, check_decision};
use quorate_wire::method::{
    Agreement, Auction, Audit, AuditItem, Ballot, Bid, Evidence, FaultClear, FaultGet, FaultPardon,
    FaultSet, FinalizeDecision, Happenings, LinkGet, LinkSet, Members, NextEpoch, Offers,
    OpenAuction, OpenVote, OpenWork, Read, ReceiveMessage, Round, SendMessage, ServerControl,
    Status, Submission, Trace, Vote, Work,
};
use quorate_wire::{Endpoint, Fault, LeanCaller, Seldom};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::config::NodeConfig;
use crate::crossing::Passage;
use crate::question::{Question, ToRuntime};

/// What every method needs: this process's id, and the ways to the runtime and to the other processes.
#[derive(Clone)]
pub(crate) struct Handle {
    inner: Arc<Inner>,
}

struct Inner {
    own: ReplicaId,
    cluster: ClusterId,
    public_keys: Vec<[u8; 32]>,
    /// The log lines about votes that did not arrive, by recipient.
    lost_votes: Seldom<ReplicaId>,
    port: u16,
    seed: u64,
    control: Option<SocketAddr>,
    /// Whether this process listens on loopback only.
    loopback: bool,
    life: u64,
    decision_timeout: Duration,
    /// What calls each process. A process of a gathering may move.
    callers: Mutex<Vec<Arc<LeanCaller>>>,
    runtime: ToRuntime,
}

impl Handle {
    /// `loopback`: whether this process listens on loopback only.
    pub(crate) fn new(config: &NodeConfig, loopback: bool, runtime: ToRuntime) -> Self {
        let own = ReplicaId(config.index);
        let decision_timeout = Duration::from_millis(config.decision_timeout_ms);
        let inner = Inner {
            own,
            cluster: ClusterId(config.cluster),
            public_keys: config.public_keys.clone(),
            lost_votes: Seldom::default(),
            port: config
                .addresses
                .get(config.index as usize)
                .map_or(0, std::net::SocketAddr::port),
            seed: config.seed,
            control: config.control,
            loopback,
            life: config.life,
            decision_timeout,
            callers: Mutex::new(
                config
                    .addresses
                    .iter()
                    .map(|address| Arc::new(LeanCaller::new(*address, decision_timeout)))
                    .collect(),
            ),
            runtime,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// This process's id.
    pub(crate) fn own(&self) -> ReplicaId {
        self.inner.own
    }

    /// Whether this process is configured to misbehave.
    fn is_faulty(&self) -> bool {
        self.inner.runtime.usual.is_faulty()
    }

    /// What happens to a vote of this length on its way to another process.
    async fn passage(&self, to: ReplicaId, bytes: usize) -> Result<Passage, Fault> {
        if !self.inner.runtime.usual.has_rules() {
            return Ok(Passage::Leaves(Duration::ZERO, None));
        }
        self.ask(|passage| Question::Passage(to, bytes, passage))
            .await
    }

    /// The fault of this process, in words; `none` if it is correct.
    async fn fault(&self) -> Result<String, Fault> {
        self.ask(Question::Fault).await
    }

    /// A process of the gathering listens elsewhere now.
    pub(crate) async fn move_peer(&self, peer: ReplicaId, address: SocketAddr) {
        if let Some(caller) = self.callers().get_mut(peer.0 as usize) {
            *caller = Arc::new(LeanCaller::new(address, self.inner.decision_timeout));
        }
        // A runtime that has ended needs no addresses.
        let _ = self.tell(Question::Moved(peer, address)).await;
    }

    fn callers(&self) -> MutexGuard<'_, Vec<Arc<LeanCaller>>> {
        let callers = &self.inner.callers;
        callers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The size of the cluster.
    fn quorum(&self) -> Quorum {
        let n = u32::try_from(self.processes()).unwrap_or(u32::MAX);
        Quorum::of(NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN))
    }

    /// The number of processes.
    fn processes(&self) -> usize {
        self.callers().len()
    }

    /// Asks the runtime, and waits for its answer.
    pub(crate) async fn ask<T>(
        &self,
        question: impl FnOnce(oneshot::Sender<T>) -> Question,
    ) -> Result<T, Fault> {
        let (answer, answered) = oneshot::channel();
        self.tell(question(answer)).await?;
        answered.await.map_err(|_| shutting_down())
    }

    /// Asks the process, and waits for its answer.
    ///
    /// # Errors
    /// The process refuses, or is shutting down.
    pub(crate) async fn ask_process(&self, ask: Ask) -> Result<Answer, Fault> {
        granted(self.ask(|caller| Question::Ask(ask, caller)).await?)
    }

    /// Asks what a quorum of replicas must answer.
    ///
    /// # Errors
    /// No quorum answers in time, the process refuses, or is shutting down.
    async fn ask_all(&self, ask: Ask) -> Result<Outcome, Fault> {
        let answered = tokio::time::timeout_at(self.deadline(), self.ask_process(ask)).await;
        outcome(answered.unwrap_or_else(|_| Err(self.no_quorum())))
    }

    /// Asks all this in one turn of the process. The answers are in the order of the questions, each as
    /// [`Handle::ask_all`] gives it.
    ///
    /// # Errors
    /// The process has no time for the questions, or is shutting down.
    async fn ask_all_at_once(&self, asks: Vec<Ask>) -> Result<Vec<Result<Outcome, Fault>>, Fault> {
        let deadline = self.deadline();
        let (mut questions, mut answers) = (Vec::new(), Vec::new());
        for ask in asks {
            let (caller, answered) = oneshot::channel();
            questions.push((ask, caller));
            answers.push(answered);
        }
        let told = self.tell(Question::AskAtOnce(questions));
        let told = tokio::time::timeout_at(deadline, told).await;
        told.unwrap_or_else(|_| Err(self.no_quorum()))?;
        let mut outcomes = Vec::with_capacity(answers.len());
        for answered in answers {
            let answer = match tokio::time::timeout_at(deadline, answered).await {
                Ok(answer) => answer.map_err(|_| shutting_down()).and_then(granted),
                Err(_) => Err(self.no_quorum()),
            };
            outcomes.push(outcome(answer));
        }
        Ok(outcomes)
    }

    fn no_quorum(&self) -> Fault {
        Fault::new(
            Fault::NO_QUORUM,
            format!(
                "no quorum of replicas has answered within {:?}; the operation may still execute",
                self.inner.decision_timeout
            ),
        )
    }

    async fn tell(&self, question: Question) -> Result<(), Fault> {
        self.inner
            .runtime
            .questions
            .send(question)
            .await
            .map_err(|_| shutting_down())
    }

    /// How long a call that begins now may wait for a decision, in total.
    fn deadline(&self) -> Instant {
        Instant::now() + self.inner.decision_timeout
    }

    /// The other process in an exchange of this decision, and its caller.
    fn other(&self, name: &str, decision: &str) -> Result<(ReplicaId, Arc<LeanCaller>), Fault> {
        let (process, caller) = self.process(name)?;
        check_decision(decision)
            .map_err(|error| Fault::new(Fault::BAD_DECISION, error.to_string()))?;
        if process == self.inner.own {
            return Err(Fault::new(
                Fault::UNKNOWN_PROCESS,
                format!(
                    "{process} neither sends to itself nor hears from itself; name another process"
                ),
            ));
        }
        Ok((process, caller))
    }

    /// The process with this name, and its caller.
    fn process(&self, name: &str) -> Result<(ReplicaId, Arc<LeanCaller>), Fault> {
        let known = name
            .parse()
            .ok()
            .and_then(|id: ReplicaId| Some((id, self.callers().get(id.0 as usize)?.clone())));
        known.ok_or_else(|| {
            let last = ReplicaId(
                u32::try_from(self.processes())
                    .unwrap_or_default()
                    .saturating_sub(1),
            );
            let name: String = name.chars().take(40).collect();
            Fault::new(
                Fault::UNKNOWN_PROCESS,
                format!("there is no process '{name}': the names go from P to {last}"),
            )
        })
    }
}

/// Registers every method.
pub(crate) fn register(endpoint: Endpoint, handle: &Handle) -> Endpoint {
    macro_rules! register {
        ($($method:ident: $call:ty,)*) => {
            endpoint$(.method({
                let handle = handle.clone();
                move |call: $call| $method::answer(handle.clone(), call)
            }))*
        };
    }
    register! {
        send_message: SendMessage,
        receive_message: ReceiveMessage,
        finalize_decision: FinalizeDecision,
        submit: Submission,
        read: Read,
        status: Status,
        round: Round,
        members: Members,
        offers: Offers,
        agreement: Agreement,
        auction: Auction,
        vote: Vote,
        work: Work,
        happenings: Happenings,
        open_auction: OpenAuction,
        bid: Bid,
        open_vote: OpenVote,
        ballot: Ballot,
        open_work: OpenWork,
        next_epoch: NextEpoch,
        trace: Trace,
        evidence: Evidence,
        audit: Audit,
        audit_item: AuditItem,
        fault_set: FaultSet,
        fault_clear: FaultClear,
        fault_pardon: FaultPardon,
        fault_get: FaultGet,
        link_set: LinkSet,
        link_get: LinkGet,
        server_control: ServerControl,
    }
}

/// The answer, unless it is a refusal.
fn granted(answer: Answer) -> Result<Answer, Fault> {
    match answer {
        Answer::Refused(refusal) => Err(fault_of(&refusal)),
        answer => Ok(answer),
    }
}

/// The outcome in an answer that must have one.
fn outcome(answer: Result<Answer, Fault>) -> Result<Outcome, Fault> {
    match answer? {
        Answer::Outcome(outcome) => Ok(outcome),
        other => Err(mismatch(&other)),
    }
}

/// The fault for what the process refuses.
fn fault_of(refusal: &Refusal) -> Fault {
    let code = match refusal {
        Refusal::Full | Refusal::Busy => return Fault::overloaded(refusal.to_string()),
        Refusal::TooOld(_) | Refusal::Overtaken(_) | Refusal::Expired => Fault::TIMESTAMP_TOO_OLD,
        Refusal::Early(_) => Fault::WRONG_PARAMETERS,
        Refusal::Taken(_) => Fault::TIMESTAMP_TAKEN,
        Refusal::BadSeal | Refusal::BadSignature(..) => Fault::BAD_SIGNATURE,
        Refusal::Unsigned => Fault::UNSIGNED_VOTE,
        Refusal::NotFromElsewhere => Fault::NOT_FROM_ELSEWHERE,
        Refusal::GathersNot | Refusal::Unwise(_) => Fault::GATHERING,
        Refusal::Vote(VoteRefused::Decided(_)) => Fault::ROUND_DECIDED,
        Refusal::Vote(VoteRefused::OutOfWindow { .. } | VoteRefused::TooMany { .. }) => {
            Fault::ROUND_OUT_OF_WINDOW
        }
    };
    Fault::new(code, refusal.to_string())
}

/// The fault for an answer to another question than was asked, which is a bug of this program.
pub(crate) fn mismatch(answer: &Answer) -> Fault {
    tracing::error!(?answer, "this answer belongs to another question");
    Fault::new(
        Fault::INTERNAL,
        "this process has answered another question than was asked: please report this bug",
    )
}

fn shutting_down() -> Fault {
    Fault::new(Fault::SHUTTING_DOWN, "the process is shutting down")
}
