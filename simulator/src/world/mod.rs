//! The processes, the network between them, and the events that drive them.

mod callers;
mod measure;
mod patience;
pub(crate) mod places;
mod record;
mod schedule;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use quorate_fault::{Dice, Say, link};
use quorate_host::{self as host, Answer, Told};
use quorate_protocol::message::Commit;
use quorate_protocol::{ClusterId, Digest, Duration, ReplicaId, Sequence, Signed, Time};
use quorate_service::{self as service, kv};
use quorate_trace::{Event as TraceEvent, Why};

use crate::invariant::{Heard, Invariants, Violation, answered};
use crate::network::{self, Lost, Network, millis};
use crate::picture::{Frame, Picture};
use crate::plan::{Back, Lie, Name, Plan, PlanError};
use crate::process::{Caller, Packet, Process, Step};
use crate::queue::{Event, Queue};
use crate::script::{Book, SharedAuthor};
use crate::trace::{self, Trace};

pub use measure::{Asked, Measured, Note, Noted, Traffic};
pub use record::Recorded;

use patience::{ASK_AGAIN, LOOK};
use places::Places;

/// Counts of what happened in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages that arrived somewhere.
    pub messages: u64,
    /// Events of all kinds.
    pub events: u64,
    /// Operations that some correct process executed.
    pub executed: u64,
    /// The highest view that a correct process started.
    pub highest_view: u64,
}

/// How far a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which.
    pub process: Name,
    /// Its view.
    pub view: u64,
    /// The last slot that it has executed.
    pub executed: u64,
    /// Whether it is correct.
    pub correct: bool,
}

/// What is kept of a run, beside its counts.
#[derive(Debug, Default)]
pub struct Watch {
    /// What happens, for people.
    pub trace: Trace,
    /// What a picture shows, if one is wanted.
    pub frame: Option<Frame>,
    /// Whether the events are kept.
    pub events: bool,
    /// Whether the run is measured.
    pub measures: bool,
}

/// What was watched of a run.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) trace: Trace,
    pub(crate) picture: Option<Picture>,
    pub(crate) recorded: Option<Recorded>,
    pub(crate) measured: Option<Measured>,
}

/// The processes, the network, the clients and the invariants of one run.
#[derive(Debug)]
pub(crate) struct World {
    plan: Plan,
    now: Time,
    /// The process whose event is being handled.
    acting: ReplicaId,
    places: Places,
    queue: Queue,
    network: Network,
    dice: Dice,
    invariants: Invariants,
    within_bound: bool,
    /// The time of the last planned event.
    begun: Time,
    /// The time by which everything must be done. It is set at the time of the last planned event.
    deadline: Option<Time>,
    /// The last slot that a correct process had executed at the last look.
    reached: Option<Sequence>,
    trace: Trace,
    picture: Option<Picture>,
    recorded: Option<Recorded>,
    measured: Option<Measured>,
    counts: Counts,
    cluster: ClusterId,
    /// The calls of clients outside that were made somewhere, and those that have returned.
    called: BTreeSet<usize>,
    returned: BTreeSet<usize>,
    /// The slots after which these calls execute.
    signed_after: BTreeMap<usize, Sequence>,
}

impl World {
    /// The world of a plan, before anything has happened.
    ///
    /// # Errors
    /// The plan's faults or rules of links cannot be read.
    pub(crate) fn new(plan: &Plan, watch: Watch) -> Result<Self, PlanError> {
        let Watch {
            trace,
            frame,
            events,
            measures,
        } = watch;
        let faulty = plan.faulty_processes()?;
        let correct: Vec<ReplicaId> = (0..plan.processes)
            .map(ReplicaId)
            .filter(|id| !faulty.contains(&Name(*id)))
            .collect();
        let cluster = ClusterId(Digest::of(&[b"simulated cluster", &plan.seed.to_le_bytes()]).0);
        let within_bound = plan.bound()?.holds();
        let mut places = Places::new(plan, cluster, &correct)?;
        if events {
            places.keep_traces(plan);
        }
        let picture = frame.map(|frame| Picture::new(frame, plan.processes, places.lanes(plan)));
        let mut world = Self {
            now: Time(0),
            acting: ReplicaId(0),
            places,
            queue: Queue::default(),
            network: Network::new(plan)?,
            dice: Dice::new(plan.seed, b'w'),
            invariants: Invariants::new(plan, cluster, correct, within_bound),
            within_bound,
            begun: millis(plan.heal_ms),
            deadline: None,
            reached: None,
            trace,
            picture,
            recorded: events.then(Recorded::default),
            measured: measures.then(Measured::default),
            counts: Counts::default(),
            cluster,
            called: BTreeSet::new(),
            returned: BTreeSet::new(),
            signed_after: BTreeMap::new(),
            plan: plan.clone(),
        };
        world.schedule();
        Ok(world)
    }

