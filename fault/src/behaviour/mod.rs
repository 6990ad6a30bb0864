//! One file per behaviour. A behaviour changes which messages a replica hears, what it sends and how its process votes.

mod amnesia;
mod corrupt;
mod crash;
mod delay;
mod deny;
mod drop;
mod duplicate;
mod equivocate;
mod equivocate_offer;
mod flood;
mod flood_join;
mod forge;
mod impersonate;
mod late_bid;
mod lie;
mod lie_offer;
mod no_reveal;
mod replay;
mod silent;
mod skip;
mod slow;
mod spam;
mod sybil;
mod tamper;
mod withhold;

use std::fmt::Debug;

use dyn_clone::DynClone;
use quorate_protocol::message::Message;
use quorate_protocol::{Config, Digest, Duration, Effect, ReplicaId, Time, VerifiedMessage};
use quorate_service::gathering::{Command, Gathering};

use crate::dice::Dice;
use crate::error::ParseError;
use crate::scene::Scene;
use crate::scope::{Moment, Scope};

pub use corrupt::Damage;

/// All behaviours.
pub const REGISTRY: [Entry; 25] = [
    deny::ENTRY,
    crash::ENTRY,
    silent::ENTRY,
    delay::ENTRY,
    drop::ENTRY,
    duplicate::ENTRY,
    replay::ENTRY,
    equivocate::ENTRY,
    lie::ENTRY,
    corrupt::ENTRY,
    forge::ENTRY,
    impersonate::ENTRY,
    skip::ENTRY,
    slow::ENTRY,
    tamper::ENTRY,
    spam::ENTRY,
    flood::ENTRY,
    amnesia::ENTRY,
    lie_offer::ENTRY,
    equivocate_offer::ENTRY,
    late_bid::ENTRY,
    no_reveal::ENTRY,
    withhold::ENTRY,
    sybil::ENTRY,
    flood_join::ENTRY,
];

/// A behaviour as users choose it.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// The form of its argument, with the colon before it. Brackets mean that it may be left out. Empty: no argument.
    pub argument: &'static str,
    /// What a process with this behaviour does.
    pub what: &'static str,
    /// An example, as users write it.
    pub example: &'static str,
    /// What a process must take part in for this to mean something.
    pub needs: Scene,
    pub(crate) make: fn(Option<&str>, &Setting) -> Made,
}

/// A behaviour, or why its argument is not valid.
type Made = Result<Box<dyn Behaviour>, ParseError>;

/// The process that a behaviour is made for.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The configuration of its engine.
    pub config: Config,
    /// The seed of its dice.
    pub seed: [u8; 32],
    /// What it takes part in.
    pub scene: Scene,
}

impl Setting {
    const fn own(&self) -> ReplicaId {
        self.config.replica
    }

    const fn n(&self) -> u32 {
        self.config.quorum.n()
    }

    /// Dice for one purpose. The dice of a behaviour and of its trigger are independent.
    pub(crate) fn dice(&self, purpose: &[u8]) -> Dice {
        Dice::of(Digest::of(&[purpose, &self.seed]).0)
    }
}

/// How a process answers when it is asked to tell its decision to another process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Say {
    /// It refuses openly.
    Deny,
    /// It sends nothing.
    Nothing,
    /// It sends this decision.
    Decision(String),
    /// It sends this decision after a delay.
    Late(String, Duration),
}

/// How a process looks for others before it has a cluster, if not as one correct node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joins {
    /// Again and again, under new keys.
    Again,
    /// With so many keys.
    Keys(u32),
}

/// An effect as a behaviour leaves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Altered {
    /// The effect, perhaps changed.
    pub effect: Effect,
    /// How long to hold it back.
    pub late: Duration,
}

impl From<Effect> for Altered {
    fn from(effect: Effect) -> Self {
        Self {
            effect,
            late: Duration::default(),
        }
    }
}

/// How a process misbehaves. By default every method does what a correct process does, but it stands by liars.
pub trait Behaviour: Debug + DynClone + Send {
    /// Whether the process is an accomplice of all liars ([`quorate_protocol::Replica::set_accomplice`]), at all times.
    fn stands_by_liars(&self) -> bool {
        true
    }

    /// Tells the time and the replica's position. Called before any other method.
    fn tick(&mut self, moment: Moment) {
        let _ = moment;
    }

    /// Whether a message from this process is heard at all.
    fn hears(&mut self, from: ReplicaId) -> bool {
        let _ = from;
        true
    }

    /// Whether the replica gets this message at all. The process's own broadcasts are among them.
    fn takes_in(&mut self, message: &VerifiedMessage) -> bool {
        let _ = message;
        true
    }

