//! The node. [`Gathering::step`] is the only way in.
//!
//! * `on_hint`, `on_packet`: one file per input. `on_speech`: a packet of somebody who has received this node's challenge.
//!   `on_facts`: what such a node hands on.
//! * `found`: the votes. `choose`: for which roster.
//! * `speak`: what is sent. `wait`: why the node waits.
//! * `restore`: what it remembers.

mod choose;
mod found;
mod on_facts;
mod on_hint;
mod on_packet;
mod on_speech;
mod restore;
mod speak;
#[cfg(test)]
mod support;
mod wait;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use quorate_protocol::{ClusterId, Duration, SecretKey, Time};

use crate::attempt::Attempt;
use crate::ballots::Ballots;
use crate::certificate::Certificate;
use crate::doors::{Bucket, Callers, Correspondents, Doors};
use crate::event::{Event, Founded};
use crate::hello::Hello;
use crate::hints::{Hint, Hints, Source};
use crate::id::{NodeId, PublicKey};
use crate::judge::Judge;
use crate::mutant::Mutant;
use crate::peers::Peers;
use crate::proof::Proof;
use crate::roster::Known;
use crate::settings::{Charter, Pace, Secret, Settings, SettingsError, Way};
use crate::signed::Signed;

/// What happens to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Its time has come; see [`Gathering::wake_at`].
    Wake,
    /// There may be a node at an address.
    Hint(Hint),
    /// A packet came.
    Packet {
        /// The caller's address, as the transport names it.
        from: IpAddr,
        /// The packet.
        bytes: Vec<u8>,
    },
}

impl Input {
    /// There may be a node at an address.
    #[must_use]
    pub const fn hint(address: SocketAddr, id: Option<NodeId>, source: Source) -> Self {
        Self::Hint(Hint {
            address,
            id,
            source,
        })
    }
}

/// What the driver must do, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Write these bytes in place of those before. They must be on disk before anything that follows is done.
    Keep(Vec<u8>),
    /// Send a packet to an address. It may be lost.
    Send {
        /// The address.
        to: SocketAddr,
        /// The packet, at most [`crate::MOST_BYTES`].
        bytes: Vec<u8>,
    },
    /// Tell the user.
    Event(Event),
}

/// The packets that unknown callers may send in one second: each, and all together.
const CALLS: (u32, u32) = (100, 500);
/// The same of nodes that have received a challenge.
const PACKETS: (u32, u32) = (50, 2_000);
/// How many lines about other nodes are told in one second, and at once. Others cause them: whoever is refused names its address
/// itself, and may name many.
const LINES: (u32, u32) = (4, 256);
/// How many dropped packets are worth a word.
const MANY: u64 = 10;
/// How long after an event that others can cause the next one follows at the earliest.
const FLOOD: Duration = Duration::from_millis(1_000);

/// A node that looks for others and founds a cluster with them.
pub struct Gathering {
    pace: Pace,
    addresses: Vec<SocketAddr>,
    charter: Charter,
    secret: Option<Secret>,
    judge: Judge,
    /// Random bytes, drawn at this start. All challenges are made of them.
    seed: [u8; 32],
    /// The time of the last step.
    now: Time,
    hello: Signed<Hello>,
    started: bool,
    hints: Hints,
    peers: Peers,
    doors: Doors,
    /// Who was told often enough that it is refused.
    refusals: Doors,
    callers: Callers,
    correspondents: Correspondents,
    /// How often another key has answered at an address than before.
    replaced: BTreeMap<SocketAddr, u32>,
    ballots: Ballots,
    /// The quorum of ROSTERs to which this node keeps.
    lock: Option<Certificate>,
    attempt: Attempt,
    barred: BTreeMap<PublicKey, Barred>,
    outcome: Outcome,
    /// Foundings of other rosters, of which too few members were met to believe them.
    foundings: Vec<Certificate>,
    /// The members that know of this node's founding.
    content: BTreeSet<PublicKey>,
    /// The members that have started again since the founding.
    newer: BTreeMap<PublicKey, Newer>,
    told: Told,
    /// How many lines about other nodes may be told.
    lines: Bucket,
    speaking: speak::Speaking,
    waiting: wait::Waiting,
    dropped: u64,
    kept: Option<Vec<u8>>,
    effects: Vec<Effect>,
    #[cfg(feature = "mutants")]
    mutant: Option<Mutant>,
}

/// A key that is proved to lie.
struct Barred {
    proof: Proof,
    since: Time,
    /// A HELLO of it, if one is known.
    hello: Option<Known>,
    /// Whether more was known of it than the proof.
    was_known: bool,
}

