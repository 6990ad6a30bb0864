//! A replica with its keys, its service and its timers. Inputs go in, records and events come out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;

use quorate_fault::Faulty;
use quorate_fault::behaviour::Behaviour;
#[cfg(feature = "mutants")]
use quorate_protocol::Mutant;
use quorate_protocol::message::{Query, Request};
use quorate_protocol::{
    Input, Keys, Pardon, Record, Replica, ReplicaId, Time, Timer, Verified, VerifiedMessage,
};
use quorate_service::{Operation, Service};
use quorate_trace::{self as trace, EventId};

use crate::Answer;
use crate::archive::Archive;
use crate::batch::{Arrived, Batch};
use crate::desk::name_of;
use crate::event::{Event, Leaving};
use crate::journal::Journal;
use crate::meter::Meter;
use crate::queue::Name;
use crate::turn::{Released, Turn};
use crate::views::ViewLog;

/// A replica, its keys, its service and its timers.
#[derive(Clone, Debug)]
pub struct Core<S> {
    pub(crate) keys: Keys,
    pub(crate) replica: Faulty,
    pub(crate) service: S,
    pub(crate) timers: BTreeMap<Timer, Time>,
    /// The answers that the replica waits for. It gets them before any other input, in the order in which it asked.
    pub(crate) answers: VecDeque<Caused>,
    /// What the process says to itself, and what it asks for. The replica gets it before any message of others.
    pub(crate) inputs: VecDeque<Caused>,
    /// Requests that this process has signed, and that it submits as soon as its earlier ones leave room for them.
    pub(crate) held: VecDeque<(Option<EventId>, Verified<Request>)>,
    /// Messages of others that nobody has looked at yet, by batch.
    pub(crate) arrived: VecDeque<(ReplicaId, VecDeque<Arrived>)>,
    pub(crate) records: Vec<Record>,
    /// The records that a mutant has not written yet.
    #[cfg(feature = "mutants")]
    late: Vec<Record>,
    pub(crate) events: Vec<Event>,
    pub(crate) leaving: Vec<Leaving>,
    /// Replies, and answers to queries, for the clients that the process speaks for.
    pub(crate) heard: Vec<VerifiedMessage>,
    pub(crate) views: ViewLog,
    pub(crate) meter: Meter,
    pub(crate) archive: Archive,
    /// What it did, if it keeps a trace.
    pub(crate) journal: Option<Box<Journal>>,
}

/// An input, and the event that it follows from. `None` unless the process keeps a trace.
pub(crate) type Caused = (Option<EventId>, Input);

impl<S: Service> Core<S> {
    /// A replica that starts at its first turn.
    #[must_use]
    pub fn new(keys: Keys, replica: Faulty, service: S) -> Self {
        Self {
            keys,
            replica,
            service,
            timers: BTreeMap::new(),
            answers: VecDeque::new(),
            inputs: VecDeque::from([(None, Input::Start)]),
            held: VecDeque::new(),
            arrived: VecDeque::new(),
            records: Vec::new(),
            #[cfg(feature = "mutants")]
            late: Vec::new(),
            events: Vec::new(),
            leaving: Vec::new(),
            heard: Vec::new(),
            views: ViewLog::default(),
            meter: Meter::default(),
            archive: Archive::default(),
            journal: None,
        }
    }

    /// Which process it is.
    #[must_use]
    pub const fn own(&self) -> ReplicaId {
        self.keys.own()
    }

    /// The replica, read-only.
    #[must_use]
    pub const fn replica(&self) -> &Replica {
        self.replica.replica()
    }

    /// The service, read-only.
    #[must_use]
    pub const fn service(&self) -> &S {
        &self.service
    }

    /// The service. Whoever changes it makes this process a faulty one.
    pub const fn service_mut(&mut self) -> &mut S {
        &mut self.service
    }

    /// The keys of this process. Public keys may be added later.
    pub const fn keys(&mut self) -> &mut Keys {
        &mut self.keys
    }

    /// What it has counted.
    #[must_use]
    pub const fn meter(&self) -> &Meter {
        &self.meter
    }