    /// Shows a message that was heard. The process's own broadcasts are among them.
    fn see(&mut self, message: &VerifiedMessage) {
        let _ = message;
    }

    /// Changes an effect: drops, replaces, multiplies or delays it.
    fn alter(&mut self, effect: Effect) -> Vec<Altered> {
        vec![effect.into()]
    }

    /// The damage to a signed message before its bytes leave.
    fn damage(&mut self, scope: Scope) -> Option<Damage> {
        let _ = scope;
        None
    }

    /// What to tell `to` when the process's decision is `decision`.
    fn say(&mut self, to: ReplicaId, decision: &str) -> Say {
        let _ = to;
        Say::Decision(decision.to_owned())
    }

    /// A false value for the process's ballot. `None` leaves the ballot as it is.
    fn ballot(&mut self) -> Option<String> {
        None
    }

    /// How it looks for others. `None`: as one correct node.
    fn joins(&self) -> Option<Joins> {
        None
    }

    /// Changes what the process wants ordered in its gathering: drops, replaces or adds commands. It is asked in every turn, and what
    /// it has given before in the same epoch is not ordered again.
    fn orders(&mut self, state: &Gathering, commands: Vec<Command>) -> Vec<Command> {
        let _ = state;
        commands
    }

    /// When the behaviour next acts without any input.
    fn acts_at(&self) -> Option<Time> {
        None
    }

    /// The effects of acting without input, now that the time of [`Behaviour::acts_at`] has come.
    fn act(&mut self) -> Vec<Effect> {
        Vec::new()
    }

    /// Whether the process loses its disk when it starts again, and votes as if it had never voted.
    fn forgets(&mut self) -> bool {
        false
    }

    /// Whether the process ends now.
    fn crashes(&mut self) -> bool {
        false
    }
}

dyn_clone::clone_trait_object!(Behaviour);

/// The names of all behaviours in alphabetical order, for error messages.
pub(crate) fn names() -> [&'static str; REGISTRY.len()] {
    let mut names = REGISTRY.map(|entry| entry.name);
    names.sort_unstable();
    names
}

pub(crate) fn bad_argument(
    behaviour: &'static str,
    argument: &str,
    expected: &'static str,
) -> ParseError {
    ParseError::BadArgument {
        behaviour,
        argument: argument.chars().take(80).collect(),
        expected,
    }
}

/// Splits a broadcast into one message per process, the sender included. `tell` chooses the message for each process.
fn one_by_one(n: u32, mut tell: impl FnMut(ReplicaId) -> Option<Message>) -> Vec<Altered> {
    (0..n)
        .map(ReplicaId)
        .filter_map(|to| tell(to).map(|message| Effect::Send { to, message }.into()))
        .collect()
}

/// Splits a broadcast into one message per process, the sender included. Other effects stay as they are.
fn taken_apart(effect: Effect, n: u32) -> Vec<Effect> {
    match effect {
        Effect::Broadcast(message) => (0..n)
            .map(|to| Effect::Send {
                to: ReplicaId(to),
                message: message.clone(),
            })
            .collect(),
        other => vec![other],
    }
}

/// The other process to which an effect sends something, if it sends anything.
fn recipient(effect: &Effect, own: ReplicaId) -> Option<ReplicaId> {
    match effect {
        Effect::Send { to, .. } | Effect::Forward { to, .. } if *to != own => Some(*to),
        _ => None,
    }
}

/// The decision that a liar tells instead of this one.
fn opposite(decision: &str) -> String {
    if decision == "attack" {
        "retreat"
    } else {
        "attack"
    }
    .to_owned()
}

/// A digest that nobody proposed, always the same for this digest.
fn false_digest(digest: Digest) -> Digest {
    Digest::of(&[b"false", &digest.0])
}

/// A vote with a digest that nobody proposed, or a result that the service did not give. Other messages stay as they
/// are.
fn with_false_digest(message: &Message) -> Message {
    let mut altered = message.clone();
    match &mut altered {
        Message::Prepare(prepare) => prepare.digest = false_digest(prepare.digest),
        Message::Commit(commit) => commit.digest = false_digest(commit.digest),
        Message::Checkpoint(checkpoint) => checkpoint.digest = false_digest(checkpoint.digest),
        Message::Replies(replies) => {
            for reply in &mut replies.replies {
                reply.result = Some(b"a lie".to_vec());
            }
        }
        Message::Answer(answer) => answer.result = b"a lie".to_vec(),
        _ => {}
    }
    altered
}
