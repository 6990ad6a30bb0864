//! The people of a plan, a network between them, and one virtual clock.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use quorate_fault::Dice;
use quorate_gather::{
    Effect, Event, Gathering, Group, Input, Invitation, NodeId, Pace, Secret, Settings, Source, Way,
};
use quorate_protocol::{SecretKey, Time};

use super::Outcome;
use super::liar::Liar;
use super::plan::{self, BOUND_MS, Foreign, Lie, Plan, Restart, Role};
use super::rule::{self, Foundings, Violation};
use crate::network::millis;
use crate::trace::Trace;

/// How often a liar acts by itself.
const LIARS_TICK: u64 = 400_000;
/// How long after the healing a run lasts at least, in milliseconds.
const CALM_MS: u64 = 10_000;
/// How many packets a liar that replays remembers.
const RECORDED: usize = 400;

/// A process: a node, or what a liar runs.
struct Actor {
    /// Its place among the people.
    who: usize,
    address: SocketAddr,
    settings: Settings,
    key: SecretKey,
    body: Body,
    /// When it was started. Its own clock begins then.
    since: Time,
    /// The time of its next turn.
    due: Time,
    memory: Option<Vec<u8>>,
    /// Whether it ends in the middle of its next step.
    torn: bool,
    /// How often it has lost its memory.
    lives: u16,
}

enum Body {
    Off,
    Node(Box<Gathering>),
    Liar(Box<Liar>),
}

#[derive(Debug)]
enum Happening {
    Start(usize),
    Stop(usize),
    /// It ends in the middle of its next step.
    Tear(usize),
    Restart(usize, Restart),
    Arrive(SocketAddr, Vec<u8>),
    Wake(usize, Time),
    Hint(usize, SocketAddr, NodeId),
    /// A liar acts.
    Tick(usize),
}

pub(super) struct World<'a> {
    plan: &'a Plan,
    dice: Dice,
    now: Time,
    queue: BTreeMap<(Time, u64), Happening>,
    planned: u64,
    actors: Vec<Actor>,
    foundings: Foundings,
    recorded: Vec<(SocketAddr, Vec<u8>)>,
    packets: u64,
    /// What has happened, and how often.
    counts: BTreeMap<&'static str, u64>,
    /// The ids of all correct nodes, of those that have lost their memory too.
    correct: BTreeSet<NodeId>,
    /// Whether a correct node has met one that came beside the n before it has met the n.
    mixed: bool,
    /// Whether a liar fell silent before all knew it.
    unknown: bool,
    founded_after: Option<Time>,
    trace: Trace,
}

impl<'a> World<'a> {
    pub(super) fn new(plan: &'a Plan, trace: Trace) -> Self {
        let mut world = Self {
            plan,
            dice: Dice::new(plan.seed, b'w'),
            now: Time(0),
            queue: BTreeMap::new(),
            planned: 0,
            actors: Vec::new(),
            foundings: Foundings::default(),
            recorded: Vec::new(),
            packets: 0,
            counts: BTreeMap::new(),
            correct: BTreeSet::new(),
            mixed: false,
            unknown: false,
            founded_after: None,
            trace,
        };
        for who in 0..plan.people.len() {
            world.invite(who);
        }
        world
    }

    /// Plans what somebody does.
    fn invite(&mut self, who: usize) {
        let person = &self.plan.people[who];
        let starts = millis(person.starts_ms);
        let first = self.add_actor(who, 0);
        self.at(starts, Happening::Start(first));
        for restart in &person.restarts {
            let ends = if restart.torn {
                Happening::Tear(first)
            } else {
                Happening::Stop(first)
            };
            self.at(millis(restart.ends_ms), ends);
            let starts = millis(restart.starts_ms);
            self.at(starts, Happening::Restart(first, *restart));
        }
        let Role::Liar(lie) = person.role else {
            return;
        };
        let more = match lie {
            Lie::Twins => 1,
            Lie::Sybil(more) => more,
            _ => 0,
        };
        for number in 1..=more {
            let actor = self.add_actor(who, u16::try_from(number).unwrap_or(u16::MAX));
            self.at(starts, Happening::Start(actor));
        }
        if let Lie::Silent(at_ms) = lie {
            self.at(millis(at_ms.max(person.starts_ms)), Happening::Stop(first));
        } else {
            self.at(starts, Happening::Tick(first));
        }
    }

