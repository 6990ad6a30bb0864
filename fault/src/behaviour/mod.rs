//! One file per behaviour. A behaviour changes what gets in, what a replica wants to say, and what its process votes.

mod crash;
mod deny;
mod equivocate;
mod forge;
mod lie;
mod silent;

use std::fmt::Debug;

use quorate_protocol::message::Message;
use quorate_protocol::{Digest, Effect, ReplicaId, Time};

use crate::plan::ParseError;

/// The behaviours there are.
pub const NAMES: [&str; 6] = ["crash", "deny", "equivocate", "forge", "lie", "silent"];

/// What a process does when it is asked to tell another its decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Say {
    /// It refuses, and says so.
    Deny,
    /// It says nothing.
    Nothing,
    /// It says this.
    Decision(String),
}

/// How a process misbehaves. Everything is as a correct process does it unless a behaviour says otherwise.
pub trait Behaviour: Debug + Send {
    /// Whether anything from this process gets in.
    fn hears(&mut self, from: ReplicaId) -> bool {
        let _ = from;
        true
    }

    /// What becomes of an effect.
    fn alter(&mut self, effect: Effect) -> Vec<Effect> {
        vec![effect]
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

    /// Time goes on.
    fn tick(&mut self, now: Time) {
        let _ = now;
    }

    /// Whether its process is to end now.
    fn has_crashed(&self) -> bool {
        false
    }
}

/// Makes the behaviour of process `own` of `n` from its words, such as `deny:R+S`.
///
/// # Errors
/// The behaviour or its argument is unknown.
pub fn parse(words: &str, own: ReplicaId, n: u32) -> Result<Box<dyn Behaviour>, ParseError> {
    let (name, argument) = match words.split_once(':') {
        Some((name, argument)) => (name, Some(argument)),
        None => (words, None),
    };
    Ok(match name {
        "crash" => Box::new(crash::Crash::parse(argument)?),
        "deny" => Box::new(deny::Deny::parse(argument, own, n)?),
        "equivocate" => Box::new(equivocate::Equivocate::parse(argument, own, n)?),
        "forge" => Box::new(forge::Forge::parse(argument)?),
        "lie" => Box::new(lie::Lie::parse(argument, own, n)?),
        "silent" => Box::new(silent::Silent::parse(argument, own)?),
        _ => {
            return Err(ParseError::UnknownBehaviour(
                name.chars().take(40).collect(),
            ));
        }
    })
}

/// Refuses an argument to a behaviour that takes none.
fn no_argument(behaviour: &'static str, argument: Option<&str>) -> Result<(), ParseError> {
    match argument {
        None => Ok(()),
        Some(argument) => Err(ParseError::BadArgument {
            behaviour,
            argument: argument.to_owned(),
            expected: "it takes none",
        }),
    }
}

/// A broadcast as one message per process, the sender's own included, each as `tell` has it.
fn one_by_one(n: u32, tell: impl Fn(ReplicaId) -> Option<Message>) -> Vec<Effect> {
    (0..n)
        .map(ReplicaId)
        .filter_map(|to| tell(to).map(|message| Effect::Send { to, message }))
        .collect()
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