    /// Plays the next event. Returns whether there was one: there is none once everything is done.
    ///
    /// # Errors
    /// The rule that was broken.
    pub(crate) fn step(&mut self) -> Result<bool, Violation> {
        let Some((time, event)) = self.queue.pop() else {
            return Ok(false);
        };
        self.now = time;
        self.counts.events += 1;
        let Some(at) = event.place() else {
            if self.look()? {
                return Ok(false);
            }
            self.queue.push(Time(time.0 + LOOK), Event::Look);
            return Ok(true);
        };
        if self.places.all[at].process.has_crashed() {
            self.miss(&event, Why::Away);
            return Ok(true);
        }
        let own = self.places.all[at].process.own();
        self.acting = own;
        match self.network.goes_on(time, own) {
            None => self.reach(at, event)?,
            Some(_) if matches!(event, Event::Arrive { .. }) => self.miss(&event, Why::Away),
            Some(later) => self.queue.push(later, event),
        }
        Ok(true)
    }

    /// The time of the last event.
    pub(crate) const fn now(&self) -> Time {
        self.now
    }

    /// When the next event is, if there is one.
    pub(crate) fn next_at(&self) -> Option<Time> {
        self.queue.next_at()
    }

    /// The events so far, if they are kept.
    pub(crate) fn events(&self) -> &[TraceEvent] {
        let recorded = self.recorded.as_ref();
        recorded.map_or(&[], |recorded| &recorded.events)
    }

    /// What was seen so far, if a picture is wanted.
    pub(crate) const fn picture(&self) -> Option<&Picture> {
        self.picture.as_ref()
    }

    /// How much happened so far.
    pub(crate) fn counts(&self) -> Counts {
        Counts {
            executed: self.invariants.operations_executed(),
            ..self.counts
        }
    }

    /// How far each process is. Of twins, the first.
    pub(crate) fn standings(&self) -> Vec<Standing> {
        let places = self.places.all.iter().take(self.plan.processes as usize);
        let standing = |place: &places::Place| {
            let status = place.process.status();
            Standing {
                process: Name(place.process.own()),
                view: status.view.0,
                executed: status.executed.0,
                correct: place.correct,
            }
        };
        places.map(standing).collect()
    }

    /// The COMMITs by which a process has executed a slot.
    pub(crate) fn certificate(&self, by: Name, slot: Sequence) -> Option<&[Signed<Commit>]> {
        self.places.all[by.index()].process.certificate(slot)
    }

    /// From now on this author writes the script of a process, if it has one.
    pub(crate) fn ask(&self, process: Name, author: &SharedAuthor) {
        if let Some(book) = self.places.book(process) {
            book.ask(Arc::clone(author));
        }
    }

    /// The lies of a process's script, with those that its author has written.
    pub(crate) fn lies(&self, process: Name) -> Vec<Lie> {
        self.places
            .book(process)
            .map(Book::lies)
            .unwrap_or_default()
    }

    /// The process whose event is being handled.
    pub(crate) const fn acting(&self) -> ReplicaId {
        self.acting
    }

    /// A rule is broken, and the picture shows it.
    pub(crate) fn show(&mut self, violation: &Violation) {
        if let Some(picture) = &mut self.picture {
            let text = format!("{}: {violation}", violation.rule().0);
            picture.breaks(self.now, text, violation.slot());
        }
    }