    /// When a timer runs out, if it is set.
    #[must_use]
    pub fn timer(&self, timer: Timer) -> Option<Time> {
        self.timers.get(&timer).copied()
    }

    /// When the next turn is due, if nothing arrives: a timer runs out, or a faulty replica acts.
    #[must_use]
    pub fn due(&self) -> Option<Time> {
        let timers = self.timers.values().copied().min();
        timers.into_iter().chain(self.replica.wake_at()).min()
    }

    /// Messages of another process have arrived.
    pub fn deliver(&mut self, batch: Batch) {
        for one in &batch.messages {
            self.meter.of(&one.message).received += 1;
        }
        self.arrive(batch);
    }

    /// As [`Core::deliver`], for messages that are counted already.
    pub(crate) fn arrive(&mut self, batch: Batch) {
        self.arrived
            .push_back((batch.sender, batch.messages.into()));
    }

    /// Orders a request that this process has signed, as soon as its earlier ones leave room for it (rule 27).
    pub fn submit(&mut self, request: Verified<Request>) {
        self.events.push(Event::Asked(request.value().clone()));
        #[cfg(feature = "mutants")]
        if self.is_mutant(Mutant::HeldRequestDropped) && !self.replica().has_room(&request) {
            return;
        }
        self.held.push_back((self.cause(), request));
    }

    /// Drops the requests with these names that are still held. What was submitted cannot be taken back.
    pub(crate) fn withdraw(&mut self, names: &BTreeSet<Name>) {
        if !names.is_empty() {
            self.held.retain(|(_, one)| !names.contains(&name_of(one)));
        }
    }

    /// Orders an operation under a name that the desk has lent, and returns the request.
    pub(crate) fn submit_as(
        &mut self,
        (client, timestamp): Name,
        operation: &Operation,
    ) -> Verified<Request> {
        let request = Request::new(client, timestamp, operation.encode());
        let request = self.keys.sign(request.after(self.replica().executed()));
        self.submit(request.clone());
        request
    }

    /// Asks all replicas a read-only query.
    pub fn query(&mut self, query: Query) {
        self.give(Input::Ask(query));
    }

    /// Wants another primary, for a client that got no answer.
    pub fn distrust(&mut self) {
        self.give(Input::Distrust);
    }

    /// The operator pardons a replica, which has signed things up to there: see [`Input::Pardon`].
    pub fn pardon(&mut self, replica: ReplicaId, signed: Pardon) {
        self.give(Input::Pardon { replica, signed });
    }

    /// Misbehaves in this way from now on; `None` makes the process correct. What it held back leaves at once.
    pub fn change(&mut self, now: Time, behaviour: Option<Box<dyn Behaviour>>) {
        for effect in self.replica.change(now, behaviour) {
            self.perform(now, effect);
        }
    }

    /// Sets the time of what is noted for the trace.
    pub(crate) fn reach(&mut self, now: Time) {
        if let Some(journal) = &mut self.journal {
            journal.reach(now);
        }
    }

    /// Runs out the timers that are due, and lets a faulty replica act. Returns whether the status timer was among them.
    pub(crate) fn tick(&mut self, now: Time) -> bool {
        let mut status = false;
        for timer in [Timer::View, Timer::Status] {
            if self.timers.get(&timer).is_some_and(|at| *at <= now) {
                self.run_out(timer);
                status |= timer == Timer::Status;
            }
        }
        if self.replica.wake_at().is_some_and(|at| at <= now) {
            let woken = self.note(|| trace::Event::new(trace::Kind::Timer).what("fault"));
            self.follow(woken);
            for effect in self.replica.wake(now) {
                self.perform(now, effect);
            }
        }
        status
    }

    /// A timer runs out.
    pub fn run_out(&mut self, timer: Timer) {
        self.timers.remove(&timer);
        let name = match timer {
            Timer::View => "view",
            Timer::Status => "status",
        };
        let event = self.note(|| trace::Event::new(trace::Kind::Timer).what(name));
        self.inputs.push_back((event, Input::Timer(timer)));
    }

