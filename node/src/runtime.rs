//! The one task that owns the process. All events come to it. A turn takes all that have come.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Instant;

use anyhow::Context;
use quorate_fault::{Scene, Setting, grammar};
use quorate_host::{
    Ask, Batch, Disk, Event, Journal, Micros, Outgoing, Past, Process, Released, Setup,
    first_number,
};
use quorate_protocol::{
    ClusterId, Config, Evidence, Keys, Pardon, Quorum, Record, ReplicaId, Time,
};
use quorate_service::exchange::Rules;
use quorate_service::gathering::Membership;
use quorate_trace::{self as trace, EventId, Kind, Why};
use quorate_wire::method::{LinkStatus, Traffic};
use quorate_wire::{Fault, Seldom};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::Ending;
use crate::archived::Archived;
use crate::clock::Clock;
use crate::config::NodeConfig;
use crate::crossing::Crossing;
use crate::figures::{Figures, OfPeers, Totals};
use crate::herald::{Gathered, Herald};
use crate::inbox::IntoInbox;
use crate::link::{Envelope, Letter, NUMBER, Reception};
use crate::outbox::{self, Outbox};
use crate::question::{
    Arrival, Asked, AtRuntime, CORRECT, Caller, Question, Share, SlotVotes, Standing,
};
use crate::refusals::Refusals;
use crate::status::{
    explain, names, proof_status, round_status, round_summary, view_change_status,
};
use crate::storage::{self, Storage};
use crate::web::Web;

/// The events that a process keeps for its trace: some 10 MB.
const TRACE_KEPT: usize = 50_000;
/// The most events of one answer: some 300 KB of XML, and an answer may have 560.
const TRACE_PAGE: usize = 500;

pub(crate) struct Runtime {
    quorum: Quorum,
    pub(crate) process: Process<Asked>,
    clock: Clock,
    store: Store,
    outboxes: Vec<Option<Outbox>>,
    traffic: Traffic,
    totals: Totals,
    /// Whether this process listens on loopback only. Then callers may make it faulty.
    loopback: bool,
    /// Tells what happens in the gathering, if it takes part in one.
    herald: Option<Herald>,
    /// What it needs for PBFT over HTTP/JSON.
    web: Option<Web>,
    /// The fault of this process, in words.
    fault: Option<String>,
    /// What a behaviour is made with.
    setting: Setting,
    /// What the rules of links do to what this process sends.
    crossing: Crossing,
    /// The log lines about bad batches, by the peer whose name they have.
    bad_batches: Seldom<ReplicaId>,
    refusals: Refusals,
    asked: AtRuntime,
    /// Tells that the process was held up, and goes on; only for a trace.
    woken: Option<Signal>,
}

