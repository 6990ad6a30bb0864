//! One file per behaviour. A behaviour changes what gets in, what a replica wants to say, and what its process votes.

mod amnesia;
mod corrupt;
mod crash;
mod delay;
mod deny;
mod drop;
mod duplicate;
mod equivocate;
mod forge;
mod lie;
mod replay;
mod silent;
mod skip;
mod slow;
mod spam;
mod tamper;

use std::fmt::Debug;

use quorate_protocol::message::Message;
use quorate_protocol::{Config, Digest, Duration, Effect, ReplicaId, Time, VerifiedMessage};

use crate::dice::Dice;
use crate::plan::ParseError;
use crate::scope::{Moment, Scope};
use crate::trigger::{TRIGGERS, Trigger, Triggered};

pub use corrupt::Damage;

/// The behaviours there are.
pub const REGISTRY: [Entry; 16] = [
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
    skip::ENTRY,
    slow::ENTRY,
    tamper::ENTRY,
    spam::ENTRY,
    amnesia::ENTRY,
];

/// A behaviour, for those who choose one.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// How its argument is written, with the colon before it; in brackets if it may be left out, empty if it takes none.
    pub argument: &'static str,
    /// What a process does that has it.
    pub what: &'static str,
    /// Words that show it.
    pub example: &'static str,
    make: fn(Option<&str>, &Setting) -> Made,
}

/// A behaviour, or why its argument is none.
type Made = Result<Box<dyn Behaviour>, ParseError>;

/// The process for which a behaviour is made.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its engine's configuration.
    pub config: Config,
    /// What its dice fall by.
    pub seed: [u8; 32],
}

impl Setting {
    const fn own(&self) -> ReplicaId {
        self.config.replica
    }

    const fn n(&self) -> u32 {
        self.config.quorum.n()
    }

    /// Dice for the behaviour or for its trigger, which fall apart from each other.
    fn dice(&self, purpose: &[u8]) -> Dice {
        Dice::of(Digest::of(&[purpose, &self.seed]).0)
    }
}

/// What a process does when it is asked to tell another its decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Say {
    /// It refuses, and says so.
    Deny,
    /// It says nothing.
    Nothing,
    /// It says this.
    Decision(String),
    /// It says this after a while.
    Late(String, Duration),
}

/// What becomes of an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Altered {
    /// What is to be done.
    pub effect: Effect,
    /// For how long it is held back.
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

/// How a process misbehaves. Everything is as a correct process does it unless a behaviour says otherwise.
pub trait Behaviour: Debug + Send {
    /// Time goes on; said before anything else is asked.
    fn tick(&mut self, moment: Moment) {
        let _ = moment;
    }

    /// Whether anything from this process gets in.
    fn hears(&mut self, from: ReplicaId) -> bool {
        let _ = from;
        true
    }

    /// A message has got in, the process's own broadcasts included.
    fn see(&mut self, message: &VerifiedMessage) {
        let _ = message;
    }

    /// What becomes of an effect.
    fn alter(&mut self, effect: Effect) -> Vec<Altered> {
        vec![effect.into()]
    }

    /// What is to be done to the bytes of a signed message before they leave.
    fn damage(&mut self, scope: Scope) -> Option<Damage> {
        let _ = scope;
        None
    }

    /// What it tells `to` instead of its decision.
    fn say(&mut self, to: ReplicaId, decision: &str) -> Say {
        let _ = to;
        Say::Decision(decision.to_owned())
    }

    /// The value of the ballot that it orders instead of what it heard.
    fn ballot(&mut self) -> Option<String> {
        None
    }

    /// When it next wants to do something of its own accord.
    fn acts_at(&self) -> Option<Time> {
        None
    }

    /// What it does of its own accord, now that this time has come.
    fn act(&mut self) -> Vec<Effect> {
        Vec::new()
    }

    /// Whether it forgets all that it has on disk when it starts again, and does as if it had never voted.
    fn forgets(&mut self) -> bool {
        false
    }

    /// Whether its process is to end now.
    fn crashes(&mut self) -> bool {
        false
    }
}

