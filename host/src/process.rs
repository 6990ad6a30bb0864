//! One process: its core, the clients that it serves, and its part in the exchange.

use std::collections::BTreeSet;

use quorate_fault::Faulty;
use quorate_fault::behaviour::Behaviour;
#[cfg(feature = "mutants")]
use quorate_protocol::Mutant;
use quorate_protocol::client::Client;
use quorate_protocol::{
    ClientId, Config, Input, Keys, Pardon, Record, Replica, ReplicaId, Sequence, SignedMessage,
    Time, Timestamp,
};
use quorate_service::exchange::Rules;
use quorate_service::gathering::{Membership, Plan};
use quorate_service::session::Session;
use quorate_service::{Operation, Replicated};
use quorate_trace as trace;

use crate::archive::Archive;
use crate::ask::{Answer, Ask, Refusal, RequestName};
use crate::batch::{Batch, Head};
use crate::core::Core;
use crate::desk::{Desk, Ended, name_of};
use crate::event::Event;
use crate::gathering::Gatherer;
use crate::journal::Journal;
use crate::meter::Meter;
use crate::queue::{Fate, Name, Order, Place, Queues, Taken};
use crate::rounds::{Missing, Rounds};
use crate::turn::Turn;
use crate::views::ViewLog;

/// What a process starts with.
#[derive(Debug)]
pub struct Setup {
    /// Its keys.
    pub keys: Keys,
    /// The cluster whose keys they are, and the names of its nodes.
    pub membership: Membership,
    /// The configuration of its replica.
    pub config: Config,
    /// The rules of the exchange.
    pub rules: Rules,
    /// How it misbehaves.
    pub behaviour: Option<Box<dyn Behaviour>>,
    /// What it remembers.
    pub past: Past,
    /// The first of the numbers that this life gives: to its requests, its queries, and the sessions that it lends. They
    /// must be greater than those of every earlier life; see [`first_number`].
    pub first_number: u64,
    /// Whether it trusts its callers: they may play another process.
    pub trusts_callers: bool,
    /// How it takes part in the gathering by itself. `None`: it does not.
    pub gathers: Option<Plan>,
}

/// The first number of a life, for processes whose lives are counted from 0. There is room for 2^24 lives of 2^40 numbers
/// each. No clock is asked, so one that is set back does no harm.
#[must_use]
pub const fn first_number(life: u64) -> u64 {
    life << 40
}

/// What a process that starts remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Past {
    /// This is its first start, or it acts as if it were.
    None,
    /// Its records.
    Kept(Vec<Record>),
    /// It has lived before, and has lost its records (rule 23).
    Lost,
}

/// A caller who waits, and the name of its call in traces, which its answer leads back to.
#[derive(Clone, Debug)]
struct Called<C> {
    caller: C,
    call: Option<trace::EventId>,
}

/// One process. `C` is who asks: what it gets with its question comes back with the answer.
#[derive(Clone, Debug)]
pub struct Process<C> {
    head: Head,
    core: Core<Replicated>,
    desk: Desk<Called<C>>,
    rounds: Rounds<Called<C>>,
    gatherer: Option<Gatherer>,
    queues: Queues,
    /// How many events of this turn were looked at for what was done.
    noted: usize,
    /// The last executed slot when the queues were last looked at.
    looked_at: Sequence,
    answers: Vec<(C, Answer)>,
    trusts_callers: bool,
    forgot: bool,
}