impl Runtime {
    /// `gathered`: how it takes part in a gathering. `loopback`: whether this process listens on loopback only, and therefore
    /// trusts its callers.
    pub(crate) fn new(
        config: &NodeConfig,
        gathered: Option<Gathered>,
        loopback: bool,
        asked: AtRuntime,
    ) -> anyhow::Result<Self> {
        let own = ReplicaId(config.index);
        let mut protocol = config
            .protocol()
            .context("there must be at least one process")?;
        tell_of_interval(config, &protocol);
        let quorum = protocol.quorum;
        let cluster = ClusterId(config.cluster);
        let keys = Keys::new(own, config.secret_key, &config.public_keys, cluster)?;
        let setting = Setting {
            config: protocol.clone(),
            seed: config.dice_seed(),
            scene: match gathered {
                None => Scene::Order,
                Some(_) => Scene::Gathering,
            },
        };
        let behaviour = config
            .fault
            .as_deref()
            .map(|words| grammar::parse(words, &setting))
            .transpose()?;
        let (storage, past) = storage::begin(config, &mut protocol)?;
        let mut store = Store {
            storage,
            syncs: Micros::default(),
        };
        if matches!(past, Past::Lost) {
            tracing::warn!(
                "what this process knew is lost: it does not vote until nothing can contradict it"
            );
        }
        let first_number = first_number(protocol.life);
        let (membership, gathers, herald) = match gathered {
            None => (Membership::plain(cluster, quorum), None, None),
            Some(gathered) => {
                let membership = Membership::new(cluster, quorum, gathered.names)?;
                (membership, Some(gathered.plan), Some(gathered.herald))
            }
        };
        let mut process = Process::new(Setup {
            keys,
            membership,
            config: protocol,
            rules: Rules {
                quorum,
                default_decision: config.default_decision.clone(),
            },
            behaviour,
            past,
            first_number,
            trusts_callers: loopback,
            gathers,
        });
        if process.has_forgotten() {
            store.forget()?;
        }
        let clock = Clock::start();
        if config.trace {
            let life = u32::try_from(config.life).unwrap_or(u32::MAX);
            process.keep(Journal::new(own.into(), life, Clock::wall_us(), TRACE_KEPT));
            // A trace says who is faulty: of the others it says nothing, as in the simulator.
            if config.fault.is_some() {
                note_fault(&mut process, config.fault.as_deref());
            }
        }
        let crossing = Crossing::new(config, quorum.n())?;
        asked.usual.set_faulty(config.fault.is_some());
        asked.usual.set_rules(!crossing.is_open());
        Ok(Self {
            quorum,
            outboxes: start_outboxes(config, &mut process),
            process,
            clock,
            store,
            traffic: Traffic::default(),
            totals: Totals::default(),
            loopback,
            herald,
            web: config
                .web
                .as_ref()
                .map(|web| Web::start(web, own))
                .transpose()?,
            fault: config.fault.clone(),
            setting,
            crossing,
            bad_batches: Seldom::default(),
            refusals: Refusals::default(),
            asked,
            woken: config.trace.then(woken).transpose()?,
        })
    }

    /// What takes the peers' links and puts their batches into this inbox.
    pub(crate) fn reception(&mut self, config: &NodeConfig, inbox: IntoInbox<Batch>) -> Reception {
        let largest = self.process.replica().config().largest().message();
        let pairs = self.process.keys().shared_with_all(self.quorum.n());
        Reception::new(config, pairs, largest + NUMBER, inbox)
    }

    /// Runs until nobody can ask any more, or until the process crashes as its fault says. If a record cannot be
    /// written, ends the whole process before it sends anything that depends on the record.
    pub(crate) async fn run(mut self) -> Ending {
        loop {
            let turn = self.process.turn(self.clock.now());
            let crashed = match turn.write(&mut self.store) {
                Ok(released) => self.release(released),
                Err(error) => {
                    // Exit at once, so that no caller gets an answer that is already made.
                    tracing::error!(
                        "a record cannot be written to disk: {error:#}; this process ends"
                    );
                    std::process::exit(1);
                }
            };
            if crashed {
                return Ending::Crashed;
            }
            if let Some(herald) = &mut self.herald {
                herald.tell(self.clock.now(), self.process.service().gathering());
            }
            let due = self.due();
            let mut share = Share::whole();
            tokio::select! {
                first = self.asked.first(&mut share) => match first {
                    Some(first) => self.take(first, share),
                    None => return Ending::ShutDown,
                },
                () = wake(&mut self.woken) => self.note_pause(),
                () = self.clock.reach(due) => {
                    self.process.give_up(|asked| asked.caller.is_closed());
                }
            }
        }
    }

    fn note_pause(&mut self) {
        self.process.reach(self.clock.now());
        if let Some(journal) = self.process.journal() {
            journal.note(trace::Event::was_paused());
        }
    }