/// Makes a behaviour from its words, such as `deny:R+S` or `lie@slots=3-9@chance=25%`.
///
/// # Errors
/// The behaviour, its argument or a trigger is unknown; the error says what to write instead.
pub fn parse(words: &str, setting: &Setting) -> Result<Box<dyn Behaviour>, ParseError> {
    if let Some(rest) = words
        .strip_prefix("none")
        .filter(|rest| rest.starts_with([':', '@']))
    {
        return Err(bad_argument("none", rest, "it stands alone"));
    }
    let (words, trigger) = match words.split_once('@') {
        Some((words, trigger)) => (words, Some(Trigger::parse(trigger)?)),
        None => (words, None),
    };
    let (name, argument) = match words.split_once(':') {
        Some((name, argument)) => (name, Some(argument)),
        None => (words, None),
    };
    let Some(entry) = REGISTRY.iter().find(|entry| entry.name == name) else {
        return Err(ParseError::UnknownBehaviour(
            name.chars().take(40).collect(),
        ));
    };
    if let Some(argument) = argument.filter(|_| entry.argument.is_empty()) {
        return Err(bad_argument(entry.name, argument, "it takes none"));
    }
    let behaviour = (entry.make)(argument, setting)?;
    Ok(match trigger {
        None => behaviour,
        Some(trigger) => {
            let dice = setting.dice(b"trigger");
            Box::new(Triggered::new(trigger, behaviour, dice))
        }
    })
}

/// The names of all behaviours, in alphabetical order.
pub(crate) fn names() -> [&'static str; REGISTRY.len()] {
    let mut names = REGISTRY.map(|entry| entry.name);
    names.sort_unstable();
    names
}

/// All behaviours and triggers, one a line, for the help of a command line.
#[must_use]
pub fn help() -> String {
    let behaviours =
        REGISTRY.map(|entry| (format!("{}{}", entry.name, entry.argument), entry.what));
    let triggers = TRIGGERS.map(|(form, when)| (format!("@{form}"), when));
    let lines = |all: &[(String, &str)]| {
        let line = |(form, what): &(String, &str)| format!("\n  {form:16} {what}");
        all.iter().map(line).collect::<String>()
    };
    format!(
        "Behaviours of --faulty:{}\n\nTriggers, behind a behaviour, such as equivocate@after=2s@chance=25%; all must hold:{}",
        lines(&behaviours),
        lines(&triggers)
    )
}

fn bad_argument(behaviour: &'static str, argument: &str, expected: &'static str) -> ParseError {
    ParseError::BadArgument {
        behaviour,
        argument: argument.chars().take(80).collect(),
        expected,
    }
}

/// A broadcast as one message per process, the sender's own included, each as `tell` has it.
fn one_by_one(n: u32, mut tell: impl FnMut(ReplicaId) -> Option<Message>) -> Vec<Altered> {
    (0..n)
        .map(ReplicaId)
        .filter_map(|to| tell(to).map(|message| Effect::Send { to, message }.into()))
        .collect()
}

/// Each message to each other process as an effect of its own, the process's own copy of a broadcast among them; other
/// effects as they are.
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

/// To which other process an effect sends something.
fn recipient(effect: &Effect, own: ReplicaId) -> Option<ReplicaId> {
    match effect {
        Effect::Send { to, .. } | Effect::Forward { to, .. } if *to != own => Some(*to),
        _ => None,
    }
}

/// The decision that a liar puts in another's place.
fn opposite(decision: &str) -> String {
    if decision == "attack" {
        "retreat"
    } else {
        "attack"
    }
    .to_owned()
}

/// A digest that nobody proposed.
fn false_digest(digest: Digest) -> Digest {
    Digest::of(&[b"false", &digest.0])
}

/// A vote for a batch that nobody proposed, or an answer that the service did not give; other messages as they are.
fn with_false_digest(message: &Message) -> Message {
    let mut altered = message.clone();
    match &mut altered {
        Message::Prepare(prepare) => prepare.digest = false_digest(prepare.digest),
        Message::Commit(commit) => commit.digest = false_digest(commit.digest),
        Message::Checkpoint(checkpoint) => checkpoint.digest = false_digest(checkpoint.digest),
        Message::Replies(replies) => {
            for reply in &mut replies.replies {
                reply.result = b"a lie".to_vec();
            }
        }
        Message::Answer(answer) => answer.result = b"a lie".to_vec(),
        _ => {}
    }
    altered
}