    fn add_actor(&mut self, who: usize, number: u16) -> usize {
        let address = address(who, number);
        // Twins have one key.
        let is_twin = self.plan.people[who].role == Role::Liar(Lie::Twins);
        let key = if is_twin { 0 } else { number };
        self.actors.push(Actor {
            who,
            address,
            settings: self.settings(who, address),
            key: self.key(who, key),
            body: Body::Off,
            since: Time(0),
            due: Time(u64::MAX),
            memory: None,
            torn: false,
            lives: 0,
        });
        self.actors.len() - 1
    }

    fn key(&self, who: usize, number: u16) -> SecretKey {
        SecretKey::simulated(&format!("{} {who} {number}", self.plan.seed))
    }

    fn settings(&self, who: usize, address: SocketAddr) -> Settings {
        let mut settings = Settings {
            group: Group::default(),
            nodes: self.plan.nodes,
            addresses: vec![address],
            way: self.way(who),
            pace: Pace::default(),
        };
        if let Role::Foreign(why) = self.plan.people[who].role {
            match why {
                Foreign::Group => settings.group = "another".parse().unwrap_or_default(),
                Foreign::Nodes if self.plan.way != plan::Way::Invited => settings.nodes += 1,
                Foreign::Nodes | Foreign::Way => settings.way = self.wrong_way(who),
            }
        }
        settings
    }

    fn way(&self, who: usize) -> Way {
        match self.plan.way {
            plan::Way::Open => Way::Open,
            plan::Way::Secret => shared_secret(b's'),
            plan::Way::Invited => self.invitation(who, "seat"),
        }
    }

    fn wrong_way(&self, who: usize) -> Way {
        match self.plan.way {
            plan::Way::Open => shared_secret(b's'),
            plan::Way::Secret => shared_secret(b't'),
            plan::Way::Invited => self.invitation(who, "wrong seat"),
        }
    }

    fn invitation(&self, who: usize, name: &str) -> Way {
        let nodes = self.plan.nodes as usize;
        let key = |seat| SecretKey::simulated(&format!("{} {name} {seat}", self.plan.seed));
        let seats = (0..nodes).map(|seat| key(seat).public()).collect();
        let seat = key(who % nodes);
        Way::Invited(Invitation { seats, seat })
    }

    fn at(&mut self, time: Time, happening: Happening) {
        self.planned += 1;
        self.queue.insert((time, self.planned), happening);
    }

    /// Plays to the end. Whether it was stopped before.
    pub(super) fn play(&mut self, stopped: &dyn Fn() -> bool) -> Result<bool, Violation> {
        let end = millis(self.plan.heal_ms + BOUND_MS);
        let calm = millis(self.plan.heal_ms + CALM_MS);
        while let Some(((time, _), happening)) = self.queue.pop_first() {
            if time > end || (time > calm && self.is_over()) {
                break;
            }
            if stopped() {
                return Ok(true);
            }
            self.now = time;
            self.happen(happening)?;
        }
        self.look()?;
        Ok(false)
    }

    fn happen(&mut self, happening: Happening) -> Result<(), Violation> {
        match happening {
            Happening::Start(actor) => self.start(actor),
            Happening::Stop(actor) => {
                self.stop(actor);
                Ok(())
            }
            Happening::Tear(actor) => {
                self.actors[actor].torn = true;
                Ok(())
            }
            Happening::Restart(actor, restart) => self.restart(actor, restart),
            Happening::Arrive(to, bytes) => self.arrive(to, bytes),
            Happening::Wake(actor, due) if self.actors[actor].due == due => {
                self.step(actor, Input::Wake)
            }
            Happening::Wake(..) => Ok(()),
            Happening::Hint(actor, address, id) => {
                self.step(actor, Input::hint(address, Some(id), Source::Mdns))
            }
            Happening::Tick(actor) => self.tick(actor),
        }
    }

