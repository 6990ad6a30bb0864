//! The key-value store: text in, text out.
//!
//! * [`Command`]: a command, parsed from its text.
//! * [`Answer`]: the answer to a command.
//! * [`linearizable`]: whether the answers to many clients are those of one store.
//!
//! The entries are a [`Tree`]: a change of one entry leaves most parts of the state as they are.

mod answer;
mod command;
pub mod linearizable;

use quorate_protocol::tree::{self, Tree};
use quorate_protocol::{Digest, Part};
use serde::{Deserialize, Serialize};

pub use answer::Answer;
pub use command::{Command, GRAMMAR, LONGEST_KEY, LONGEST_VALUE, Refusal};

use crate::BadSnapshot;
use command::{checked_key, checked_value};

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    key: String,
    value: String,
}

impl Entry {
    fn is_valid(&self) -> bool {
        checked_key(&self.key).is_ok() && checked_value(&self.value).is_ok()
    }
}

impl tree::Entry for Entry {
    fn place(&self) -> Digest {
        place(&self.key)
    }

    fn size(&self) -> usize {
        const LENGTHS: usize = 4;
        self.key.len() + self.value.len() + LENGTHS
    }
}

/// Where a key stands in the tree.
fn place(key: &str) -> Digest {
    Digest::of(&[key.as_bytes()])
}

/// All keys and their values.
#[derive(Clone, Debug, Default)]
pub struct Store {
    tree: Tree<Entry>,
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
                self.set(key, value);
                Answer::Ok
            }
            Command::Get { key } => self.get(key),
            Command::Delete { key } if self.tree.delete(&place(key)).is_some() => Answer::Ok,
            Command::Delete { .. } => Answer::NoSuchKey,
            Command::Cas { key, old, new } => match self.value(key) {
                None => Answer::NoSuchKey,
                Some(value) if value == old => {
                    self.set(key, new);
                    Answer::Ok
                }
                Some(value) => Answer::CasFailed {
                    key: key.to_owned(),
                    value: value.to_owned(),
                },
            },
        }
    }

    fn set(&mut self, key: &str, value: &str) {
        self.tree.set(Entry {
            key: key.to_owned(),
            value: value.to_owned(),
        });
    }

    fn value(&self, key: &str) -> Option<&str> {
        let entry = self.tree.get(&place(key))?;
        Some(&entry.value)
    }

    fn get(&self, key: &str) -> Answer {
        match self.value(key) {
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
        let tree = Tree::<Entry>::of_parts(parts)?;
        if tree.iter().all(Entry::is_valid) {
            Ok(Self { tree })
        } else {
            Err(BadSnapshot::Unreadable)
        }
    }
}
