//! The key-value store: text in, text out.
//!
//! * [`Command`]: a command, parsed from its text.
//! * [`Answer`]: the answer to a command.
//! * [`linearizable`]: whether the answers to many clients are those of one store.
//! * `tree`: the entries, divided into parts. A change of one entry leaves most parts as they are.

mod answer;
mod command;
pub mod linearizable;
mod tree;

use quorate_protocol::Part;

pub use answer::Answer;
pub use command::{Command, GRAMMAR, LONGEST_KEY, LONGEST_VALUE, Refusal};

use crate::BadSnapshot;
use tree::Tree;

/// All keys and their values.
#[derive(Clone, Debug, Default)]
pub struct Store {
    tree: Tree,
}

impl Store {
    /// Executes a [`Command`] given as text.
    pub fn execute(&mut self, text: &str) -> Answer {
        match Command::parse(text) {
            Ok(command) => self.apply(&command),
            Err(refusal) => Answer::Refused(refusal),
        }
    }

    /// The answer to a `get` given as text. `None` for any other text.
    #[must_use]
    pub fn query(&self, text: &str) -> Option<Answer> {
        match Command::parse(text) {
            Ok(Command::Get { key }) => Some(self.get(key)),
            _ => None,
        }
    }

    fn apply(&mut self, command: &Command<'_>) -> Answer {
        match *command {
            Command::Set { key, value } => {
                self.tree.set(key, value);
                Answer::Ok
            }
            Command::Get { key } => self.get(key),
            Command::Delete { key } if self.tree.delete(key) => Answer::Ok,
            Command::Delete { .. } => Answer::NoSuchKey,
            Command::Cas { key, old, new } => match self.tree.get(key) {
                None => Answer::NoSuchKey,
                Some(value) if value == old => {
                    self.tree.set(key, new);
                    Answer::Ok
                }
                Some(value) => Answer::CasFailed {
                    key: key.to_owned(),
                    value: value.to_owned(),
                },
            },
        }
    }

    fn get(&self, key: &str) -> Answer {
        match self.tree.get(key) {
            Some(value) => Answer::Value(value.to_owned()),
            None => Answer::NoSuchKey,
        }
    }

    /// The store in parts, as [`crate::Service::snapshot`] wants them. An empty store has no parts.
    #[must_use]
    pub fn snapshot(&self) -> Vec<Part> {
        self.tree.parts()
    }

    /// The store that these parts encode.
    ///
    /// # Errors
    /// [`Store::snapshot`] would not produce these parts.
    pub fn restored(parts: &[Part]) -> Result<Self, BadSnapshot> {
        let tree = Tree::of_parts(parts)?;
        Ok(Self { tree })
    }
}