    /// What was watched of the run.
    pub(crate) fn end(mut self) -> End {
        self.record_in_flight();
        End {
            trace: self.trace,
            picture: self.picture,
            recorded: self.recorded,
            measured: self.measured,
        }
    }

    fn record_in_flight(&mut self) {
        let Some(recorded) = &mut self.recorded else {
            return;
        };
        while let Some((_, event)) = self.queue.pop() {
            recorded.leave(&self.places, &event);
        }
        for at in 0..self.places.all.len() {
            while let Some(event) = self.places.all[at].waiting.pop() {
                recorded.leave(&self.places, &event);
            }
        }
    }

    /// An event does not reach its process.
    fn miss(&mut self, event: &Event, why: Why) {
        if let Some(recorded) = &mut self.recorded {
            recorded.miss(&mut self.places, self.now, event, why);
        }
    }

    /// An event comes to a process, which may be down or at work.
    fn reach(&mut self, at: usize, event: Event) -> Result<(), Violation> {
        let place = &mut self.places.all[at];
        match event {
            Event::Disk { trouble, .. } => {
                if let Some(one) = self.plan.disks.get(trouble) {
                    place.process.expect(one.how);
                }
                Ok(())
            }
            Event::GoOn { .. } => {
                let now = place.clock.shows(self.now);
                place.process.goes_on(now);
                if let Some(recorded) = &mut self.recorded {
                    recorded.take(&mut self.places, at, self.now);
                }
                Ok(())
            }
            Event::Restart { .. } => {
                place.is_down = false;
                place.next_tick = None;
                place.busy_until = self.now;
                place.clock = place.clock.restarted(self.now);
                let mut waiting = std::mem::take(&mut place.waiting);
                while let Some(event) = waiting.pop() {
                    if outlives_a_restart(&event) {
                        self.queue.push(self.now, event);
                    } else {
                        self.miss(&event, Why::Away);
                    }
                }
                self.happen(at, event)
            }
            event if place.is_down => {
                if outlives_a_restart(&event) {
                    self.queue.push(Time(self.now.0 + ASK_AGAIN), event);
                } else {
                    self.miss(&event, Why::Away);
                }
                Ok(())
            }
            Event::Free { .. } => self.go_on(at),
            event if self.now < place.busy_until => {
                if place.waiting.is_empty() {
                    self.queue.push(place.busy_until, Event::Free { at });
                }
                if let Err(event) = place.waiting.push(event) {
                    self.miss(&event, Why::Full);
                }
                Ok(())
            }
            event => self.happen(at, event),
        }
    }

    /// A process has done its work, and handles what has come meanwhile until it is at work again.
    fn go_on(&mut self, at: usize) -> Result<(), Violation> {
        while self.now >= self.places.all[at].busy_until && !self.places.all[at].is_down {
            let Some(event) = self.places.all[at].waiting.pop() else {
                return Ok(());
            };
            self.happen(at, event)?;
        }
        let place = &self.places.all[at];
        // A process that ends at a commit handles nothing more: it is started again.
        if !place.is_down && !place.waiting.is_empty() {
            self.queue.push(place.busy_until, Event::Free { at });
        }
        Ok(())
    }

    /// A process ends at a commit of its records.
    fn ends_at_a_commit(&mut self, at: usize) {
        let place = &mut self.places.all[at];
        let own = place.process.own();
        place.is_down = true;
        let mut troubles = self.plan.disks.iter();
        let trouble = troubles.rfind(|one| one.process.0 == own && millis(one.at_ms) <= self.now);
        let pause = trouble.map_or(0, |one| one.back_ms);
        let back = Back::FromDisk;
        let when = Time(self.now.0 + millis(pause).0);
        self.queue.push(when, Event::Restart { at, back });
        self.tell(at, "ends at a commit");
    }

