//! The rules of every run, one file each. They are checked after every step, and only on correct processes.

pub mod accused;
pub mod agreement;
pub mod answered;
pub mod bounded;
pub mod calm;
pub mod certificates;
pub mod checkpoints;
pub mod culprits;
pub mod equal_state;
pub mod exactly_once;
pub mod exchange;
pub mod fits;
pub mod gathering;
pub mod left;
pub mod linearizable;
pub mod own_reply;
pub mod panic;
pub mod refused;
pub mod seen_lies;
pub mod total_order;
pub mod validity;
pub mod view_told;
pub mod work;

use std::collections::BTreeSet;
use std::sync::Arc;

use quorate_host::{Answer, Event};
use quorate_protocol::message::{NewView, Request};
use quorate_protocol::{ClusterId, Largest, ReplicaId, Sequence, Signed, SignedMessage, Time};
use quorate_service::gathering::Happened;
use quorate_service::kv;

use crate::keys::keys;
use crate::plan::Plan;
use crate::process::{Packet, Process, Question};
use quorate_plan::Work;

pub use panic::Panicked;
pub(crate) use seen_lies::Heard;

/// A broken rule, with the process that broke it and how.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
#[expect(missing_docs, reason = "each is documented where it is defined")]
pub enum Violation {
    Accused(#[from] accused::HonestAccused),
    Agreement(#[from] agreement::Disagreement),
    Answered(#[from] answered::Undone),
    Bounded(#[from] bounded::Unbounded),
    Calm(#[from] calm::Uncalled),
    Certificates(#[from] certificates::BadCertificate),
    Checkpoints(#[from] checkpoints::CheckpointsDiffer),
    Culprits(#[from] culprits::WrongCulprits),
    EqualState(#[from] equal_state::StatesDiffer),
    ExactlyOnce(#[from] exactly_once::ExecutedTwice),
    Exchange(#[from] exchange::BadDecision),
    Fits(#[from] fits::TooLarge),
    Gathering(#[from] gathering::Misgathered),
    Left(#[from] left::Followed),
    Linearizable(#[from] linearizable::NotLinearizable),
    OwnReply(#[from] own_reply::NotItsOwn),
    Panic(#[from] Panicked),
    Refused(#[from] refused::Refused),
    SeenLies(#[from] seen_lies::Unproved),
    TotalOrder(#[from] total_order::OutOfOrder),
    Validity(#[from] validity::NeverAsked),
    ViewTold(#[from] view_told::NobodysView),
    Work(#[from] work::TooMuchWork),
}

impl Violation {
    /// The invariant's name and its rule.
    #[must_use]
    pub const fn rule(&self) -> (&'static str, &'static str) {
        match self {
            Self::Accused(_) => ("honest replicas are never accused", accused::RULE),
            Self::Agreement(_) => ("agreement", agreement::RULE),
            Self::Answered(_) => ("progress", answered::RULE),
            Self::Bounded(_) => ("bounded logs", bounded::RULE),
            Self::Calm(_) => ("calm", calm::RULE),
            Self::Certificates(_) => ("certificates verify", certificates::RULE),
            Self::Checkpoints(_) => ("checkpoints match", checkpoints::RULE),
            Self::Culprits(_) => ("culprits", culprits::RULE),
            Self::EqualState(_) => ("equal state", equal_state::RULE),
            Self::ExactlyOnce(_) => ("exactly once", exactly_once::RULE),
            Self::Exchange(_) => ("exchange", exchange::RULE),
            Self::Fits(_) => ("messages fit", fits::RULE),
            Self::Gathering(_) => ("gathering", gathering::RULE),
            Self::Left(_) => ("proved primaries are left", left::RULE),
            Self::Linearizable(_) => ("linearizable", linearizable::RULE),
            Self::OwnReply(_) => ("own reply", own_reply::RULE),
            Self::Panic(_) => ("no panic", panic::RULE),
            Self::Refused(_) => ("correct messages are taken", refused::RULE),
            Self::SeenLies(_) => ("seen lies are proved", seen_lies::RULE),
            Self::TotalOrder(_) => ("total order", total_order::RULE),
            Self::Validity(_) => ("validity", validity::RULE),
            Self::ViewTold(_) => ("the view told", view_told::RULE),
            Self::Work(_) => ("bounded work", work::RULE),
        }
    }

    /// Whether the rule holds for any number of faulty processes. The other rules are promised only for up to f.
    #[must_use]
    pub const fn is_never_excused(&self) -> bool {
        match self {
            Self::Accused(_)
            | Self::Bounded(_)
            | Self::Certificates(_)
            | Self::Culprits(_)
            | Self::Fits(_)
            | Self::Left(_)
            | Self::Panic(_)
            | Self::SeenLies(_)
            | Self::TotalOrder(_)
            | Self::Validity(_)
            | Self::Work(_) => true,
            Self::Agreement(_)
            | Self::Answered(_)
            | Self::Calm(_)
            | Self::Checkpoints(_)
            | Self::EqualState(_)
            | Self::ExactlyOnce(_)
            | Self::Exchange(_)
            | Self::Gathering(_)
            | Self::Linearizable(_)
            | Self::OwnReply(_)
            | Self::Refused(_)
            | Self::ViewTold(_) => false,
        }
    }

    /// The slot over which correct processes disagree.
    pub(crate) const fn slot(&self) -> Option<Sequence> {
        match self {
            Self::Agreement(disagreement) => Some(disagreement.sequence),
            Self::Culprits(wrong) => Some(wrong.disagreement.sequence),
            _ => None,
        }
    }

    /// The processes that the break of the rule proves faulty.
    #[must_use]
    pub fn culprits(&self) -> Vec<ReplicaId> {
        let culprits = match self {
            Self::Agreement(disagreement) => &disagreement.culprits,
            Self::Culprits(wrong) => &wrong.disagreement.culprits,
            _ => return Vec::new(),
        };
        culprits.iter().copied().collect()
    }
}

/// All invariants of one run.
#[derive(Debug)]
pub(crate) struct Invariants {
    correct: Vec<ReplicaId>,
    within_bound: bool,
    agreement: agreement::Agreement,
    bounded: bounded::Bounds,
    calm: calm::Calm,
    certificates: certificates::Certificates,
    checkpoints: checkpoints::Checkpoints,
    culprits: culprits::Culprits,
    exactly_once: exactly_once::ExactlyOnce,
    exchange: exchange::Decisions,
    gathering: gathering::Gatherings,
    /// The operations of outside clients, call by call.
    operations: Vec<String>,
    histories: linearizable::Histories,
    own_reply: own_reply::OwnReply,
    seen_lies: seen_lies::Seen,
    largest: Largest,
    total_order: total_order::TotalOrder,
    validity: validity::Validity,
    view_told: view_told::ViewTold,
    /// Nothing, if a keyed hash stands for signatures: a replica checks it as often as it sees it.
    work: Option<work::Totals>,
}

impl Invariants {
    /// The invariants of a run in which these processes are correct.
    pub(crate) fn new(
        plan: &Plan,
        cluster: ClusterId,
        correct: Vec<ReplicaId>,
        within_bound: bool,
    ) -> Self {
        let config = plan.engine.sound().config(ReplicaId(0), plan.quorum());
        let keys = keys(plan, ReplicaId(0), cluster);
        let requests: usize = plan.requests.values().map(Vec::len).sum();
        // All that may wait of a speaker, and what it has in proposals.
        let proposed = usize::try_from(config.window).unwrap_or(usize::MAX) * config.batch_limit;
        let flooded = plan.floods() * (config.limits.waiting_requests + proposed);
        let members = plan.gathering.as_ref().map_or(0, |one| one.members.len());
        let parts = plan.gathering.as_ref().map_or(0, |one| one.parts as usize);
        let ordered = members * (gathering::MOST_COMMANDS + parts);
        Self {
            bounded: bounded::Bounds::new(&config, plan.calls.len() + requests + flooded + ordered),
            calm: calm::Calm::new(config.quorum, config.view_timeout),
            culprits: culprits::Culprits::new(config.clone(), correct.clone()),
            seen_lies: seen_lies::Seen::new(config.clone(), &correct),
            largest: config.largest(),
            certificates: certificates::Certificates::new(config, keys),
            exchange: exchange::Decisions::new(plan, &correct),
            gathering: gathering::Gatherings::new(plan, correct.clone()),
            validity: validity::Validity::new(correct.clone()),
            agreement: agreement::Agreement::default(),
            checkpoints: checkpoints::Checkpoints::default(),
            exactly_once: exactly_once::ExactlyOnce::default(),
            operations: plan.calls.iter().map(|one| one.operation.clone()).collect(),
            histories: linearizable::Histories::default(),
            own_reply: own_reply::OwnReply::default(),
            total_order: total_order::TotalOrder::default(),
            view_told: view_told::ViewTold::default(),
            work: plan.real_keys.then(work::Totals::default),
            correct,
            within_bound,
        }
    }

    /// How many operations some correct process has executed.
    pub(crate) fn operations_executed(&self) -> u64 {
        self.exactly_once.operations() as u64
    }

    /// A process did something, at this time of its own clock.
    pub(crate) fn on_event(
        &mut self,
        by: ReplicaId,
        now: Time,
        event: &Event,
    ) -> Result<(), Violation> {
        match event {
            Event::Asked(request) => self.asked(std::slice::from_ref(request)),
            Event::Sent(outgoing) => self.said(by, &outgoing.message),
            _ => {}
        }
        if !self.correct.contains(&by) {
            return Ok(());
        }
        if self.within_bound {
            refused::check(&self.correct, by, event)?;
        }
        match event {
            Event::Executed {
                sequence,
                requests,
                results,
                proof,
            } => {
                self.own_reply.executed(*sequence, requests, results);
                self.certificates.committed(by, proof)?;
                self.culprits.committed(by, proof);
                self.executed(by, *sequence, requests)?;
            }
            // More than f liars may ask for any view, and correct processes follow.
            Event::View(view, active) if self.within_bound => {
                self.view_told.reached(*view);
                self.calm
                    .in_view(by, now, (*view, *active), self.exactly_once.of(by))?;
            }
            Event::Installed(sequence) => self.stands_at(by, *sequence),
            Event::Sent(outgoing) => {
                let bytes = outgoing.bytes.len();
                fits::check(&self.largest, by, &outgoing.message, bytes)?;
                self.certificates.said(by, &outgoing.message)?;
                self.checkpoints.said(by, &outgoing.message)?;
            }
            Event::Accused(evidence) => {
                accused::check(&self.correct, by, evidence)?;
                self.seen_lies.accused(by, evidence);
                self.calm.proved(by, evidence.accused());
            }
            _ => {}
        }
        Ok(())
    }

    /// Any process, also a liar, sends a message.
    fn said(&mut self, by: ReplicaId, message: &SignedMessage) {
        match message {
            SignedMessage::ViewChange(wish) => self.calm.wished(wish),
            // A liar's own requests wait as others do.
            SignedMessage::Request(request) if request.value().client.speaker() == Some(by) => {
                self.calm.asked(request.value());
            }
            SignedMessage::Standing(standing) => self.calm.remembers(standing.value().memory),
            _ => {}
        }
    }

    /// A process has signed these requests.
    pub(crate) fn asked(&mut self, requests: &[Request]) {
        for request in requests {
            self.validity.asked(request);
            self.calm.asked(request);
        }
    }

    fn executed(
        &mut self,
        by: ReplicaId,
        sequence: Sequence,
        requests: &[Request],
    ) -> Result<(), Violation> {
        self.calm.executed(by, requests.len());
        self.total_order.executed(by, sequence)?;
        let agreed = self.agreement.executed(by, sequence, requests);
        agreed.map_err(|disagreement| self.blame(disagreement))?;
        self.gathering.executed(sequence, requests);
        for request in requests {
            self.validity.executed(by, sequence, request)?;
            self.exactly_once.executed(by, sequence, request)?;
        }
        Ok(())
    }

    /// A process has written down the NEW-VIEW of the view that it enters.
    pub(crate) fn began(&mut self, by: ReplicaId, new_view: &Signed<NewView>) {
        if self.correct.contains(&by) {
            self.culprits.began(new_view);
        }
    }

    /// A process starts again, with nothing executed. Its disk has proofs against these processes.
    pub(crate) fn restarted(&mut self, by: ReplicaId, proved: BTreeSet<ReplicaId>) {
        if self.correct.contains(&by) {
            self.calm.restarts(by, &proved);
            self.seen_lies.restarted(by, proved);
            self.stands_at(by, Sequence(0));
        }
    }

    /// A client outside calls, by the call's place in the plan.
    pub(crate) fn called(&mut self, by: ReplicaId, call: usize) {
        if self.correct.contains(&by)
            && let Some(operation) = self.operations.get(call)
        {
            self.histories.called(call, operation);
        }
    }

    /// A correct process has handled a message, stands here now, and has done this.
    pub(crate) fn taken(
        &mut self,
        process: &Process,
        heard: &Heard,
        events: &[(Event, Option<Arc<Packet>>)],
    ) -> Result<(), Violation> {
        let (own, after) = (process.own(), process.status());
        Ok(self.seen_lies.taken(own, heard, after, events)?)
    }

    /// A process tells what has happened in its gathering.
    pub(crate) fn told(&mut self, by: ReplicaId, happened: &Happened) -> Result<(), Violation> {
        if self.correct.contains(&by) {
            self.gathering.told(by, happened)?;
        }
        Ok(())
    }

    /// A process answers what a caller has asked of it.
    pub(crate) fn answered(
        &mut self,
        by: ReplicaId,
        question: &Question,
        answer: &Answer,
    ) -> Result<(), Violation> {
        if self.correct.contains(&by)
            && let Answer::Outcome(outcome) = answer
        {
            self.own_reply.answered(by, question, outcome)?;
            if let Some((_, view)) = outcome.ordered
                && self.within_bound
            {
                self.view_told.told(by, view)?;
            }
        }
        Ok(())
    }

    /// A call returns.
    pub(crate) fn returned(
        &mut self,
        by: ReplicaId,
        call: usize,
        answer: kv::Answer,
    ) -> Result<(), Violation> {
        if self.correct.contains(&by) {
            self.histories.returned(call, answer)?;
        }
        Ok(())
    }

    /// Names the culprits of a disagreement. Within the bound, a disagreement is a bug of the engine, and no process need be
    /// faulty.
    fn blame(&self, mut disagreement: agreement::Disagreement) -> Violation {
        disagreement.culprits = self.culprits.of(&disagreement);
        match self.culprits.check(&disagreement) {
            Err(wrong) if !self.within_bound => wrong.into(),
            _ => disagreement.into(),
        }
    }

    fn stands_at(&mut self, by: ReplicaId, sequence: Sequence) {
        self.total_order.stands_at(by, sequence);
        self.exactly_once.stands_at(by, sequence);
    }

    /// Checks the correct processes at the end, when all have executed the same.
    pub(crate) fn on_end(&self, correct: &[&Process]) -> Result<(), Violation> {
        equal_state::check(correct)?;
        if self.within_bound {
            self.gathering.check_end(correct)?;
        }
        Ok(())
    }

    /// Checks a correct process after a step.
    pub(crate) fn on_step(&mut self, process: &Process, work: Work) -> Result<(), Violation> {
        let own = process.own();
        if let Some(totals) = &mut self.work {
            totals.add(own, work)?;
        }
        let sizes = process.sizes();
        self.bounded.check(own, sizes)?;
        if self.within_bound {
            self.bounded.check_fetched(own, sizes)?;
        }
        self.exchange.check(own, process.exchange())?;
        left::check(process)?;
        Ok(())
    }
}

/// The slot for people.
pub(crate) const fn slot(sequence: Sequence) -> u64 {
    sequence.0
}
