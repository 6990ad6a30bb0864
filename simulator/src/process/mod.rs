//! One process: replica, exchange, session and timers, put together as in a live one.

mod desk;
mod perform;
mod rounds;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use quorate_fault::Faulty;
use quorate_protocol::message::{Commit, NewView, Request};
use quorate_protocol::{
    ClientId, Config, Duration, Evidence, Input, Keys, Misbehaviour, Record, Replica, ReplicaId,
    Sequence, Signed, SignedMessage, Sizes, Status, Time, Timer, Timestamp, View,
};
use quorate_service::exchange::{Command, Exchange, Participant, Rules, Vote};
use quorate_service::session::Session;
use quorate_service::{Operation, Replicated, kv};

use crate::words;
use desk::Desk;

/// The contents of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    /// A message between replicas.
    Protocol(SignedMessage),
    /// A vote of the exchange.
    Vote(Signed<Vote>),
    /// Bytes that nobody can read.
    Garbage,
}

/// The actions of a process, as the world and the invariants see them.
#[derive(Clone, Debug)]
pub enum Deed {
    /// It sends a packet to all others.
    Broadcast(Arc<Packet>),
    /// It sends a packet to one other.
    Send(ReplicaId, Arc<Packet>),
    /// It sends a packet to one other, after a delay.
    SendLate(ReplicaId, Arc<Packet>, Duration),
    /// It sets a timer, by its own clock.
    SetTimer(Timer, Time),
    /// It wants to be woken, by its own clock.
    WakeAt(Time),
    /// It asks for an operation as a client.
    Ask(Request),
    /// It has proof that a slot is committed, and is about to execute it.
    Committed(Vec<Signed<Commit>>),
    /// A client outside calls, by the call's place in the plan.
    Called(usize),
    /// A call returns.
    Returned(usize, kv::Answer),
    /// It executes a slot.
    Execute(Sequence, Vec<Request>),
    /// It starts again, with nothing executed.
    Restart,
    /// It takes over the state up to a slot.
    Install(Sequence),
    /// Its state differs from that of a quorum.
    Diverged(Sequence),
    /// It has the result of its own request.
    Answered(Timestamp),
    /// It wants a view, or has started it.
    View(View, bool),
    /// It has written down the NEW-VIEW of the view that it enters.
    Began(Signed<NewView>),
    /// It refuses a message.
    Refuse(Misbehaviour),
    /// It can prove another process faulty.
    Accuse(Box<Evidence>),
}

/// One process.
#[derive(Debug)]
pub struct Process {
    own: ReplicaId,
    keys: Keys,
    replica: Faulty,
    /// The configuration of its engine. The number of its life grows with each start without a disk.
    config: Config,
    rules: Rules,
    service: Replicated,
    /// The records on its disk.
    disk: Vec<Record>,
    participant: Participant,
    session: Session,
    desk: Desk,
    /// When it last started again, by its clock.
    started: u64,
    timers: BTreeMap<Timer, Time>,
    /// The next time at which a faulty replica is woken, as far as the world was told.
    wake_at: Option<Time>,
    /// Its last request.
    asked: Option<Request>,
    operations: VecDeque<Vec<u8>>,
    commands: VecDeque<Command>,
    /// The answers that the replica must get before any other input, in the order of its questions.
    answers: VecDeque<Input>,
    inputs: VecDeque<Input>,
    deeds: Vec<Deed>,
}

impl Process {
    pub(crate) fn new(keys: Keys, config: Config, replica: Faulty, rules: Rules) -> Self {
        let own = keys.own();
        let desk = Desk::new(&config, 0);
        Self {
            own,
            keys,
            replica,
            config,
            service: Replicated::new(rules.clone()),
            rules,
            disk: Vec::new(),
            participant: Participant::default(),
            session: Session::new(ClientId::from(own), Timestamp(0)),
            desk,
            started: 0,
            timers: BTreeMap::new(),
            wake_at: None,
            asked: None,
            operations: VecDeque::new(),
            commands: VecDeque::new(),
            answers: VecDeque::new(),
            inputs: VecDeque::new(),
            deeds: Vec::new(),
        }
    }

    /// Which process it is.
    #[must_use]
    pub const fn own(&self) -> ReplicaId {
        self.own
    }

    /// The progress of its replica.
    #[must_use]
    pub fn status(&self) -> Status {
        self.replica.replica().status()
    }