    fn happen(&mut self, at: usize, event: Event) -> Result<(), Violation> {
        let place = &mut self.places.all[at];
        let (process, mut now) = (&mut place.process, place.clock.shows(self.now));
        let own = process.own();
        let mut taken = None;
        match event {
            Event::Start { .. }
            | Event::Look
            | Event::Disk { .. }
            | Event::GoOn { .. }
            | Event::Free { .. } => {}
            Event::Arrive { packet, .. } => {
                self.counts.messages += 1;
                self.trace.line(self.now, &own, || {
                    format!("hears {}", trace::packet(&packet))
                });
                if place.correct
                    && let Packet::Batch { message, .. } = packet.as_ref()
                {
                    let before = process.status();
                    let message = message.clone();
                    taken = message.map(|message| Heard { before, message });
                }
                process.on_packet(now, &packet);
            }
            Event::Restart { back, .. } => {
                process.restart(back);
                self.restarted(at);
            }
            Event::Tick { due, .. } => {
                if place.next_tick != Some(due) {
                    return Ok(());
                }
                place.next_tick = None;
                // What the clock shows then may be rounded down.
                now = now.max(due);
                if process.due().is_none_or(|due| due > now) {
                    self.plan_tick(at);
                    return Ok(());
                }
            }
            Event::Ask { operation, .. } => {
                let caller = process.ask(now, operation);
                self.asked(at, caller);
            }
            Event::Call { call, .. } => {
                if let Some(one) = self.plan.calls.get(call) {
                    // A client that repeats its request sends the same bytes again.
                    let executed = process.status().low_watermark;
                    let after = *self.signed_after.entry(call).or_insert(executed);
                    let name = callers::name(&self.plan, self.cluster, own, call, after);
                    process.call(now, call, &one.operation, name);
                    self.asked(at, Caller::Call(call));
                    self.called(own, call);
                }
            }
            Event::HangUp { call, .. } => process.hang_up(call),
            Event::Round { round, .. } => self.play_round(at, round),
        }
        self.turn(at, now, taken.as_ref())
    }

    fn restarted(&mut self, at: usize) {
        self.tell(at, "starts again");
        let process = &self.places.all[at].process;
        let proofs = process.proofs().map(|(accused, _)| accused);
        self.invariants.restarted(process.own(), proofs.collect());
        for new_view in process.kept_new_views() {
            self.invariants.began(process.own(), &new_view);
        }
    }

    /// Notes what happens to a process, in the trace and in the picture.
    fn tell(&mut self, at: usize, words: &str) {
        let own = self.places.all[at].process.own();
        self.trace.line(self.now, &own, || words.to_owned());
        if let Some(picture) = &mut self.picture {
            picture.does(&self.places.lane(at), self.now, words.to_owned());
        }
    }

    /// Somebody has asked a process. What a faulty one answers is not measured.
    fn asked(&mut self, at: usize, caller: Caller) {
        if let Some(measured) = &mut self.measured
            && self.places.all[at].correct
        {
            measured.ask(at, caller, self.now);
        }
    }

    fn called(&mut self, own: ReplicaId, call: usize) {
        self.trace
            .line(self.now, &own, || format!("serves call {call}"));
        if self.called.insert(call) {
            self.invariants.called(own, call);
        }
    }

    fn play_round(&mut self, at: usize, round: u64) {
        let place = &mut self.places.all[at];
        let (process, now) = (&mut place.process, place.clock.shows(self.now));
        let index = usize::try_from(round - 1).unwrap_or_default();
        let decisions = self.plan.rounds.get(index).map(|one| &one.decisions);
        let decision = decisions.and_then(|all| all.get(process.own().0 as usize));
        if let Some(decision) = decision.filter(|_| process.exchange().decision(round).is_none()) {
            process.play_round(now, round, decision);
            let again = Time(self.now.0 + ASK_AGAIN);
            self.queue.push(again, Event::Round { at, round });
        }
    }

