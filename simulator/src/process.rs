//! One process of a run: the same as live, and a disk that the run can take away.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_fault::behaviour::Behaviour;
use quorate_host::{
    self as host, Answer, Ask, Batch, Event, Heard, Journal, Outgoing, Past, RequestName, Setup,
    first_number,
};
use quorate_protocol::evidence;
use quorate_protocol::message::{Commit, NewView, Request};
use quorate_protocol::{
    Cached, ClientId, ClusterId, Config, Digest, Duration, Keys, Part, Record, ReplicaId, Sequence,
    Signed, SignedMessage, Sizes, Status, Time, Timestamp,
};
use quorate_service::exchange::{Exchange, Rules};
use quorate_service::gathering::{
    self, Activity, Choice, Gathering, Happened, Lot, Membership, Thing, Wish,
};
use quorate_service::{Operation, Service as _};
use quorate_trace::{Actor, Event as TraceEvent, EventId, Kind};

use crate::disk::Disk;
use crate::plan::{Back, Trouble};
use crate::words;
use quorate_plan::Work;

/// The bytes of a batch's head.
const HEAD: usize = 33;

/// What goes from one process to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    /// A batch of one message.
    Batch {
        /// Who says so, and the cluster.
        head: host::Head,
        /// Its name, if the run is traced.
        msg: Option<EventId>,
        /// The bytes behind the head.
        bytes: Arc<[u8]>,
        /// What they say to whoever can read them. `None`: nobody can.
        message: Option<Arc<SignedMessage>>,
        /// What its first recipient reads in the bytes, for all of them. Inside `None`: it cannot be read.
        opened: Cached<Option<Batch>>,
    },
    /// A vote of the exchange.
    Vote(Heard),
}

impl Packet {
    /// The packet of a message that leaves.
    fn of(head: host::Head, outgoing: &Outgoing) -> Self {
        let bytes = Arc::clone(&outgoing.bytes);
        let message = if outgoing.damaged {
            let read = Batch::read(head.sender, &bytes).ok();
            read.and_then(|batch| batch.messages.into_iter().next())
                .map(|one| Arc::new(one.message))
        } else {
            Some(Arc::clone(&outgoing.message))
        };
        Self::of_bytes(head, bytes, message).named(outgoing.msg)
    }

    /// The packet under this name.
    fn named(mut self, name: Option<EventId>) -> Self {
        if let Self::Batch { msg, .. } = &mut self {
            *msg = name;
        }
        self
    }

    /// A packet without a name, of these bytes, which say this to whoever can read them.
    pub(crate) fn of_bytes(
        head: host::Head,
        bytes: Arc<[u8]>,
        message: Option<Arc<SignedMessage>>,
    ) -> Self {
        Self::Batch {
            head,
            msg: None,
            bytes,
            message,
            opened: Cached::default(),
        }
    }

    /// The bytes that arrive. A vote of the exchange does not count.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Batch { bytes, .. } => HEAD + bytes.len(),
            Self::Vote(_) => 0,
        }
    }
}

/// Who asks a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Caller {
    /// Its user, for an operation. The number tells the operations apart.
    Request(u64),
    /// A client outside, by the call's place in the plan.
    Call(usize),
    /// Its user, for the decision of a round.
    Round(u64),
    /// Whoever carries its vote to this process.
    Carrier(ReplicaId),
    /// One who does not wait for the answer.
    Passer,
}

/// What a caller asked a process for.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// In words.
    pub(crate) words: String,
    /// The operation, encoded.
    pub(crate) operation: Vec<u8>,
    /// The name under which it asked, if it has one.
    pub(crate) name: Option<(ClientId, Timestamp)>,
}

/// What follows from an event at a process, in order.
#[derive(Debug)]
pub(crate) struct Step {
    /// The NEW-VIEWs of the views that it enters, as it has written them down.
    pub(crate) began: Vec<Signed<NewView>>,
    /// What it did, each with the packet that leaves, if one does.
    pub(crate) events: Vec<(Event, Option<Arc<Packet>>)>,
    /// What has happened in its gathering.
    pub(crate) told: Vec<Happened>,
    /// Its answers, each with the operation that was asked for, if the caller wanted one.
    pub(crate) answers: Vec<(Caller, Option<Question>, Answer)>,
    /// What it has cost.
    pub(crate) work: Work,
}

