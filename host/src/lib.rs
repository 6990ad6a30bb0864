//! One process without I/O: a replica, the service that it executes on, its timers, and the clients that it speaks for.
//! What happens goes in, [`Host::settle`] says what to do about it; who sends, stores and waits is outside.

mod desk;
mod perform;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use quorate_fault::Faulty;
use quorate_protocol::message::Request;
use quorate_protocol::{
    Evidence, Input, Keys, Misbehaviour, Quorum, Record, Replica, ReplicaId, Sequence,
    SignedMessage, Time, Timer, View,
};
use quorate_service::exchange::Rules;
use quorate_service::{Operation, Replicated};

use desk::Desk;
pub use desk::Outcome;

/// What is to be done outside, in order. `T` is what a caller gave with its operation.
#[derive(Clone, Debug)]
pub enum Deed<T> {
    /// Send it to all others.
    Broadcast(Arc<SignedMessage>),
    /// Send it to one other.
    Send(ReplicaId, Arc<SignedMessage>),
    /// Write it down before anything that stands after it is done (rule 22).
    Persist(Box<Record>),
    /// These requests have executed in a slot; for whoever watches.
    Executed(Sequence, Vec<Request>),
    /// A caller's operation has come to this.
    Returned(T, Outcome),
    /// A view is wanted, or has started; for whoever watches.
    View(View, bool),
    /// The state up to a slot was taken over from others; for whoever watches.
    Installed(Sequence),
    /// This state is not what a quorum has, and is about to be repaired; for whoever watches.
    Diverged(Sequence),
    /// A message was refused.
    Refused(Misbehaviour),
    /// A replica is proved faulty.
    Accused(Box<Evidence>),
}

/// One process.
#[derive(Debug)]
pub struct Host<T> {
    own: ReplicaId,
    keys: Keys,
    replica: Faulty,
    service: Replicated,
    desk: Desk<T>,
    timers: BTreeMap<Timer, Time>,
    /// What the replica waits for before anything else, in the order in which it asked.
    answers: VecDeque<Input>,
    inputs: VecDeque<Input>,
    deeds: Vec<Deed<T>>,
}

impl<T> Host<T> {
    /// A process that starts. `life` must be another than in any earlier life of it that the others may remember: the names
    /// of the clients that it speaks for begin with it.
    #[must_use]
    pub fn new(keys: Keys, quorum: Quorum, replica: Replica, life: u64) -> Self {
        let rules = Rules {
            quorum,
            default_decision: "retreat".to_owned(),
        };
        let own = keys.own();
        Self {
            own,
            keys,
            replica: Faulty::new(replica, None),
            service: Replicated::new(rules),
            desk: Desk::new(own, quorum, life),
            timers: BTreeMap::new(),
            answers: VecDeque::new(),
            inputs: VecDeque::from([Input::Start]),
            deeds: Vec::new(),
        }
    }

    /// The replica, to look at.
    #[must_use]
    pub const fn replica(&self) -> &Replica {
        self.replica.replica()
    }

    /// Its keys; others' may become known later.
    pub const fn keys(&mut self) -> &mut Keys {
        &mut self.keys
    }

    /// A message of another replica has come.
    pub fn deliver(&mut self, message: SignedMessage) {
        match self.keys.verify_message(message) {
            Ok(message) => self.inputs.push_back(Input::Message(message)),
            Err(misbehaviour) => self.deeds.push(Deed::Refused(misbehaviour)),
        }
    }

    /// A caller wants an operation ordered; it [`Deed::Returned`]s.
    pub fn submit(&mut self, operation: &Operation, caller: T) {
        let request = self.desk.submit(&self.keys, operation.encode(), caller);
        self.inputs.push_back(Input::Submit(request));
    }

    /// A caller wants a read-only operation answered without ordering it, if the replicas are of one mind; it
    /// [`Deed::Returned`]s.
    pub fn read(&mut self, operation: &Operation, caller: T) {
        let query = self.desk.read(operation.encode(), caller);
        self.inputs.push_back(Input::Ask(query));
    }

    /// How many operations are not known to have executed.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.desk.count()
    }

    /// The callers among those that `wants` says whose operation has a slot and is not known to have executed, with the slot.
    pub fn placed(
        &mut self,
        wants: impl Fn(&T) -> bool,
    ) -> impl Iterator<Item = (&mut T, Sequence)> {
        let replica = self.replica.replica();
        self.desk
            .ordered()
            .filter(move |(_, _, caller)| wants(caller))
            .filter_map(|(client, timestamp, caller)| {
                Some((caller, replica.slot_of(client, timestamp)?))
            })
    }

    /// Stops waiting for what these callers want.
    pub fn give_up(&mut self, gone: impl FnMut(&T) -> bool) -> Vec<T> {
        self.desk.give_up(gone)
    }

    /// When the next timer runs out.
    #[must_use]
    pub fn next_due(&self) -> Option<Time> {
        self.timers.values().min().copied()
    }

    /// Works off what has happened, and the timers that have run out at `now`.
    pub fn settle(&mut self, now: Time) -> Vec<Deed<T>> {
        while let Some(timer) = self.take_due(now) {
            if timer == Timer::Status {
                let (requests, queries) = self.desk.overdue();
                self.inputs.extend(requests.into_iter().map(Input::Submit));
                self.inputs.extend(queries.into_iter().map(Input::Ask));
            }
            self.inputs.push_back(Input::Timer(timer));
        }
        while let Some(input) = self.answers.pop_front().or_else(|| self.inputs.pop_front()) {
            for effect in self.replica.step(now, input) {
                self.perform(effect);
            }
        }
        std::mem::take(&mut self.deeds)
    }

    fn take_due(&mut self, now: Time) -> Option<Timer> {
        let due = self.timers.iter().find(|(_, at)| **at <= now);
        let timer = due.map(|(timer, _)| *timer)?;
        self.timers.remove(&timer);
        Some(timer)
    }
}
