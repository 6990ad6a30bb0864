//! What is wrong with the words of `--faulty`.

use quorate_protocol::{ParseReplicaIdError, ReplicaId};

use crate::scene::Scene;

/// Why a fault plan cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// What stands where a name must is not a name.
    #[error("{cause}{advice}", advice = capitals(&cause.0))]
    Name {
        /// What was given. It is not the source of the error, because the message has it already.
        cause: ParseReplicaIdError,
    },
    /// A behaviour stands where a name must.
    #[error("'{behaviour}' is a behaviour, so write a name before it, such as P={behaviour}")]
    NoName {
        /// The behaviour.
        behaviour: &'static str,
    },
    /// No such process here.
    #[error("there is no process {name}: with {n} processes the names go from P to {last}")]
    NoSuchProcess {
        /// The name given.
        name: String,
        /// How many there are.
        n: u32,
        /// The last name.
        last: ReplicaId,
    },
    /// No such behaviour.
    #[error("unknown behaviour '{word}': {instead}")]
    UnknownBehaviour {
        /// What was given.
        word: String,
        /// What to write instead.
        instead: String,
    },
    /// The process does not take part in what the behaviour is about.
    #[error("'{behaviour}' needs a process that {needs}, and those of this cluster do not")]
    NotHere {
        /// The behaviour.
        behaviour: &'static str,
        /// What the process must take part in.
        needs: Scene,
    },
    /// A behaviour that acts from the start has a trigger.
    #[error("'{0}' acts from the start of its process: leave the trigger out")]
    NoTrigger(&'static str),
    /// The behaviour's argument is not of its form.
    #[error("'{argument}' is no argument for {behaviour}: {expected}")]
    BadArgument {
        /// The behaviour.
        behaviour: &'static str,
        /// What was given.
        argument: String,
        /// What is expected.
        expected: &'static str,
    },
    /// No such trigger.
    #[error("unknown trigger '@{word}': {instead}")]
    UnknownTrigger {
        /// What was given.
        word: String,
        /// What to write instead.
        instead: String,
    },
    /// The trigger is not of its form.
    #[error("'@{trigger}' is no trigger: {expected}")]
    BadTrigger {
        /// What was given.
        trigger: String,
        /// What is expected.
        expected: &'static str,
    },
    /// 'none' stands beside names.
    #[error("'none' stands alone: leave it out, or leave the names out")]
    NoneAndNames,
    /// Nothing between two commas.
    #[error("a name is missing in '{0}': write names separated by commas, such as P,Q, or none")]
    Missing(String),
    /// One process, two behaviours.
    #[error("process {0} is named twice")]
    Twice(ReplicaId),
}

impl From<ParseReplicaIdError> for ParseError {
    fn from(cause: ParseReplicaIdError) -> Self {
        Self::Name { cause }
    }
}

/// The name that a word in small letters was meant to be.
fn capitals(word: &str) -> String {
    match word.to_uppercase().parse::<ReplicaId>() {
        Ok(name) => format!("; did you mean '{name}'?"),
        Err(_) => String::new(),
    }
}