    /// Takes all that has come, as far as it fits into one turn: it then costs one write, and one message to each peer.
    fn take(&mut self, first: Arrival, mut share: Share) {
        self.process.reach(self.clock.now());
        let mut next = Some(first);
        while let Some(arrival) = next {
            match arrival {
                Arrival::Question(question) => self.on_question(question),
                Arrival::Batch(batch) => self.process.deliver(batch),
            }
            next = self.asked.more(&mut share);
        }
    }

    /// When its next turn is due, if nothing arrives.
    fn due(&self) -> Option<Time> {
        let herald = self.herald.as_ref().and_then(Herald::due);
        let due = self.process.due().into_iter().chain(herald);
        due.chain(self.crossing.due()).min()
    }

    /// The records are on disk: sends, answers and tells what follows from the turn. Returns whether the process has
    /// crashed.
    fn release(&mut self, released: Released<Asked>) -> bool {
        for event in released.events {
            self.on_event(event);
        }
        let now = self.clock.now();
        while let Some((to, letter)) = self.crossing.next(now) {
            self.queue(to, letter);
        }
        for outbox in self.outboxes.iter().flatten() {
            outbox.send();
        }
        for (asked, answer) in released.answers {
            self.totals.on_answer(asked.call, asked.since, now);
            // A caller that has hung up is no error.
            let _ = asked.caller.send(answer);
        }
        if let Some(web) = &mut self.web {
            web.dump(self.process.service().ledger());
        }
        released.crashed
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Sent(outgoing) => self.send(&outgoing),
            Event::Executed {
                requests, results, ..
            } => {
                if let Some(web) = &self.web {
                    let view = self.process.replica().status().view;
                    web.reply(view, &requests, &results);
                }
            }
            Event::View(view, active) => tracing::info!(view = view.0, active, "view change"),
            Event::Installed(slot) => {
                tracing::info!(slot = slot.0, "takes over the state of the others");
            }
            Event::Unreadable(slot) => {
                tracing::error!(
                    slot = slot.0,
                    "a state that a quorum vouches for cannot be read"
                );
            }
            Event::Diverged(slot) => {
                tracing::error!(slot = slot.0, "this state is not what a quorum has");
            }
            Event::RefusedBatch {
                sender,
                misbehaviour,
            } => {
                self.refusals.note(sender, &misbehaviour);
                if let Some(left_out) = self.bad_batches.line(sender) {
                    tracing::warn!(peer = %sender, %misbehaviour, left_out, "a message was refused, and the rest of its batch with it");
                }
            }
            Event::Refused(misbehaviour) => tracing::debug!(%misbehaviour, "refused"),
            Event::Unsigned(misbehaviour) => tracing::warn!(%misbehaviour, "not sent"),
            Event::Accused(evidence) => {
                tracing::warn!(accused = %evidence.accused(), kind = %evidence.kind(), what = %evidence, "proved faulty");
            }
            Event::Asked(_) | Event::Done(_) => {}
        }
    }

    fn send(&mut self, outgoing: &Outgoing) {
        match outgoing.to {
            Some(to) => self.send_to(to, outgoing),
            None => {
                for to in (0..self.quorum.n()).map(ReplicaId) {
                    self.send_to(to, outgoing);
                }
            }
        }
    }

    fn send_to(&mut self, to: ReplicaId, outgoing: &Outgoing) {
        if to == self.process.own() {
            return;
        }
        match self.crossing.send(self.clock.now(), to, outgoing) {
            Ok(copies) => {
                for _ in 0..copies {
                    self.queue(to, Letter::of(outgoing));
                }
            }
            Err(why) => {
                if let Some(journal) = self.process.journal() {
                    journal.lost(outgoing.msg, to, why, Some(&outgoing.message));
                }
            }
        }
    }

    fn queue(&mut self, to: ReplicaId, letter: Letter) {
        let Some(Some(outbox)) = self.outboxes.get(to.0 as usize) else {
            return;
        };
        self.traffic.messages_sent += 1;
        self.traffic.bytes_sent += letter.message.len() as u64;
        let dropped = outbox.push(letter);
        self.note_full(to, &dropped);
    }

    /// There is no room for these messages in the outbox of a peer.
    fn note_full(&mut self, to: ReplicaId, numbers: &[u64]) {
        self.totals.dropped += numbers.len() as u64;
        let own = self.process.own();
        if let Some(journal) = self.process.journal() {
            for number in numbers {
                journal.lost(EventId::of(own.into(), *number), to, Why::Full, None);
            }
        }
    }

    fn on_question(&mut self, question: Question) {
        match question {
            Question::Ask(ask, caller) => self.ask(ask, caller),
            Question::AskAtOnce(asks) => {
                for (ask, caller) in asks {
                    self.ask(ask, caller);
                }
            }
            Question::Figures(answer) => {
                let _ = answer.send(Box::new(self.figures()));
            }
            Question::Moved(peer, address) => self.move_peer(peer, address),
            Question::Explain { round, answer } => {
                let missing = self.process.missing(round);
                let _ = answer.send(explain(self.process.own(), self.quorum, missing));
            }
            Question::Slot(sequence, answer) => {
                let replica = self.process.replica();
                let _ = answer.send(SlotVotes {
                    status: replica.slot(sequence),
                    prepared_by: names(&replica.prepared_by(sequence)),
                    committed_by: names(&replica.committed_by(sequence)),
                });
            }
            Question::Ledger {
                since,
                most_bytes,
                answer,
            } => {
                let ledger = self.process.service().ledger();
                let _ = answer.send((ledger.page(since, most_bytes), ledger.count()));
            }
            Question::Trace { since, answer } => {
                let journal = self.process.journal();
                let _ = answer.send(journal.map(|journal| journal.page(since, TRACE_PAGE)));
            }
            Question::Proofs(answer) => {
                let replica = self.process.replica();
                let proofs = replica.proofs().map(|one| (one.clone(), false));
                let pardoned = replica.pardoned().map(|one| (one.clone(), true));
                let _ = answer.send(proofs.chain(pardoned).collect());
            }
            Question::Archived(answer) => {
                let interval = self.process.replica().config().checkpoint_interval;
                let _ = answer.send((interval, Archived::of(&self.process)));
            }
            Question::ArchivedItem(name, answer) => {
                let _ = answer.send(Archived::item(&self.process, &name));
            }
            Question::SetFault(words, answer) => {
                let _ = answer.send(self.set_fault(words));
            }
            Question::Pardon(process, signed, answer) => {
                let _ = answer.send(self.pardon(process, signed));
            }
            Question::Fault(answer) => {
                let _ = answer.send(self.fault_in_words());
            }
            Question::SetLinks(rules, answer) => {
                let _ = answer.send(self.set_links(&rules));
            }
            Question::Links(answer) => {
                let _ = answer.send(self.crossing.status());
            }
            Question::Passage(to, bytes, answer) => {
                let _ = answer.send(self.crossing.vote(self.clock.now(), to, bytes));
            }
            Question::Sizes(answer) => {
                let replica = self.process.replica();
                let _ = answer.send((replica.sizes(), replica.votes()));
            }
            Question::Status(answer) => {
                let _ = answer.send(self.standing());
            }
            Question::Round(round, answer) => {
                let _ = answer.send(round_status(self.process.service().exchange(), round));
            }
        }
    }

    fn ask(&mut self, ask: Ask, caller: Caller) {
        let now = self.clock.now();
        let asked = Asked {
            caller,
            call: ask.name(),
            since: now,
        };
        self.process.ask(now, ask, asked);
    }

    /// What this process has counted.
    fn figures(&mut self) -> Figures {
        let (outboxes, inboxes) = self.waiting();
        let proofs = self.process.replica().proofs();
        let accused: BTreeSet<_> = proofs.map(Evidence::accused).collect();
        Figures {
            outboxes,
            inboxes,
            signatures_checked: self.process.keys().checked(),
            meter: self.process.meter().clone(),
            totals: self.totals.clone(),
            syncs: self.store.syncs.clone(),
            status: self.process.replica().status(),
            batch_limit: self.process.replica().config().batch_limit,
            under_way: self.process.under_way(),
            lost_on_links: self.crossing.lost(),
            is_faulty: self.fault.is_some(),
            proved_faulty: accused.len(),
        }
    }

    /// The bytes that wait for each peer, and those of each peer that wait for this process.
    fn waiting(&self) -> (OfPeers, OfPeers) {
        let peers = || (0..).map(ReplicaId);
        let outboxes = peers().zip(&self.outboxes);
        let inboxes = peers().zip(self.asked.batches.bytes());
        let own = self.process.own();
        (
            outboxes
                .filter_map(|(peer, outbox)| Some((peer, outbox.as_ref()?.bytes())))
                .collect(),
            inboxes.filter(|(peer, _)| *peer != own).collect(),
        )
    }

    /// A peer listens elsewhere now. What waited for it is lost; the status messages repair that.
    fn move_peer(&mut self, peer: ReplicaId, address: SocketAddr) {
        let outbox = start_outbox(&mut self.process, peer, address);
        if let Some(place) = self.outboxes.get_mut(peer.0 as usize) {
            *place = outbox;
        }
    }

    fn standing(&mut self) -> Standing {
        self.traffic.signatures_checked = self.process.keys().checked();
        self.traffic.messages_lost = self.crossing.lost();
        let (outboxes, inboxes) = self.waiting();
        let sum = |all: OfPeers| all.iter().map(|(_, bytes)| *bytes as u64).sum();
        (self.traffic.outbox_bytes, self.traffic.inbox_bytes) = (sum(outboxes), sum(inboxes));
        let replica = self.process.replica();
        let status = replica.status();
        let asking = replica.asked_for(status.view);
        let changes = self.process.views().changes();
        Standing {
            status,
            round: round_summary(self.process.service().exchange()),
            proofs: replica.proofs().map(proof_status).collect(),
            refused: self.refusals.status(),
            view_changes: changes
                .map(|change| view_change_status(change, self.quorum, &asking))
                .collect(),
            traffic: self.traffic.clone(),
        }
    }

    /// Counts a process again that this one has proved faulty. Answers whether it had.
    fn pardon(&mut self, process: ReplicaId, signed: Pardon) -> Result<bool, Fault> {
        if !self.loopback {
            return Err(Fault::new(
                Fault::NOT_FROM_ELSEWHERE,
                "a process can be pardoned only by one that listens on loopback alone",
            ));
        }
        let is_proved = self.process.replica().convicts(process);
        if is_proved {
            tracing::info!(%process, "pardoned");
        }
        // A proof of what it signed before may still come.
        self.process.pardon(process, signed);
        Ok(is_proved)
    }

    /// Sets the fault of this process, in words. `None` makes it correct.
    fn set_fault(&mut self, words: Option<String>) -> Result<String, Fault> {
        if !self.loopback {
            return Err(Fault::new(
                Fault::NOT_FROM_ELSEWHERE,
                "faults can be set only at a process that listens on loopback alone: start the server with --faulty",
            ));
        }
        let parsed = words
            .as_deref()
            .map(|words| grammar::parse(words, &self.setting))
            .transpose();
        let mut behaviour =
            parsed.map_err(|error| Fault::new(Fault::BAD_BEHAVIOUR, error.to_string()))?;
        if behaviour
            .as_mut()
            .is_some_and(|behaviour| behaviour.forgets())
        {
            return Err(Fault::new(
                Fault::BAD_BEHAVIOUR,
                "amnesia acts when a process starts again, but a fault that is set now is gone by then: start the server with --faulty",
            ));
        }
        let now = self.clock.now();
        self.process.reach(now);
        note_fault(&mut self.process, words.as_deref());
        self.process.change(now, behaviour);
        self.fault = words;
        self.asked.usual.set_faulty(self.fault.is_some());
        let words = self.fault_in_words();
        tracing::info!(fault = words, "behaves in another way from now on");
        Ok(words)
    }

    /// Sets the rules of the links over which this process sends.
    fn set_links(&mut self, rules: &[String]) -> Result<Vec<LinkStatus>, Fault> {
        if !self.loopback {
            return Err(Fault::new(
                Fault::NOT_FROM_ELSEWHERE,
                "rules of links can be set only at a process that listens on loopback alone: start the server with --link",
            ));
        }
        self.crossing.set(self.clock.now(), rules)?;
        self.asked.usual.set_rules(!self.crossing.is_open());
        let status = self.crossing.status();
        tracing::info!(
            rules = status.len(),
            "its links have other rules from now on"
        );
        Ok(status)
    }

    fn fault_in_words(&self) -> String {
        self.fault.clone().unwrap_or_else(|| CORRECT.to_owned())
    }
}

