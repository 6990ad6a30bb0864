//! The words that choose a behaviour and its triggers, such as `lie@slots=3-9@chance=25%`.

use std::num::NonZeroU32;

use quorate_protocol::{Config, Quorum, ReplicaId};

use crate::behaviour::{Behaviour, Entry, REGISTRY, Setting, bad_argument, names};
use crate::error::ParseError;
use crate::scene::Scene;
use crate::trigger::{TRIGGERS, Trigger, Triggered};
use crate::words::instead;

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
        return Err(unknown(name));
    };
    if setting.scene < entry.needs {
        return Err(ParseError::NotHere {
            behaviour: entry.name,
            needs: entry.needs,
        });
    }
    if entry.needs == Scene::Founding && trigger.is_some() {
        return Err(ParseError::NoTrigger(entry.name));
    }
    if let Some(argument) = argument.filter(|_| entry.argument.is_empty()) {
        return Err(bad_argument(entry.name, argument, "it takes no argument"));
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

/// Makes a behaviour for a process that looks for others, to `n` in all. Its place in the cluster is not known yet, and some
/// behaviours are none at some places: this one is for the first place at which it is one.
///
/// # Errors
/// As for [`parse`], of the first place.
pub fn parse_before_founding(words: &str, n: NonZeroU32) -> Result<Box<dyn Behaviour>, ParseError> {
    let at = |own| {
        let setting = Setting {
            config: Config::new(ReplicaId(own), Quorum::of(n)),
            seed: [0; 32],
            scene: Scene::Founding,
        };
        parse(words, &setting)
    };
    let mut made = (0..n.get()).map(at);
    let first = made.next().unwrap_or_else(|| at(0));
    first.or_else(|error| made.find_map(Result::ok).ok_or(error))
}

fn unknown(name: &str) -> ParseError {
    let word: String = name.chars().take(40).collect();
    let instead = instead(&word, &names());
    ParseError::UnknownBehaviour { word, instead }
}

/// All behaviours and triggers for a command's help, one on each line.
#[must_use]
pub fn help() -> String {
    let behaviours = |needs| {
        let entries = REGISTRY
            .into_iter()
            .filter(move |entry| entry.needs == needs);
        let form = |entry: Entry| (format!("{}{}", entry.name, entry.argument), entry.what);
        entries.map(form).collect::<Vec<_>>()
    };
    let triggers = TRIGGERS.map(|(form, when)| (format!("@{form}"), when));
    let lines = |all: &[(String, &str)]| {
        let line = |(form, what): &(String, &str)| format!("\n  {form:16} {what}");
        all.iter().map(line).collect::<String>()
    };
    format!(
        "Behaviours of --faulty:{}\n\nBehaviours of nodes that gather:{}\n\n\
         Behaviours of nodes that look for others:{}\n\n\
         Triggers follow a behaviour, as in equivocate@after=2s@chance=25%; all must hold:{}",
        lines(&behaviours(Scene::Order)),
        lines(&behaviours(Scene::Gathering)),
        lines(&behaviours(Scene::Founding)),
        lines(&triggers)
    )
}