/// A member's HELLO that is newer than the one of the roster.
struct Newer {
    hello: Known,
    /// When it was taken.
    since: Time,
}

/// How it has ended.
enum Outcome {
    Seeking,
    Member(Box<Founded>),
    Watching(Certificate),
}

/// What the user need not be told again.
#[derive(Default)]
struct Told {
    flood: Time,
    /// How many lines about other nodes were left out since `omitted`.
    left_out: u64,
    omitted: Time,
    /// When the next address that others named may be told as not answering.
    unanswered: Time,
    other_clusters: BTreeSet<ClusterId>,
    seats: BTreeSet<PublicKey>,
    seated: BTreeSet<PublicKey>,
    own_key: BTreeSet<SocketAddr>,
}

impl Gathering {
    /// A new node. Its key must be fresh, and be kept before the first step. `seed`: 32 random bytes, fresh at every start.
    ///
    /// # Errors
    /// No node can start with these settings.
    pub fn new(settings: Settings, key: SecretKey, seed: [u8; 32]) -> Result<Self, SettingsError> {
        settings.check()?;
        Ok(Self::with(settings, key, seed, 1))
    }

    fn with(settings: Settings, key: SecretKey, seed: [u8; 32], sequence: u64) -> Self {
        let charter = settings.charter();
        let mut judge = Judge::new(&settings, key);
        let hello = Hello {
            sequence,
            addresses: settings.addresses.clone(),
            claim: judge.claim().cloned(),
        };
        let hello = judge.pen().sign(hello);
        let secret = match settings.way {
            Way::Secret(secret) => Some(secret),
            Way::Open | Way::Invited(_) => None,
        };
        let pace = settings.pace;
        Self {
            addresses: settings.addresses,
            charter,
            secret,
            judge,
            seed,
            now: Time(0),
            hello,
            started: false,
            hints: Hints::default(),
            peers: Peers::default(),
            doors: Doors::new(pace.shut_out),
            refusals: Doors::new(pace.shut_out),
            callers: Callers::new(CALLS.0, CALLS.1),
            correspondents: Correspondents::new(PACKETS.0, PACKETS.1),
            replaced: BTreeMap::new(),
            ballots: Ballots::default(),
            lock: None,
            attempt: Attempt::default(),
            barred: BTreeMap::new(),
            outcome: Outcome::Seeking,
            foundings: Vec::new(),
            content: BTreeSet::new(),
            newer: BTreeMap::new(),
            told: Told::default(),
            lines: Bucket::with_most(LINES.0, LINES.1),
            speaking: speak::Speaking::default(),
            waiting: wait::Waiting::default(),
            dropped: 0,
            kept: None,
            effects: Vec::new(),
            #[cfg(feature = "mutants")]
            mutant: None,
            pace,
        }
    }

    /// The same node with a bug.
    #[cfg(feature = "mutants")]
    #[must_use]
    pub fn with_mutant(mut self, mutant: Option<Mutant>) -> Self {
        self.mutant = mutant;
        if self.is_mutant(Mutant::NumberNotRaised) && self.hello.value.sequence > 1 {
            let mut hello = self.hello.value.clone();
            hello.sequence -= 1;
            self.hello = self.judge.pen().sign(hello);
        }
        if self.is_mutant(Mutant::NobodyForgotten) {
            self.pace.forget = Duration(u64::MAX);
        }
        if self.is_mutant(Mutant::LockForgotten) {
            self.lock = None;
        }
        if self.is_mutant(Mutant::VotesForgotten) {
            self.ballots = Ballots::default();
            self.attempt = Attempt::default();
        }
        if self.is_mutant(Mutant::MovesForgotten)
            && let Outcome::Member(founded) = &self.outcome
        {
            self.newer.clear();
            let founded = self.founded_by(founded.certificate.clone(), true);
            self.outcome = Outcome::Member(Box::new(founded));
        }
        self
    }