    fn start(&mut self, actor: usize) -> Result<(), Violation> {
        let who = self.actors[actor].who;
        let forges = matches!(
            self.plan.people[who].role,
            Role::Liar(
                Lie::TwoHellos
                    | Lie::TwoRosters
                    | Lie::Invalid
                    | Lie::ForgedHints
                    | Lie::Attempts
                    | Lie::Late(_)
            )
        );
        if forges {
            self.start_liar(actor);
            return Ok(());
        }
        let seed = self.seed();
        #[cfg(feature = "mutants")]
        let mutant = self.plan.mutant.filter(|_| self.is_correct(who));
        let it = &mut self.actors[actor];
        it.since = self.now;
        let (settings, key) = (it.settings.clone(), it.key.clone());
        let node = match &it.memory {
            None => Gathering::new(settings, key, seed).map_err(|error| error.to_string()),
            Some(memory) => {
                Gathering::restore(settings, key, seed, memory).map_err(|error| error.to_string())
            }
        };
        let node = node.map_err(|words| Violation::Panicked { words })?;
        #[cfg(feature = "mutants")]
        let node = node.with_mutant(mutant);
        if matches!(self.plan.people[who].role, Role::Owner | Role::Extra) {
            self.correct.insert(node.id());
        }
        it.torn = false;
        it.body = Body::Node(Box::new(node));
        self.note(actor, || "starts".to_owned());
        self.step(actor, Input::Wake)?;
        self.join(actor)
    }

    fn start_liar(&mut self, actor: usize) {
        let who = self.actors[actor].who;
        let Role::Liar(lie) = self.plan.people[who].role else {
            return;
        };
        let joins = self.joins(who);
        let phantom = self.key(who, 999);
        let it = &mut self.actors[actor];
        let liar = Liar::new(lie, &it.settings, it.key.clone(), phantom, &joins);
        it.body = Body::Liar(Box::new(liar));
        self.note(actor, || "starts, and lies".to_owned());
    }

    fn seed(&mut self) -> [u8; 32] {
        let mut seed = [7; 32];
        seed[..8].copy_from_slice(&self.dice.below(u64::MAX).to_le_bytes());
        seed
    }

    fn joins(&self, who: usize) -> Vec<SocketAddr> {
        let joins = self.plan.people[who].joins.iter();
        joins.map(|join| address(*join, 0)).collect()
    }

    fn join(&mut self, actor: usize) -> Result<(), Violation> {
        for address in self.joins(self.actors[actor].who) {
            self.step(actor, Input::hint(address, None, Source::Join))?;
        }
        Ok(())
    }

    fn stop(&mut self, actor: usize) {
        let id = match &self.actors[actor].body {
            Body::Node(node) => Some(node.id()),
            Body::Off | Body::Liar(_) => None,
        };
        let who = self.actors[actor].who;
        if let (Role::Liar(Lie::Silent(_)), Some(id)) = (self.plan.people[who].role, id) {
            self.unknown |= !self.is_known_for_good(&id);
        }
        if matches!(self.plan.people[who].role, Role::Liar(Lie::Silent(_))) && id.is_none() {
            self.unknown = true;
        }
        self.actors[actor].body = Body::Off;
        self.actors[actor].due = Time(u64::MAX);
        self.note(actor, || "ends".to_owned());
    }

    /// Whether all correct owners know a node, and have time enough to found a cluster before they forget it.
    fn is_known_for_good(&self, id: &NodeId) -> bool {
        let heals_soon = self.now.0 + 10_000_000 >= millis(self.plan.heal_ms).0;
        heals_soon
            && self
                .actors
                .iter()
                .all(|actor| match (&actor.body, self.is_owner(actor.who)) {
                    (_, false) => true,
                    (Body::Node(node), true) => node.founded().is_some() || node.has_met(id),
                    (Body::Off | Body::Liar(_), true) => {
                        let id = NodeId::of(&actor.key.public());
                        self.foundings.of(&id).is_some()
                    }
                })
    }

    fn is_owner(&self, who: usize) -> bool {
        self.plan.people[who].role == Role::Owner
    }