/// What a process is started with, whenever it starts.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) keys: Keys,
    pub(crate) cluster: ClusterId,
    pub(crate) config: Config,
    pub(crate) rules: Rules,
    pub(crate) behaviour: Option<Box<dyn Behaviour>>,
    pub(crate) gathers: Option<gathering::Plan>,
    /// What its user wants as soon as the first auction has ended.
    pub(crate) then: Vec<Wish>,
}

/// One process.
#[derive(Debug)]
pub struct Process {
    /// The number of its life grows with each start.
    origin: Origin,
    live: host::Process<Caller>,
    disk: Disk,
    /// The operations of its callers without an answer.
    unanswered: BTreeMap<Caller, Question>,
    /// The number of what happens next in its gathering.
    next_told: u64,
    /// What its user wants as soon as an auction has ended.
    wishes: Vec<Wish>,
    requests: u64,
    crashed: bool,
    /// The bytes that have arrived since its last turn.
    read: u64,
    /// The signatures that its keys had made and checked at the end of its last turn.
    signatures: Signatures,
    /// How it is called in the trace, if the run is traced.
    traced: Option<Traced>,
}

/// A process of a run that is traced.
#[derive(Debug)]
struct Traced {
    name: Actor,
    /// Its fault, in words.
    fault: Option<String>,
}

/// How many signatures a process has made and checked in this life.
#[derive(Clone, Copy, Debug, Default)]
struct Signatures {
    made: u64,
    checked: u64,
}

impl Process {
    pub(crate) fn new(origin: Origin) -> Self {
        Self {
            live: origin.start(Past::None),
            wishes: origin.then.clone(),
            origin,
            disk: Disk::default(),
            unanswered: BTreeMap::new(),
            next_told: 0,
            requests: 0,
            crashed: false,
            read: 0,
            signatures: Signatures::default(),
            traced: None,
        }
    }

    /// Keeps a trace under this name. `fault`: how the process misbehaves, in words.
    pub(crate) fn keep_trace(&mut self, name: Actor, fault: Option<String>) {
        self.traced = Some(Traced { name, fault });
        self.begin_journal();
    }

    /// Begins the journal of a life, if the run is traced. What is in it is taken out after every event, so it needs no bound.
    fn begin_journal(&mut self) {
        let Some(Traced { name, fault }) = &self.traced else {
            return;
        };
        let life = u32::try_from(self.origin.config.life).unwrap_or(u32::MAX);
        self.live.keep(Journal::new(*name, life, 0, usize::MAX));
        if let (Some(words), Some(journal)) = (fault, self.live.journal()) {
            journal.note(TraceEvent::new(Kind::Fault).what(words.clone()));
        }
    }

    /// Notes in the trace that it has stood still, and goes on.
    pub(crate) fn goes_on(&mut self, now: Time) {
        self.live.reach(now);
        if let Some(journal) = self.live.journal() {
            journal.note(TraceEvent::was_paused());
        }
    }

    /// What it did, if the run is traced.
    pub(crate) fn journal(&mut self) -> Option<&mut Journal> {
        self.live.journal()
    }

    /// Which process it is.
    #[must_use]
    pub const fn own(&self) -> ReplicaId {
        self.live.own()
    }

    /// The progress of its replica.
    #[must_use]
    pub fn status(&self) -> Status {
        self.live.replica().status()
    }

    /// Whether its replica votes in its current view.
    #[must_use]
    pub fn votes(&self) -> bool {
        self.live.replica().votes()
    }

    /// How long its replica waits for progress, by its clock.
    #[must_use]
    pub const fn patience(&self) -> Duration {
        self.live.replica().patience()
    }