    #[cfg(feature = "mutants")]
    fn is_mutant(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    #[cfg(not(feature = "mutants"))]
    #[expect(clippy::unused_self, reason = "as with the feature")]
    const fn is_mutant(&self, _mutant: Mutant) -> bool {
        false
    }

    /// Takes an input. Time must not go back.
    pub fn step(&mut self, now: Time, input: Input) -> Vec<Effect> {
        self.now = now;
        self.start();
        match input {
            Input::Wake => {}
            Input::Hint(hint) => self.on_hint(now, &hint),
            Input::Packet { from, bytes } => self.on_packet(now, from, &bytes),
        }
        self.forget_silent(now);
        self.found(now);
        self.call(now);
        self.speak(now);
        self.tell_waits(now);
        self.tell_flood(now);
        self.tell_left_out(now);
        self.keep();
        std::mem::take(&mut self.effects)
    }

    /// When [`Input::Wake`] is due, unless another input comes before.
    #[must_use]
    pub fn wake_at(&self) -> Time {
        let times = [
            self.hints
                .next(|address, giver| self.is_wanted(address, giver)),
            self.peers.all().map(|peer| peer.next).min(),
            self.peers
                .all()
                .map(|peer| peer.heard + self.pace.forget)
                .min(),
            self.attempt_ends(),
            self.patience_ends(),
            self.waiting.next(),
            (self.dropped >= MANY).then(|| self.told.flood + FLOOD),
            (self.told.left_out > 0).then(|| self.told.omitted + FLOOD),
        ];
        times.into_iter().flatten().min().unwrap_or(Time(u64::MAX))
    }

    /// The node's id.
    #[must_use]
    pub fn id(&self) -> NodeId {
        NodeId::of(&self.judge.own())
    }

    /// The founded cluster, if this node is a member of one.
    #[must_use]
    pub fn founded(&self) -> Option<&Founded> {
        match &self.outcome {
            Outcome::Member(founded) => Some(founded),
            Outcome::Seeking | Outcome::Watching(_) => None,
        }
    }

    /// The cluster for which this node came too late.
    #[must_use]
    pub fn watches(&self) -> Option<ClusterId> {
        match &self.outcome {
            Outcome::Watching(certificate) => Some(certificate.roster().cluster()),
            Outcome::Seeking | Outcome::Member(_) => None,
        }
    }

    /// Whether a node was met, and was heard not long ago.
    #[must_use]
    pub fn has_met(&self, id: &NodeId) -> bool {
        self.peers.all().any(|peer| peer.hello.id() == *id)
    }

    /// The nodes that are proved to lie.
    pub fn barred(&self) -> impl Iterator<Item = NodeId> {
        self.barred.values().map(|barred| barred.proof.accused())
    }

    /// How much the node keeps: hints, nodes that were met, and votes.
    #[must_use]
    pub fn sizes(&self) -> [usize; 3] {
        [
            self.hints.len(),
            self.peers.len(),
            self.ballots.all().count(),
        ]
    }

    /// How many signatures of others it has computed.
    #[must_use]
    pub const fn checked(&self) -> u64 {
        self.judge.checked()
    }

    const fn is_seeking(&self) -> bool {
        matches!(self.outcome, Outcome::Seeking)
    }

    /// The cluster that this node belongs to or watches, with its founding.
    fn founding(&self) -> Option<&Certificate> {
        match &self.outcome {
            Outcome::Seeking => None,
            Outcome::Member(founded) => Some(&founded.certificate),
            Outcome::Watching(certificate) => Some(certificate),
        }
    }

    fn start(&mut self) {
        if self.started {
            return;
        }
        self.started = true;
        self.say(Event::Started {
            id: self.id(),
            address: self.hello.value.addresses[0],
            group: self.charter.group.clone(),
            entry: self.charter.entry,
            nodes: self.charter.nodes,
        });
        if self.charter.entry == crate::settings::Entry::Open {
            self.say(Event::OpenGroup);
        }
        if self.judge.quorum().f() == 0 {
            let nodes = self.charter.nodes;
            self.say(Event::NoLiarSurvived { nodes });
        }
        if let Outcome::Member(founded) = &self.outcome {
            let founded = founded.clone();
            self.say(Event::Founded(founded));
        }
    }

    fn say(&mut self, event: Event) {
        self.effects.push(Effect::Event(event));
    }

    /// Says something that others can cause as often as they like.
    fn say_of_others(&mut self, event: Event) {
        if self.lines.take(self.now) {
            self.say(event);
        } else {
            self.told.left_out += 1;
        }
    }

    fn tell_left_out(&mut self, now: Time) {
        if self.told.left_out > 0 && now >= self.told.omitted + FLOOD {
            self.told.omitted = now;
            let lines = std::mem::take(&mut self.told.left_out);
            self.say(Event::LeftOut { lines });
        }
    }

    fn tell_flood(&mut self, now: Time) {
        if self.dropped >= MANY && now >= self.told.flood + FLOOD {
            self.told.flood = now;
            let dropped = std::mem::take(&mut self.dropped);
            self.say(Event::Flood { dropped });
        }
    }
}