    fn restart(&mut self, actor: usize, restart: Restart) -> Result<(), Violation> {
        let who = self.actors[actor].who;
        self.count("restarts");
        if restart.forgets {
            self.count("lost memories");
            self.actors[actor].memory = None;
            self.actors[actor].lives += 1;
            self.actors[actor].key = self.key(who, 100 + self.actors[actor].lives);
        }
        if restart.moves {
            self.count("moves");
            let address = address(who, 50);
            self.actors[actor].address = address;
            self.actors[actor].settings.addresses = vec![address];
        }
        self.start(actor)
    }

    fn arrive(&mut self, to: SocketAddr, bytes: Vec<u8>) -> Result<(), Violation> {
        let Some(actor) = self.actors.iter().position(|actor| actor.address == to) else {
            return Ok(());
        };
        if let Body::Liar(liar) = &mut self.actors[actor].body {
            for (to, bytes) in liar.hear(self.now, &bytes) {
                self.send(actor, to, &bytes);
            }
            return Ok(());
        }
        let from = to.ip();
        self.step(actor, Input::Packet { from, bytes })
    }

    /// A step of a node, if it is one and runs.
    fn step(&mut self, actor: usize, input: Input) -> Result<(), Violation> {
        let it = &mut self.actors[actor];
        let now = Time(self.now.0.saturating_sub(it.since.0));
        let Body::Node(node) = &mut it.body else {
            return Ok(());
        };
        let mut effects = node.step(now, input);
        if it.torn {
            let done = plan::index(self.dice.below(effects.len() as u64 + 1));
            effects.truncate(done);
            for effect in effects {
                self.perform(actor, effect)?;
            }
            self.count("torn steps");
            self.stop(actor);
            return Ok(());
        }
        let wake = node.wake_at();
        it.due = Time(it.since.0.saturating_add(wake.0)).max(self.now);
        let due = it.due;
        if due < Time(u64::MAX) {
            self.at(due, Happening::Wake(actor, due));
        }
        for effect in effects {
            self.perform(actor, effect)?;
        }
        self.check(actor)
    }

    fn perform(&mut self, actor: usize, effect: Effect) -> Result<(), Violation> {
        match effect {
            Effect::Keep(memory) => self.actors[actor].memory = Some(memory),
            Effect::Send { to, bytes } => {
                if self.is_correct(self.actors[actor].who) {
                    rule::check_packet(self.actors[actor].who, bytes.len())?;
                }
                self.send(actor, to, &bytes);
            }
            Effect::Event(event) => {
                self.note(actor, || format!("{} {event}", event.stage()));
                let who = self.actors[actor].who;
                if self.is_correct(who) {
                    self.count_event(&event);
                    rule::check_event(who, &event, |at| self.is_correct_address(at))?;
                }
            }
        }
        Ok(())
    }

    /// Whether somebody is a correct node of the group.
    fn is_correct(&self, who: usize) -> bool {
        matches!(self.plan.people[who].role, Role::Owner | Role::Extra)
    }

    fn is_correct_address(&self, at: &SocketAddr) -> bool {
        let mut actors = self.actors.iter();
        actors.any(|actor| actor.address == *at && self.is_correct(actor.who))
    }

    fn check(&mut self, actor: usize) -> Result<(), Violation> {
        let who = self.actors[actor].who;
        let Body::Node(node) = &self.actors[actor].body else {
            return Ok(());
        };
        if !self.is_correct(who) {
            return Ok(());
        }
        rule::check_node(who, node, self.plan, |id| self.correct.contains(id))?;
        self.mixed |= self.has_met_others_first(who, node);
        if let Some(founded) = node.founded() {
            let is_new = self.foundings.of(&node.id()).is_none();
            self.foundings.add(self.plan, who, founded, node.id())?;
            if is_new {
                let healed = millis(self.plan.heal_ms);
                self.founded_after = Some(Time(self.now.0.saturating_sub(healed.0)));
            }
        }
        Ok(())
    }