/// Where the process keeps its records, if it keeps them.
#[derive(Debug)]
struct Store {
    storage: Option<Storage>,
    /// How long it took until records were on disk.
    syncs: Micros,
}

impl Store {
    fn forget(&mut self) -> anyhow::Result<()> {
        self.write(Storage::forget)
    }

    fn write(
        &mut self,
        write: impl FnOnce(&mut Storage) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let Some(storage) = &mut self.storage else {
            return Ok(());
        };
        let began = Instant::now();
        write(storage)?;
        self.syncs.took(began.elapsed());
        Ok(())
    }
}

impl Disk for Store {
    type Error = anyhow::Error;

    fn append(&mut self, records: &[Record]) -> anyhow::Result<()> {
        self.write(|storage| storage.add(records))
    }

    fn replace(&mut self, records: &[Record]) -> anyhow::Result<()> {
        self.write(|storage| storage.replace(records))
    }
}

/// What tells that a process which was held up goes on.
fn woken() -> anyhow::Result<Signal> {
    let kind = SignalKind::from_raw(nix::sys::signal::Signal::SIGCONT as i32);
    signal(kind).context("the handler for SIGCONT")
}

async fn wake(woken: &mut Option<Signal>) {
    let Some(woken) = woken else {
        return std::future::pending().await;
    };
    if woken.recv().await.is_none() {
        std::future::pending::<()>().await;
    }
}