    /// The lies that it can prove: whose they are, and of which kind.
    pub fn proofs(&self) -> impl Iterator<Item = (ReplicaId, evidence::Kind)> + '_ {
        let proofs = self.live.replica().proofs();
        proofs.map(|one| (one.accused(), one.kind()))
    }

    /// Whether it has proved another process faulty, and that counts.
    #[must_use]
    pub fn convicts(&self, other: ReplicaId) -> bool {
        self.live.replica().convicts(other)
    }

    /// How much its replica keeps.
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        self.live.replica().sizes()
    }

    /// Its exchange.
    #[must_use]
    pub const fn exchange(&self) -> &Exchange {
        self.live.service().exchange()
    }

    /// Its gathering.
    #[must_use]
    pub const fn gathering(&self) -> &Gathering {
        self.live.service().gathering()
    }

    /// What its gathering still waits for, in words. `None` if all is done, or if it does not gather.
    #[must_use]
    pub fn gathers_still(&self) -> Option<String> {
        self.origin.gathers.as_ref()?;
        let state = self.gathering();
        if state.founded().is_none() {
            return Some("the founding".to_owned());
        }
        if let Some(waits) = state.waits().first() {
            return Some(waits.to_string());
        }
        if let Some(lot) = state.unrevealed(self.own()) {
            return Some(format!("its late reveal for '{lot}'"));
        }
        let is_opened = match state.choice().and_then(|choice: &Choice| choice.chosen) {
            Some(Activity::Auction) => state.lots().len() > 1,
            Some(Activity::Vote) => !state.questions().is_empty(),
            Some(Activity::Work) => !state.jobs().is_empty(),
            Some(Activity::Store) | None => true,
        };
        (!is_opened).then(|| "something to do".to_owned())
    }

    /// The digests of the parts of its reply table.
    #[must_use]
    pub fn reply_table(&self) -> Vec<Digest> {
        self.live.replica().reply_table()
    }

    /// The digests of the parts of its service's state: the rounds, the ledger and the store.
    #[must_use]
    pub fn service_state(&self) -> Vec<Digest> {
        let parts = self.live.service().snapshot();
        parts.iter().map(Part::digest).collect()
    }

    /// A request of it that has no answer, in words; `None` if all requests are answered.
    #[must_use]
    pub fn waits_for(&self) -> Option<String> {
        let unanswered = self.unanswered.values().next();
        unanswered.map(|one| one.words.clone()).or_else(|| {
            self.live
                .is_busy()
                .then(|| "its part in the exchange".to_owned())
        })
    }

    pub(crate) const fn has_crashed(&self) -> bool {
        self.crashed
    }

    /// When its next turn is due, by its clock, if nothing happens before.
    pub(crate) fn due(&self) -> Option<Time> {
        self.live.due()
    }

    /// Ends and starts again, with its disk or without. Unanswered requests of its user are lost. A faulty process stays
    /// faulty.
    pub(crate) fn restart(&mut self, back: Back) {
        self.origin.config.life += 1;
        if back == Back::LostCommit {
            self.disk.lose_last();
        }
        let past = if back == Back::WithoutDisk {
            self.disk.clear();
            Past::Lost
        } else {
            Past::Kept(self.disk.records().to_vec())
        };
        self.live = self.origin.start(past);
        self.begin_journal();
        self.signatures = Signatures::default();
        if self.live.has_forgotten() {
            self.disk.clear();
        }
        self.unanswered.clear();
        self.next_told = 0;
        self.wishes.clone_from(&self.origin.then);
    }

    /// The NEW-VIEWs on its disk. One of them may have got there at the commit at which the process ended.
    pub(crate) fn kept_new_views(&self) -> impl Iterator<Item = Signed<NewView>> + '_ {
        self.disk.records().iter().filter_map(began)
    }

    /// The COMMITs by which it has executed a slot since it started.
    pub(crate) fn certificate(&self, slot: Sequence) -> Option<&[Signed<Commit>]> {
        self.live.archive().certificate(slot)
    }

    /// At its next commit this happens.
    pub(crate) const fn expect(&mut self, trouble: Trouble) {
        self.disk.expect(trouble);
    }

    /// A packet arrives.
    pub(crate) fn on_packet(&mut self, now: Time, packet: &Packet) {
        self.live.reach(now);
        match packet {
            Packet::Batch {
                head,
                msg,
                bytes,
                opened,
                ..
            } => {
                self.read += packet.size() as u64;
                let open = || Batch::read(head.sender, bytes).ok();
                match opened.get_or_make(open) {
                    Some(batch) if !batch.messages.is_empty() => {
                        let mut batch = batch.clone();
                        for one in &mut batch.messages {
                            one.msg = *msg;
                        }
                        self.live.deliver(batch);
                    }
                    // What cannot be read is refused where it arrives, as live.
                    Some(_) | None => {
                        if let Some(journal) = self.live.journal() {
                            journal.unreadable(*msg, head.sender);
                        }
                    }
                }
            }
            Packet::Vote(heard) => {
                self.live.ask(now, Ask::Hear(heard.clone()), Caller::Passer);
            }
        }
    }

    /// Its user wants an operation ordered. Returns who will have the answer.
    pub(crate) fn ask(&mut self, now: Time, operation: Operation) -> Caller {
        self.requests += 1;
        let caller = Caller::Request(self.requests);
        let told = words::operation(&operation.encode());
        let told = format!("{told} of {}", self.own());
        self.submit(now, operation, None, caller, told);
        caller
    }

    /// A client outside calls, under a name or without one. `read KEY` is read-only and not ordered; every other operation
    /// is ordered.
    pub(crate) fn call(
        &mut self,
        now: Time,
        call: usize,
        operation: &str,
        name: Option<RequestName>,
    ) {
        let caller = Caller::Call(call);
        let told = format!("call {} of the clients outside", call + 1);
        match operation.strip_prefix("read ") {
            Some(key) => {
                let operation = Operation::KeyValue(format!("get {key}"));
                let question = Question {
                    words: told,
                    operation: operation.encode(),
                    name: None,
                };
                self.unanswered.insert(caller, question);
                self.live.ask(now, Ask::Read(operation), caller);
            }
            None => {
                let operation = Operation::KeyValue(operation.to_owned());
                self.submit(now, operation, name, caller, told);
            }
        }
    }

    /// A client outside hangs up.
    pub(crate) fn hang_up(&mut self, call: usize) {
        let caller = Caller::Call(call);
        self.unanswered.remove(&caller);
        self.live.give_up(|one| *one == caller);
    }

    fn submit(
        &mut self,
        now: Time,
        operation: Operation,
        name: Option<RequestName>,
        caller: Caller,
        told: String,
    ) {
        let question = Question {
            words: told,
            operation: operation.encode(),
            name: name.as_ref().map(|one| (one.client, one.timestamp)),
        };
        self.unanswered.insert(caller, question);
        self.live.ask(now, Ask::Submit { operation, name }, caller);
    }

    /// The process's user wants it to send its decision of a round to all others, and to finalize the round.
    pub(crate) fn play_round(&mut self, now: Time, round: u64, decision: &str) {
        let (own, n) = (self.own(), self.origin.config.quorum.n());
        for recipient in (0..n).map(ReplicaId).filter(|to| *to != own) {
            let vote = Ask::Vote {
                recipient,
                decision: decision.to_owned(),
                round: Some(round),
            };
            self.live.ask(now, vote, Caller::Carrier(recipient));
        }
        // Its user may have asked before.
        self.live.give_up(|caller| *caller == Caller::Round(round));
        self.live
            .ask(now, Ask::Finalize(Some(round)), Caller::Round(round));
    }

    /// Handles everything that has happened to it.
    ///
    /// # Errors
    /// It ends at the commit of its records, and nothing leaves. The requests are those that it has signed.
    pub(crate) fn turn(&mut self, now: Time) -> Result<Step, Vec<Request>> {
        let turn = self.live.turn(now);
        let began = turn.records().iter().filter_map(began).collect();
        let asked = turn.asked().cloned().collect();
        let Ok(released) = turn.write(&mut self.disk) else {
            if let Some(journal) = self.live.journal() {
                journal.take_back();
                journal.note(TraceEvent::new(Kind::Fault).what("ends at a commit"));
            }
            return Err(asked);
        };
        self.crashed |= released.crashed;
        let answers = released.answers.into_iter().map(|(caller, answer)| {
            let question = self.unanswered.remove(&caller);
            (caller, question, answer)
        });
        let answers = answers.collect();
        let head = self.live.head();
        let mut work = self.work();
        let events = released.events.into_iter().map(|event| {
            let packet = match &event {
                Event::Sent(outgoing) => {
                    work.written += outgoing.bytes.len() as u64;
                    Some(Arc::new(Packet::of(head, outgoing)))
                }
                _ => None,
            };
            (event, packet)
        });
        let events = events.collect();
        let log = self.gathering().log();
        let told = log.from(self.next_told).cloned().collect();
        self.next_told = log.next();
        self.wish_again(now);
        Ok(Step {
            began,
            events,
            told,
            answers,
            work,
        })
    }

    /// Its user sees that the first auction has ended, and wants more. It asks again after a restart, and is told if that was
    /// granted before.
    fn wish_again(&mut self, now: Time) {
        let state = self.gathering();
        let ended = |lot: &Thing<Lot>| lot.what.reveals_closing.at().is_some();
        if state.lots().iter().any(ended) {
            for wish in std::mem::take(&mut self.wishes) {
                self.live.ask(now, Ask::Wish(wish), Caller::Passer);
            }
        }
    }

    /// What it has done since its last turn, but for what it writes. A message that it only sends on was signed before.
    fn work(&mut self) -> Work {
        let keys = self.live.keys();
        let now = Signatures {
            made: keys.signed(),
            checked: keys.checked(),
        };
        let before = std::mem::replace(&mut self.signatures, now);
        Work {
            signed: now.made - before.made,
            checked: now.checked - before.checked,
            read: std::mem::take(&mut self.read),
            written: 0,
        }
    }
}