    /// How much its replica keeps.
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        self.replica.replica().sizes()
    }

    /// Its exchange.
    #[must_use]
    pub const fn exchange(&self) -> &Exchange {
        self.service.exchange()
    }

    /// A request of it that has no answer, in words; `None` if all requests are answered.
    #[must_use]
    pub fn waits_for(&self) -> Option<String> {
        let asked = self.asked.as_ref().filter(|_| !self.session.is_free());
        let next = self.operations.front();
        if let Some(request) = asked {
            Some(words::request(request))
        } else if let Some(operation) = next {
            Some(words::operation(operation))
        } else if !self.commands.is_empty() {
            Some("its part in the exchange".to_owned())
        } else {
            self.desk.waits_for()
        }
    }

    pub(crate) const fn has_crashed(&self) -> bool {
        self.replica.has_crashed()
    }

    /// Comes to life.
    pub(crate) fn start(&mut self, now: Time) -> Vec<Deed> {
        self.inputs.push_back(Input::Start);
        self.settle(now)
    }

    /// Ends and starts again, with its disk or without. Unanswered requests of its user are lost. Requests are numbered by the
    /// clock, so the next request is later than all before. A faulty process stays faulty.
    pub(crate) fn restart(&mut self, now: Time, disk: bool) -> Vec<Deed> {
        let replica = if self.replica.forgets() {
            self.disk.clear();
            Replica::new(self.config.clone())
        } else if disk {
            Replica::restore(self.config.clone(), self.disk.iter().cloned())
        } else {
            self.disk.clear();
            self.config.life += 1;
            Replica::rejoin(self.config.clone())
        };
        self.replica.restart(replica);
        self.wake_at = None;
        self.service = Replicated::new(self.rules.clone());
        self.participant = Participant::default();
        // A start takes time, so no two starts happen at the same moment.
        self.started = now.0.max(self.started + 1000);
        self.session = Session::new(ClientId::from(self.own), Timestamp(self.started));
        self.desk = Desk::new(&self.config, self.started);
        self.timers.clear();
        self.operations.clear();
        self.commands.clear();
        self.deeds.push(Deed::Restart);
        self.start(now)
    }

    /// A timer runs out, if it is still set to `due`.
    pub(crate) fn on_timer(&mut self, now: Time, timer: Timer, due: Time) -> Vec<Deed> {
        if self.timers.get(&timer) == Some(&due) {
            self.timers.remove(&timer);
            self.inputs.push_back(Input::Timer(timer));
            if timer == Timer::Status {
                self.ask_again();
            }
        }
        self.settle(now)
    }

    /// Lets a faulty replica act late or on its own, unless it asked to be woken before `due`.
    pub(crate) fn on_wake(&mut self, now: Time, due: Time) -> Vec<Deed> {
        if self.wake_at != Some(due) {
            return Vec::new();
        }
        self.wake_at = None;
        for effect in self.replica.wake(now) {
            self.perform(effect);
        }
        self.settle(now)
    }

    /// A packet arrives.
    pub(crate) fn on_packet(&mut self, now: Time, packet: &Packet) -> Vec<Deed> {
        match packet {
            Packet::Protocol(message) => match self.keys.verify_message(message.clone()) {
                Ok(message) => self.inputs.push_back(Input::Message(message)),
                Err(misbehaviour) => self.deeds.push(Deed::Refuse(misbehaviour)),
            },
            Packet::Vote(vote) => self.on_vote(now, vote),
            Packet::Garbage => {}
        }
        self.settle(now)
    }

    /// Its user wants an operation ordered.
    pub(crate) fn ask(&mut self, now: Time, operation: Vec<u8>) -> Vec<Deed> {
        self.operations.push_back(operation);
        self.settle(now)
    }

    /// Steps the replica until nothing is left to do. Then orders the waiting requests.
    fn settle(&mut self, now: Time) -> Vec<Deed> {
        loop {
            while let Some(input) = self.answers.pop_front().or_else(|| self.inputs.pop_front()) {
                for effect in self.replica.step(now, input) {
                    self.perform(effect);
                }
            }
            if !self.order() {
                break;
            }
        }
        let wake_at = self.replica.wake_at();
        if let Some(at) = wake_at
            && self.wake_at.is_none_or(|before| at < before)
        {
            self.wake_at = wake_at;
            self.deeds.push(Deed::WakeAt(at));
        }
        std::mem::take(&mut self.deeds)
    }

    /// If no request is in progress: orders the operations of the exchange as one request, or otherwise the user's next one.
    fn order(&mut self) -> bool {
        for command in self.participant.take_commands(self.service.exchange()) {
            let command = self.misreport(command);
            self.commands.push_back(command);
        }
        if !self.session.is_free() {
            return false;
        }
        let operation = if self.commands.is_empty() {
            self.operations.pop_front()
        } else {
            Some(Operation::Exchange(self.commands.drain(..).collect()).encode())
        };
        let Some(operation) = operation else {
            return false;
        };
        let request = self.session.request(operation);
        self.asked = Some(request.clone());
        self.deeds.push(Deed::Ask(request.clone()));
        self.inputs
            .push_back(Input::Submit(self.keys.sign(request)));
        true
    }
}