impl<C> Process<C> {
    /// A process that starts at its first turn.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let Setup {
            keys,
            membership,
            config,
            rules,
            mut behaviour,
            past,
            first_number,
            trusts_callers,
            gathers,
        } = setup;
        let (own, quorum) = (keys.own(), config.quorum);
        let longest_result = config.limits.result;
        #[cfg(feature = "mutants")]
        let mutant = config.mutant;
        let forgets = behaviour
            .as_mut()
            .is_some_and(|behaviour| behaviour.forgets());
        let mut archive = Archive::default();
        let replica = match past {
            Past::Kept(records) if !forgets => {
                for record in &records {
                    archive.recorded(record);
                }
                Replica::restore(config, records)
            }
            Past::Lost if !forgets => Replica::rejoin(config),
            _ => Replica::new(config),
        };
        let client = Client::new(quorum, first_number);
        #[cfg(feature = "mutants")]
        let client = client.with_mutant(mutant);
        #[cfg(feature = "mutants")]
        let first_number = if mutant == Some(Mutant::SessionStartsOver) {
            0
        } else {
            first_number
        };
        let session = Session::new(ClientId::from(own), Timestamp(first_number));
        let cluster = membership.cluster();
        let service = Replicated::new(rules, membership).with_longest_result(longest_result);
        #[cfg(feature = "mutants")]
        let service = service.with_mutant(mutant);
        let mut core = Core::new(keys, Faulty::new(replica, behaviour), service);
        core.archive = archive;
        Self {
            head: Head {
                cluster,
                sender: own,
            },
            core,
            desk: Desk::new(own, client, first_number),
            rounds: Rounds::new(session),
            gatherer: gathers.map(|plan| Gatherer::new(own, plan)),
            queues: Queues::default(),
            noted: 0,
            looked_at: Sequence(0),
            answers: Vec::new(),
            trusts_callers,
            forgot: forgets,
        }
    }

    /// Whether it acts as if it had never lived, because its fault says so. Its records must go before it writes new
    /// ones.
    #[must_use]
    pub const fn has_forgotten(&self) -> bool {
        self.forgot
    }

    /// Which process it is.
    #[must_use]
    pub const fn own(&self) -> ReplicaId {
        self.core.own()
    }

    /// The head of its batches.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// The replica, read-only.
    #[must_use]
    pub const fn replica(&self) -> &Replica {
        self.core.replica()
    }

    /// The service, read-only.
    #[must_use]
    pub const fn service(&self) -> &Replicated {
        self.core.service()
    }

    /// The keys of this process. Public keys may be added later.
    pub const fn keys(&mut self) -> &mut Keys {
        self.core.keys()
    }

    /// Why it changed the view.
    #[must_use]
    pub const fn views(&self) -> &ViewLog {
        &self.core.views
    }

    /// What it has counted.
    #[must_use]
    pub const fn meter(&self) -> &Meter {
        self.core.meter()
    }

    /// What a round lacks for its decision. Without a number: the round that [`Ask::Finalize`] means.
    #[must_use]
    pub fn missing(&self, round: Option<u64>) -> Missing {
        self.rounds.missing(self.core.service.exchange(), round)
    }

    /// The number of operations of callers without a result.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.desk.under_way()
    }

    /// Whether it waits for a result: of a caller's operation, or of its own part in the exchange.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.desk.under_way() > 0 || self.rounds.is_busy()
    }

    /// When its next turn is due, if nothing arrives.
    #[must_use]
    pub fn due(&self) -> Option<Time> {
        let gathers = self.gatherer.as_ref().and_then(Gatherer::due);
        self.core.due().into_iter().chain(gathers).min()
    }

    /// Keeps a trace from now on.
    pub fn keep(&mut self, journal: Journal) {
        self.core.journal = Some(Box::new(journal));
        self.core.note(|| trace::Event::new(trace::Kind::Start));
    }

    /// Sets the time of what arrives next, for the trace. What is asked, and each turn, brings its time along.
    pub fn reach(&mut self, now: Time) {
        self.core.reach(now);
    }

    /// The proof of what it has executed last.
    #[must_use]
    pub const fn archive(&self) -> &Archive {
        &self.core.archive
    }

    /// What it did, if it keeps a trace. Nobody may see what it did in a turn before the turn's records are written.
    pub fn journal(&mut self) -> Option<&mut Journal> {
        self.core.journal.as_deref_mut()
    }

    /// Messages of another process have arrived. A quorum of replies is enough: nobody checks the signatures of those that come
    /// later.
    pub fn deliver(&mut self, mut batch: Batch) {
        if let Some(journal) = &mut self.core.journal {
            batch.note(journal);
        }
        let meter = &mut self.core.meter;
        batch.messages.retain(|one| {
            let counts = meter.of(&one.message);
            counts.received += 1;
            let wanted = match &one.message {
                message @ (SignedMessage::Replies(_) | SignedMessage::Answer(_)) => {
                    self.desk.waits_for(message)
                }
                _ => true,
            };
            counts.skipped += u64::from(!wanted);
            wanted
        });
        self.core.arrive(batch);
    }

    /// A caller asks. The answer comes with a turn.
    pub fn ask(&mut self, now: Time, ask: Ask, caller: C) {
        self.core.reach(now);
        let call = self
            .core
            .note(|| trace::Event::new(trace::Kind::Call).what(ask.name()));
        self.core.follow(call);
        let caller = Called { caller, call };
        match ask {
            Ask::Wish(_)
            | Ask::Submit {
                operation: Operation::Gathering(_),
                ..
            } if !self.trusts_callers => {
                self.answer(caller, Answer::Refused(Refusal::NotFromElsewhere));
            }
            Ask::Submit { operation, name } => self.submit(operation.encode(), name, caller),
            Ask::Read(operation) => match self.desk.read(operation.encode(), caller) {
                Ok(query) => self.core.query(query),
                Err((refusal, caller)) => self.answer(caller, Answer::Refused(refusal)),
            },
            Ask::Vote {
                recipient,
                decision,
                round,
            } => {
                let told = self
                    .rounds
                    .vote(now, &mut self.core, recipient, decision, round);
                self.answer(caller, told.map_or_else(Answer::Refused, Answer::Told));
            }
            Ask::Hear(heard) => {
                let trusts = self.trusts_callers;
                let listened = self.rounds.hear(now, &mut self.core, heard, trusts);
                let answer = listened.map_or_else(Answer::Refused, Answer::Listened);
                self.answer(caller, answer);
            }
            Ask::Finalize(round) => {
                let exchange = self.core.service.exchange();
                self.rounds.finalize(exchange, round, caller);
            }
            Ask::Order(order) => {
                let taken = self.order(order);
                self.answer(caller, Answer::Taken(taken));
            }
            Ask::Wish(wish) => {
                let state = self.core.service.gathering();
                let granted = match &mut self.gatherer {
                    Some(gatherer) => gatherer.wish(state, wish).map_err(Refusal::Unwise),
                    None => Err(Refusal::GathersNot),
                };
                let answer = granted.map_or_else(Answer::Refused, |()| Answer::Wished);
                self.answer(caller, answer);
            }
            Ask::Distrust => {
                self.core.distrust();
                let view = self.core.replica().status().view;
                self.answer(caller, Answer::Distrusts(view));
            }
        }
    }

    /// The operator pardons a replica, which has signed things up to there: see [`quorate_protocol::Input::Pardon`].
    pub fn pardon(&mut self, replica: ReplicaId, signed: Pardon) {
        self.core.pardon(replica, signed);
    }

    /// Misbehaves in this way from now on; `None` makes the process correct.
    pub fn change(&mut self, now: Time, behaviour: Option<Box<dyn Behaviour>>) {
        self.core.change(now, behaviour);
    }

    /// Stops waiting for the results of those who have gone, and returns them. A request that nobody waits for any more is
    /// dropped if the process still holds it for lack of room. One that was submitted may execute.
    pub fn give_up(&mut self, mut gone: impl FnMut(&C) -> bool) -> Vec<C> {
        let mut gone = |called: &Called<C>| gone(&called.caller);
        let Ended { mut callers, names } = self.desk.give_up(&mut gone);
        self.core.withdraw(&names);
        callers.extend(self.rounds.give_up(gone));
        callers.into_iter().map(|called| called.caller).collect()
    }

    /// Those callers whose operation has a slot but no result yet, with the slot. Only callers for which `wants`
    /// returns true.
    pub fn placed(
        &mut self,
        wants: impl Fn(&C) -> bool,
    ) -> impl Iterator<Item = (&mut C, Sequence)> {
        let replica = self.core.replica.replica();
        self.desk
            .ordered()
            .filter(move |(_, called)| wants(&called.caller))
            .filter_map(|((client, timestamp), called)| {
                Some((&mut called.caller, replica.slot_of(client, timestamp)?))
            })
    }

    /// Handles everything that has come until now, and the timers that have run out at `now`.
    pub fn turn(&mut self, now: Time) -> Turn<C> {
        if let Some(journal) = &mut self.core.journal {
            journal.begin(now);
        }
        if self.core.tick(now) {
            let Ended { callers, names } = self.desk.overtaken(self.core.replica.replica());
            self.core.withdraw(&names);
            for (caller, refusal) in callers {
                self.answer(caller, Answer::Refused(refusal));
            }
            let (requests, queries) = self.desk.overdue();
            let held: BTreeSet<Name> = self.core.held.iter().map(|(_, one)| name_of(one)).collect();
            let own = self.gatherer.iter().flat_map(Gatherer::overdue).cloned();
            let sent = requests
                .into_iter()
                .chain(own)
                .filter(|one| !held.contains(&name_of(one)));
            let cause = self.core.cause();
            let again = sent
                .map(Input::Submit)
                .chain(queries.into_iter().map(Input::Ask));
            self.core.inputs.extend(again.map(|input| (cause, input)));
        }
        self.depart();
        loop {
            self.core.settle(now);
            self.note_done();
            self.hear();
            self.answer_decided();
            self.rounds.order(&mut self.core);
            if let Some(gatherer) = &mut self.gatherer {
                gatherer.order(now, &mut self.core, &mut self.desk);
            }
            self.go_on();
            self.depart();
            if !self.core.has_input() {
                break;
            }
        }
        self.noted = 0;
        self.core.finish(now, std::mem::take(&mut self.answers))
    }

    fn answer(&mut self, called: Called<C>, answer: Answer) {
        let Called { caller, call } = called;
        self.core.note(|| trace::Event {
            msg: call,
            ..trace::Event::new(trace::Kind::Answer).what(answer.name())
        });
        self.answers.push((caller, answer));
    }

    fn submit(&mut self, operation: Vec<u8>, name: Option<RequestName>, caller: Called<C>) {
        let (keys, replica) = (&mut self.core.keys, self.core.replica.replica());
        let taken = match name {
            None => self.desk.take(operation, caller).map(|()| None),
            Some(name) => self.desk.submit(keys, replica, operation, name, caller),
        };
        match taken {
            Ok(Some(request)) => self.core.submit(request),
            Ok(None) => {}
            Err((refusal, caller)) => self.answer(caller, Answer::Refused(refusal)),
        }
    }

    /// Submits what waits at the desk, as far as it may be under way at once.
    fn depart(&mut self) {
        while let Some(request) = self
            .desk
            .depart(&self.core.keys, self.core.replica.replica())
        {
            self.core.submit(request);
        }
    }

    /// Notes which of the process's own requests have executed.
    fn note_done(&mut self) {
        for event in self.core.events.iter().skip(self.noted) {
            if let Event::Done(timestamp) = event {
                self.rounds.session.on_done(*timestamp);
            }
        }
        self.noted = self.core.events.len();
    }

    /// Gives callers the results that a quorum has given.
    fn hear(&mut self) {
        for message in std::mem::take(&mut self.core.heard) {
            for (caller, outcome) in self.desk.hear(&message) {
                self.answer(caller, Answer::Outcome(outcome));
            }
        }
    }

    fn answer_decided(&mut self) {
        for (caller, decided) in self.rounds.decided(self.core.service.exchange()) {
            let answer = decided.map_or_else(Answer::Refused, Answer::Decided);
            self.answer(caller, answer);
        }
    }

    /// Orders a client's request over HTTP. A backup sends the client to the primary, but orders the request too, so
    /// that a primary that ignores clients is noticed. If a request is ordered twice, the service executes the first.
    ///
    /// A request that has executed is ordered again. A client that repeats a request gives it another timestamp,
    /// perhaps at one process only. Then f+1 processes must post the reply to the repeated request.
    fn order(&mut self, order: Order) -> Taken {
        let ledger = self.core.service.ledger();
        let executed = ledger.has(order.id, &order.data);
        if executed == Some(false) {
            return Taken::OtherId;
        }
        if executed.is_none() && order.number <= ledger.latest(order.id.0) {
            return Taken::Old;
        }
        let again = executed.is_some();
        let primary = self.core.replica().status().primary;
        match self.queues.add(order, again) {
            Place::First(order) => {
                let name = self.desk.lend(self.core.replica.replica());
                let after = self.core.replica().executed();
                self.submit_order(name, &order);
                self.queues.began(order, name, after);
            }
            Place::Taken => {}
            Place::OtherId => return Taken::OtherId,
            Place::OtherNumber => return Taken::OtherTimestamp,
            Place::Late => return Taken::Old,
            // This process has no room, but the primary may have some.
            Place::Full if primary != self.own() => {}
            Place::Full => return Taken::Full,
        }
        if primary == self.own() {
            Taken::Here
        } else {
            Taken::At(primary)
        }
    }

    /// Submits the HTTP requests whose predecessors have executed, and those that have expired again.
    fn go_on(&mut self) {
        let replica = self.core.replica.replica();
        let executed = replica.executed();
        if self.looked_at == executed {
            return;
        }
        self.looked_at = executed;
        let desk = &mut self.desk;
        let fate = |(client, timestamp), after| {
            if replica.last_timestamp(client) >= timestamp {
                Fate::Executed
            } else if replica.is_expired(client, after) {
                Fate::Expired
            } else {
                Fate::UnderWay
            }
        };
        let next = self.queues.go_on(executed, fate, || desk.lend(replica));
        for name in next.done {
            self.desk.take_back(name);
        }
        for (name, order) in &next.submit {
            self.submit_order(*name, order);
        }
    }

    fn submit_order(&mut self, name: Name, order: &Order) {
        let operation = Operation::Request(order.json.clone());
        self.core.submit_as(name, &operation);
    }
}