    /// Whether a node that has no cluster has met one that came beside the n, and not yet all of the n.
    fn has_met_others_first(&self, who: usize, node: &Gathering) -> bool {
        if !self.plan.seats_first_come() || node.founded().is_some() || node.watches().is_some() {
            return false;
        }
        let has_met = |other: &&Actor| node.has_met(&NodeId::of(&other.key.public()));
        let others = || self.actors.iter().filter(|other| other.who != who);
        let mut extras = others().filter(|other| !self.is_owner(other.who));
        let mut owners = others().filter(|other| self.is_owner(other.who));
        extras.any(|extra| has_met(&extra)) && !owners.all(|owner| has_met(&owner))
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// Counts what a correct node tells.
    fn count_event(&mut self, event: &Event) {
        let what = match event {
            Event::AnotherCluster { .. } => "other clusters refused",
            Event::Flood { .. } => "floods",
            Event::LiarSeated { .. } => "liars seated",
            Event::Moved { .. } => "moves seen",
            Event::Proved(_) => "lies proved",
            Event::Refused { .. } => "refusals",
            Event::Replaced { .. } => "keys replaced",
            Event::SeatTwice { .. } => "invitations used twice",
            Event::ShutOut { .. } => "shut out",
            Event::Silent { .. } => "forgotten for silence",
            Event::Watching { .. } => "too late",
            _ => return,
        };
        self.count(what);
    }

    /// What a liar does by itself.
    fn tick(&mut self, actor: usize) -> Result<(), Violation> {
        let again = Time(self.now.0 + self.dice.between(1, LIARS_TICK));
        self.at(again, Happening::Tick(actor));
        let now = self.now;
        if let Body::Liar(liar) = &mut self.actors[actor].body {
            for (to, bytes) in liar.call(now) {
                self.send(actor, to, &bytes);
            }
        }
        let who = self.actors[actor].who;
        match self.plan.people[who].role {
            Role::Liar(Lie::FloodJoin) => self.flood(actor),
            Role::Liar(Lie::Replay) => {
                self.replay(actor);
                Ok(())
            }
            Role::Liar(Lie::ForgedHints) => {
                self.forge_hints();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Comes again under a new key, and sends bytes that are no packets.
    fn flood(&mut self, actor: usize) -> Result<(), Violation> {
        let who = self.actors[actor].who;
        for _ in 0..self.dice.below(20) {
            let length = self.dice.below(60);
            let bytes = (0..length).map(|_| u8::try_from(self.dice.below(256)).unwrap_or(0));
            let bytes: Vec<u8> = bytes.collect();
            let to = self.somebody();
            self.send(actor, to, &bytes);
        }
        let number = u16::try_from(self.dice.between(1000, 60_000)).unwrap_or(1000);
        self.actors[actor].key = self.key(who, number);
        self.actors[actor].memory = None;
        self.start(actor)
    }

    fn somebody(&mut self) -> SocketAddr {
        let who = self.dice.below(self.plan.people.len() as u64);
        address(plan::index(who), 0)
    }

    /// Plays what it heard again, to whom it was sent or to anybody.
    fn replay(&mut self, actor: usize) {
        for _ in 0..self.dice.below(10) {
            let picked = self.dice.pick(&self.recorded).cloned();
            let Some((to, bytes)) = picked else {
                return;
            };
            let to = if self.dice.chance(500) {
                to
            } else {
                self.somebody()
            };
            self.count("packets replayed");
            self.send(actor, to, &bytes);
        }
    }

    /// Multicast DNS names anybody anywhere.
    fn forge_hints(&mut self) {
        for _ in 0..self.dice.below(3) {
            let actor = plan::index(self.dice.below(self.actors.len() as u64));
            let port = u16::try_from(self.dice.between(1, 9_000)).unwrap_or(1);
            let address = if self.dice.chance(500) {
                SocketAddr::from(([127, 0, 0, 1], port))
            } else {
                self.somebody()
            };
            let whose = plan::index(self.dice.below(self.actors.len() as u64));
            let id = NodeId::of(&self.actors[whose].key.public());
            self.at(self.now, Happening::Hint(actor, address, id));
        }
    }

    fn send(&mut self, actor: usize, to: SocketAddr, bytes: &[u8]) {
        self.packets += 1;
        if self.recorded.len() < RECORDED {
            self.recorded.push((to, bytes.to_vec()));
        } else {
            let place = plan::index(self.dice.below(RECORDED as u64));
            self.recorded[place] = (to, bytes.to_vec());
        }
        let sender = self.actors[actor].who;
        let recipient = self.actors.iter().find(|other| other.address == to);
        let Some(recipient) = recipient.map(|other| other.who) else {
            return;
        };
        for arrives in self.arrivals(sender, recipient) {
            self.at(arrives, Happening::Arrive(to, bytes.to_vec()));
        }
    }

    /// When the copies of a packet arrive; none if it is lost.
    fn arrivals(&mut self, from: usize, to: usize) -> Vec<Time> {
        let healed = self.now >= millis(self.plan.heal_ms);
        if !healed && (self.is_cut(from, to) || self.dice.chance(self.plan.lost)) {
            self.count("packets lost");
            return Vec::new();
        }
        let longest = if healed { 1_000 } else { self.plan.longest_us };
        let copies = 1 + u64::from(!healed && self.dice.chance(self.plan.doubled));
        if copies > 1 {
            self.count("packets doubled");
        }
        (0..copies)
            .map(|_| Time(self.now.0 + self.dice.between(50, longest.max(50))))
            .collect()
    }

    fn is_cut(&self, from: usize, to: usize) -> bool {
        self.plan.partitions.iter().any(|one| {
            millis(one.from_ms) <= self.now
                && self.now < millis(one.to_ms)
                && one.side.contains(&from) != one.side.contains(&to)
        })
    }

    /// Whether every correct node has a cluster, or watches one.
    fn is_over(&self) -> bool {
        let mut correct = self
            .actors
            .iter()
            .filter(|actor| self.is_correct(actor.who));
        correct.all(|actor| match &actor.body {
            Body::Node(node) => node.founded().is_some() || node.watches().is_some(),
            Body::Off | Body::Liar(_) => false,
        })
    }

    /// Looks at everybody at the end.
    fn look(&self) -> Result<(), Violation> {
        if !self.plan.must_found() || self.unknown {
            return Ok(());
        }
        for actor in self
            .actors
            .iter()
            .filter(|actor| self.is_correct(actor.who))
        {
            let Body::Node(node) = &actor.body else {
                continue;
            };
            if node.founded().is_some() {
                continue;
            }
            let who = actor.who;
            let waits = node.waits_for();
            let waits = waits.map_or_else(|| "it watches".to_owned(), |waits| waits.to_string());
            if node.watches().is_none() || !self.plan.may_watch() {
                return Err(Violation::NotFounded { who, waits });
            }
            if self.plan.seats_first_come() && !self.mixed && self.is_owner(who) {
                return Err(Violation::Seatless { who, waits });
            }
        }
        Ok(())
    }

    fn note(&mut self, actor: usize, line: impl FnOnce() -> String) {
        let who = self.actors[actor].address.port();
        self.trace.line(self.now, &who, line);
    }

    pub(super) fn show(&mut self, violation: &Violation) {
        let line = format!("violated: {}: {violation}", violation.rule());
        self.trace.line(self.now, &"all", || line);
    }

    pub(super) fn end(self, stopped: bool, violation: Option<Violation>) -> Outcome {
        let must = self.plan.must_found() && !self.unknown;
        Outcome {
            founded_after: self.founded_after.filter(|_| must && violation.is_none()),
            violation,
            stopped,
            packets: self.packets,
            counts: self.counts,
            clusters: self.foundings.clusters(),
            simulated: self.now,
            trace: self.trace,
        }
    }
}

/// Where a process of somebody is reached.
fn address(who: usize, number: u16) -> SocketAddr {
    let who = u16::try_from(who).unwrap_or_default();
    SocketAddr::from(([127, 0, 0, 1], 20_000 + 100 * who + number))
}

fn shared_secret(byte: u8) -> Way {
    match Secret::new(vec![byte; 32]) {
        Ok(secret) => Way::Secret(secret),
        Err(_) => Way::Open,
    }
}