impl Origin {
    fn start(&self, past: Past) -> host::Process<Caller> {
        host::Process::new(Setup {
            keys: self.keys.clone(),
            membership: Membership::plain(self.cluster, self.config.quorum),
            config: self.config.clone(),
            rules: self.rules.clone(),
            behaviour: self.behaviour.clone(),
            past,
            first_number: first_number(self.config.life),
            trusts_callers: self.gathers.is_some(),
            gathers: self.gathers.clone(),
        })
    }
}

/// The NEW-VIEW in a record of one.
fn began(record: &Record) -> Option<Signed<NewView>> {
    match record {
        Record::NewView(message) => match message.as_ref() {
            SignedMessage::NewView { new_view, .. } => Some(new_view.clone()),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use quorate_host::{Event, Head};
    use quorate_protocol::message::Request;
    use quorate_protocol::{
        ClusterId, Config, Keys, Quorum, ReplicaId, SignedMessage, Time, Timestamp,
    };
    use quorate_service::Operation;
    use quorate_service::exchange::Rules;

    use super::{Origin, Packet, Process, Step};

    const CLUSTER: ClusterId = ClusterId([7; 32]);
    const Q: ReplicaId = ReplicaId(1);
    const S: ReplicaId = ReplicaId(3);

    fn q() -> Process {
        let quorum = Quorum::of(NonZeroU32::new(4).unwrap());
        Process::new(Origin {
            keys: Keys::simulated(Q, 4, CLUSTER),
            cluster: CLUSTER,
            config: Config::new(Q, quorum),
            rules: Rules {
                quorum,
                default_decision: "retreat".to_owned(),
            },
            behaviour: None,
            gathers: None,
            then: Vec::new(),
        })
    }

    fn request_of_s() -> Packet {
        let request = Request::new(S.into(), Timestamp(1), Vec::new());
        let request = Keys::simulated(S, 4, CLUSTER).sign(request);
        let message = SignedMessage::Request(request.into_signed());
        let bytes = postcard::to_stdvec(&message).unwrap();
        let head = Head {
            cluster: CLUSTER,
            sender: S,
        };
        Packet::of_bytes(head, bytes.into(), None)
    }

    /// How many messages leave, and how many of them others have signed.
    fn sent(step: &Step) -> (u64, u64) {
        let signers = step.events.iter().filter_map(|(event, _)| match event {
            Event::Sent(outgoing) => Some(outgoing.message.signer()),
            _ => None,
        });
        let signers: Vec<_> = signers.collect();
        let others = signers.iter().filter(|signer| **signer != Q);
        (signers.len() as u64, others.count() as u64)
    }

    #[test]
    fn a_message_that_a_process_sends_on_costs_it_no_signature() {
        let mut q = q();
        q.turn(Time(0)).unwrap();
        q.on_packet(Time(0), &request_of_s());
        q.turn(Time(0)).unwrap();
        let (now, step) = loop {
            let now = q.due().unwrap();
            let step = q.turn(now).unwrap();
            if sent(&step).1 > 0 {
                break (now, step);
            }
        };
        assert_eq!(
            (sent(&step), step.work.signed),
            ((2, 1), 1),
            "a standing, and the request, at {now:?}"
        );
    }

    #[test]
    fn the_signatures_that_a_caller_makes_a_process_make_between_two_turns_count_in_the_next() {
        let mut q = q();
        q.turn(Time(0)).unwrap();
        q.ask(Time(0), Operation::KeyValue("set x=1".to_owned()));
        let step = q.turn(Time(0)).unwrap();
        assert_eq!((sent(&step), step.work.signed), ((1, 0), 1), "the request");
    }
}