/// Notes in the trace how the process misbehaves from now on. `None`: not at all.
fn note_fault(process: &mut Process<Asked>, words: Option<&str>) {
    if let Some(journal) = process.journal() {
        let words = words.unwrap_or(CORRECT).to_owned();
        journal.note(trace::Event::new(Kind::Fault).what(words));
    }
}

/// Says that checkpoints are taken more often than was asked for, if they are.
fn tell_of_interval(config: &NodeConfig, protocol: &Config) {
    let used = protocol.checkpoint_interval;
    if let Some(asked) = config.checkpoint_interval.filter(|asked| *asked != used) {
        tracing::info!(
            asked,
            used,
            "checkpoints are taken more often than asked: a view change must fit one message and be quick"
        );
    }
}

fn start_outboxes(config: &NodeConfig, process: &mut Process<Asked>) -> Vec<Option<Outbox>> {
    let peers = (0..).map(ReplicaId).zip(&config.addresses);
    peers
        .map(|(peer, address)| start_outbox(process, peer, *address))
        .collect()
}

/// The outbox for a peer at this address. `None` for the process itself.
fn start_outbox(
    process: &mut Process<Asked>,
    peer: ReplicaId,
    address: SocketAddr,
) -> Option<Outbox> {
    let head = process.head();
    let room = outbox::room(process.replica().config());
    let pair = process.keys().shared_with(peer)?;
    Some(Outbox::start(&Envelope { head, pair }, peer, room, address))
}