    /// A process handles what has happened to it, perhaps a message, and everybody sees what it does.
    fn turn(&mut self, at: usize, now: Time, taken: Option<&Heard>) -> Result<(), Violation> {
        let place = &mut self.places.all[at];
        let own = place.process.own();
        let step = match place.process.turn(now) {
            Ok(step) => step,
            Err(asked) => {
                self.record(at);
                self.invariants.asked(&asked);
                self.ends_at_a_commit(at);
                return Ok(());
            }
        };
        self.record(at);
        let Step {
            began,
            events,
            told,
            answers,
            work,
        } = step;
        let costs = self.plan.costs.unwrap_or_default();
        let done = self.now + costs.of(work);
        self.places.all[at].busy_until = done;
        for new_view in &began {
            self.trace.line(self.now, &own, || trace::began(new_view));
            self.invariants.began(own, new_view);
        }
        for (event, packet) in &events {
            self.trace.line(self.now, &own, || trace::event(event));
            if let Some(picture) = &mut self.picture {
                picture.event(&self.places.lane(at), self.now, event);
            }
            match (event, packet) {
                (host::Event::Sent(outgoing), Some(packet)) => {
                    self.send(at, outgoing.to, packet, done);
                }
                (host::Event::View(view, true), _) if self.places.all[at].correct => {
                    self.counts.highest_view = self.counts.highest_view.max(view.0);
                }
                _ => {}
            }
            if let Some(measured) = &mut self.measured {
                measured.note(own, self.now, event);
            }
            self.invariants.on_event(own, now, event)?;
        }
        for happened in &told {
            self.trace.line(self.now, &own, || {
                format!("tells {}: {happened}", happened.happening.stage())
            });
            self.invariants.told(own, happened)?;
        }
        if let Some(heard) = taken {
            let process = &self.places.all[at].process;
            self.invariants.taken(process, heard, &events)?;
        }
        for (caller, question, answer) in answers {
            if let Some(question) = question {
                self.invariants.answered(own, &question, &answer)?;
            }
            self.answer(at, caller, answer, done)?;
        }
        self.plan_tick(at);
        if self.places.all[at].correct {
            self.invariants
                .on_step(&self.places.all[at].process, work)?;
        }
        Ok(())
    }

    /// Takes what a process has noted for the trace.
    fn record(&mut self, at: usize) {
        if let Some(recorded) = &mut self.recorded {
            recorded.take(&mut self.places, at, self.now);
        }
    }

    fn answer(
        &mut self,
        at: usize,
        caller: Caller,
        answer: Answer,
        done: Time,
    ) -> Result<(), Violation> {
        let own = self.places.all[at].process.own();
        if let Some(measured) = &mut self.measured {
            measured.answer(at, caller, done);
        }
        match (caller, answer) {
            (Caller::Call(call), Answer::Outcome(outcome)) => {
                let answer = match outcome.answer {
                    service::Answer::KeyValue(answer) => answer,
                    _ => kv::Answer::Refused(kv::Refusal::Grammar),
                };
                self.trace
                    .line(self.now, &own, || format!("answers call {call}: {answer}"));
                if self.returned.insert(call) {
                    self.invariants.returned(own, call, answer)?;
                }
            }
            (Caller::Carrier(to), Answer::Told(told)) => self.carry(at, to, told, done),
            _ => {}
        }
        Ok(())
    }

    /// Carries a process's vote to another, or what a faulty process says instead.
    fn carry(&mut self, at: usize, to: ReplicaId, told: Told, done: Time) {
        let (decision, late) = match told.say {
            Say::Deny | Say::Nothing => return,
            Say::Decision(decision) => (decision, Duration(0)),
            Say::Late(decision, late) => (decision, late),
        };
        let packet = Arc::new(Packet::Vote(host::Heard {
            sender: self.places.all[at].process.own(),
            decision,
            round: Some(told.round),
            signature: told.vote.map(|vote| vote.encode()),
        }));
        self.send_at(at, to, &packet, done + late);
    }

    /// Plans the next turn of a process, unless one is planned that comes no later.
    fn plan_tick(&mut self, at: usize) {
        let place = &mut self.places.all[at];
        if let Some(due) = place.process.due()
            && place.next_tick.is_none_or(|next| due < next)
        {
            place.next_tick = Some(due);
            let when = place.clock.when(due).max(self.now);
            self.queue.push(when, Event::Tick { at, due });
        }
    }