    /// Steps the replica until nothing is left to do, its own messages included.
    pub(crate) fn settle(&mut self, now: Time) {
        while let Some((cause, input)) = self.next_input() {
            self.views.on_input(&input);
            self.follow(cause);
            let effects = self.replica.step(now, input);
            if let Some(journal) = &mut self.journal {
                journal.observe(self.replica.replica());
            }
            for effect in effects {
                self.perform(now, effect);
            }
        }
    }

    /// Gives the replica an input, which follows from what is handled now.
    pub(crate) fn give(&mut self, input: Input) {
        self.inputs.push_back((self.cause(), input));
    }

    /// Notes an event for the trace, if the process keeps one. Returns the event's name.
    pub(crate) fn note(&mut self, event: impl FnOnce() -> trace::Event) -> Option<EventId> {
        self.journal.as_mut().map(|journal| journal.note(event()))
    }

    /// What follows from now on follows from this event.
    pub(crate) fn follow(&mut self, cause: Option<EventId>) {
        if let Some(journal) = &mut self.journal {
            journal.follow(cause);
        }
    }

    /// The event that is handled, if the process keeps a trace.
    pub(crate) fn cause(&self) -> Option<EventId> {
        self.journal.as_ref().and_then(|journal| journal.cause())
    }

    /// Whether there is something to do before the next message arrives.
    pub(crate) fn has_input(&self) -> bool {
        let replica = self.replica.replica();
        let fits = |one: &Verified<Request>| replica.has_room(one);
        !self.inputs.is_empty() || self.held.front().is_some_and(|(_, one)| fits(one))
    }

    fn next_input(&mut self) -> Option<Caused> {
        let next = self.answers.pop_front().or_else(|| self.inputs.pop_front());
        next.or_else(|| self.next_held())
            .or_else(|| self.next_message())
    }

    /// The next request to submit, if there is room for it. The replica counts it among those that wait once it has come
    /// back, which is before the next one is looked at.
    fn next_held(&mut self) -> Option<Caused> {
        let replica = self.replica.replica();
        let fits = |(_, one): &(_, Verified<Request>)| replica.has_room(one);
        if !self.held.front().is_some_and(fits) {
            return None;
        }
        let (cause, request) = self.held.pop_front()?;
        Some((cause, Input::Submit(request)))
    }

    /// A turn of a replica alone: everything that has come until now is handled. A timer runs out when
    /// [`Core::run_out`] says so, whatever the time is.
    pub fn turn(&mut self, now: Time) -> Turn<Infallible> {
        self.heard.clear();
        self.reach(now);
        self.settle(now);
        self.finish(now, Vec::new())
    }

    /// What came in the last turn for the clients that the process speaks for: replies, and answers to queries.
    #[must_use]
    pub fn heard(&self) -> &[VerifiedMessage] {
        &self.heard
    }

    pub(crate) fn finish<C>(&mut self, now: Time, answers: Vec<(C, Answer)>) -> Turn<C> {
        self.meter.observe(now, self.replica.replica());
        let records = std::mem::take(&mut self.records);
        #[cfg(feature = "mutants")]
        let records = self.on_disk_in_time(records);
        if self.replica.has_crashed() {
            self.note(|| trace::Event::new(trace::Kind::Fault).what("ends"));
        }
        self.follow(None);
        let compacts = records.iter().any(Record::compacts);
        Turn {
            all: compacts.then(|| self.replica.replica().records()),
            records,
            released: Released {
                events: self.events_with_messages(),
                answers,
                crashed: self.replica.has_crashed(),
            },
        }
    }

    /// Whether this host has the given bug on purpose.
    #[cfg(feature = "mutants")]
    pub(crate) fn is_mutant(&self, mutant: Mutant) -> bool {
        self.replica().config().mutant == Some(mutant)
    }

    /// A mutant writes the records of a turn one turn late.
    #[cfg(feature = "mutants")]
    fn on_disk_in_time(&mut self, records: Vec<Record>) -> Vec<Record> {
        if self.is_mutant(Mutant::SendsBeforeDisk) {
            std::mem::replace(&mut self.late, records)
        } else {
            records
        }
    }
}
