//! One process without I/O: a replica, its service, its timers, and the clients that it speaks for. Events go in, and
//! [`Host::settle`] returns what to do about them. The caller sends, stores and waits.

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

/// Something to do outside, in order. `T` is the value that the caller gave with its operation.
#[derive(Clone, Debug)]
pub enum Deed<T> {
    /// Send it to all other processes.
    Broadcast(Arc<SignedMessage>),
    /// Send it to one other process.
    Send(ReplicaId, Arc<SignedMessage>),
    /// Write it to disk before doing anything that follows it here (rule 22).
    Persist(Box<Record>),
    /// These requests have executed in this slot. For observers only.
    Executed(Sequence, Vec<Request>),
    /// The result of a caller's operation.
    Returned(T, Outcome),
    /// The view number, and whether the view has started (true) or is only asked for (false). For observers only.
    View(View, bool),
    /// The state up to this slot was fetched from others and installed. For observers only.
    Installed(Sequence),
    /// At this checkpoint the state differs from a quorum's. The replica now repairs it. For observers only.
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
    /// The answers that the replica waits for. It gets them before any other input, in the order in which it asked.
    answers: VecDeque<Input>,
    inputs: VecDeque<Input>,
    deeds: Vec<Deed<T>>,
}

impl<T> Host<T> {
    /// A process that starts. `life` must differ from that of every earlier life that the others may remember, because
    /// the client names of this process contain it.
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

    /// The replica, read-only.
    #[must_use]
    pub const fn replica(&self) -> &Replica {
        self.replica.replica()
    }

    /// The keys of this process. Public keys may be added later.
    pub const fn keys(&mut self) -> &mut Keys {
        &mut self.keys
    }

    /// A message from another replica has arrived.
    pub fn deliver(&mut self, message: SignedMessage) {
        match self.keys.verify_message(message) {
            Ok(message) => self.inputs.push_back(Input::Message(message)),
            Err(misbehaviour) => self.deeds.push(Deed::Refused(misbehaviour)),
        }
    }

    /// Orders an operation for a caller. The result comes as [`Deed::Returned`].
    pub fn submit(&mut self, operation: &Operation, caller: T) {
        let request = self.desk.submit(&self.keys, operation.encode(), caller);
        self.inputs.push_back(Input::Submit(request));
    }

    /// Answers a read-only operation for a caller: without ordering if enough replicas give the same answer, otherwise
    /// with. The result comes as [`Deed::Returned`].
    pub fn read(&mut self, operation: &Operation, caller: T) {
        let query = self.desk.read(operation.encode(), caller);
        self.inputs.push_back(Input::Ask(query));
    }

    /// The number of operations without a result.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.desk.count()
    }

    /// Those callers whose operation has a slot but no result yet, with the slot. Only callers for which `wants`
    /// returns true.
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

    /// Stops waiting for the operations of these callers, and returns the callers.
    pub fn give_up(&mut self, gone: impl FnMut(&T) -> bool) -> Vec<T> {
        self.desk.give_up(gone)
    }

    /// When the next timer runs out.
    #[must_use]
    pub fn next_due(&self) -> Option<Time> {
        self.timers.values().min().copied()
    }

    /// Handles everything that has happened, and the timers that have run out at `now`.
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