    /// A packet leaves, to one process or to all others.
    fn send(&mut self, from: usize, to: Option<ReplicaId>, packet: &Arc<Packet>, time: Time) {
        let own = self.places.all[from].process.own();
        match to {
            Some(to) => self.send_at(from, to, packet, time),
            None => {
                for to in (0..self.plan.processes).map(ReplicaId) {
                    if to != own {
                        self.send_at(from, to, packet, time);
                    }
                }
            }
        }
    }

    fn send_at(&mut self, from: usize, to: ReplicaId, packet: &Arc<Packet>, time: Time) {
        let sender = self.places.all[from].process.own();
        if let Some(measured) = &mut self.measured {
            measured.send(network::kind(packet), packet);
        }
        let Some(at) = self.places.route(from, to) else {
            self.lose(packet, to, Why::Cut);
            return;
        };
        let arrivals = self
            .network
            .arrivals(&mut self.dice, time, sender, to, packet);
        if let Err(Lost::ByRule(rule, _)) = arrivals {
            self.trace.line(time, &sender, || {
                let (packet, rule) = (trace::packet(packet), self.network.rule(rule));
                format!("loses on the link to {to}, by '{rule}': {packet}")
            });
        }
        if let Some(picture) = &mut self.picture {
            let (from, to) = (self.places.lane(from), self.places.lane(at));
            let lanes = (from.as_str(), to.as_str());
            match arrivals {
                Err(Lost::ByChance | Lost::Cut) => picture.packet(lanes, packet, time, Err("lost")),
                Err(Lost::ByRule(..)) => picture.packet(lanes, packet, time, Err("lost by a rule")),
                Ok(arrivals) => {
                    for arrival in arrivals.into_iter().flatten() {
                        picture.packet(lanes, packet, time, Ok(arrival));
                    }
                }
            }
        }
        if let Err(lost) = arrivals {
            self.lose(packet, to, why(lost));
        }
        for time in arrivals.into_iter().flatten().flatten() {
            let packet = Arc::clone(packet);
            self.queue.push(
                time,
                Event::Arrive {
                    at,
                    from: sender,
                    packet,
                },
            );
        }
    }

    /// A message is lost on its way.
    fn lose(&mut self, packet: &Packet, to: ReplicaId, why: Why) {
        if let Some(recorded) = &mut self.recorded {
            recorded.lose(&mut self.places, self.now, packet, to, why);
        }
    }

    /// Whether all is done. With more than f faulty processes, work may be left undone at the end.
    fn look(&mut self) -> Result<bool, Violation> {
        let correct: Vec<&Process> = self
            .places
            .all
            .iter()
            .filter(|place| place.correct)
            .map(|place| &place.process)
            .collect();
        let deadline = *self.deadline.get_or_insert_with(|| {
            let timers = correct.iter().map(|one| one.patience());
            self.now + patience::of(&self.plan, timers.max().unwrap_or_default())
        });
        let rounds = self.plan.rounds.len() as u64;
        let reached = answered::reached(&correct);
        let others = self.reached.replace(reached).unwrap_or(reached);
        let ends = match answered::check(&correct, rounds, others) {
            Ok(()) => true,
            Err(_) if self.now < deadline => false,
            Err(_) if !self.within_bound => true,
            Err(undone) => return Err(undone.into()),
        };
        if ends {
            self.invariants.on_end(&correct)?;
        }
        Ok(ends)
    }
}

/// Why a message is lost, for the trace.
const fn why(lost: Lost) -> Why {
    match lost {
        Lost::Cut | Lost::ByRule(_, link::Why::Cut) => Why::Cut,
        Lost::ByChance | Lost::ByRule(_, link::Why::Chance) => Why::Loss,
        Lost::ByRule(_, link::Why::Full) => Why::Full,
    }
}

/// Whether an event is kept for a process that is down. What its user wants of a round is wanted again later; everything
/// else is lost with the process.
const fn outlives_a_restart(event: &Event) -> bool {
    matches!(event, Event::Round { .. } | Event::Disk { .. })
}
