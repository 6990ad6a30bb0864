use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest key, in bytes.
pub const LONGEST_KEY: usize = 128;
/// The longest value, in bytes.
pub const LONGEST_VALUE: usize = 4096;
/// The commands, as error messages show them.
pub const GRAMMAR: &str = "write 'set KEY=VALUE', 'get KEY', 'delete KEY' or 'cas KEY OLD NEW'";

/// A command. One space separates its words. A key is 1 to 128 bytes of text without white space, `=` and control
/// characters. A value is up to 4096 bytes of text without control characters. The value of `set` is everything after
/// the first `=`, spaces included, and may be empty. The values of `cas` have at least one character and no space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// `set KEY=VALUE` gives the key this value and replaces any value that it had.
    Set {
        /// The key.
        key: &'a str,
        /// The value.
        value: &'a str,
    },
    /// `get KEY` reads the key's value.
    Get {
        /// The key.
        key: &'a str,
    },
    /// `delete KEY` removes the key.
    Delete {
        /// The key.
        key: &'a str,
    },
    /// `cas KEY OLD NEW` (compare and set) gives the key the value NEW if its value is OLD.
    Cas {
        /// The key.
        key: &'a str,
        /// The value that the key must have.
        old: &'a str,
        /// The value that the key gets.
        new: &'a str,
    },
}

/// Why a text is not a command. Answers contain it: add new variants at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// The text is not one of the four commands.
    #[error("{GRAMMAR}")]
    Grammar,
    /// The key is not valid.
    #[error(
        "a key is 1 to {LONGEST_KEY} bytes without spaces, '=' and control characters; {GRAMMAR}"
    )]
    Key,
    /// A value is not valid.
    #[error("a value is up to {LONGEST_VALUE} bytes without control characters; {GRAMMAR}")]
    Value,
}

impl<'a> Command<'a> {
    /// Reads a command.
    ///
    /// # Errors
    /// The text is not a valid command.
    pub fn parse(text: &'a str) -> Result<Self, Refusal> {
        let (verb, rest) = text.split_once(' ').ok_or(Refusal::Grammar)?;
        let command = match verb {
            "set" => {
                let (key, value) = rest.split_once('=').ok_or(Refusal::Grammar)?;
                Self::Set {
                    key: checked_key(key)?,
                    value: checked_value(value)?,
                }
            }
            "get" => Self::Get {
                key: checked_key(rest)?,
            },
            "delete" => Self::Delete {
                key: checked_key(rest)?,
            },
            "cas" => {
                let mut words = rest.split(' ');
                let (Some(key), Some(old), Some(new), None) =
                    (words.next(), words.next(), words.next(), words.next())
                else {
                    return Err(Refusal::Grammar);
                };
                if old.is_empty() || new.is_empty() {
                    return Err(Refusal::Grammar);
                }
                Self::Cas {
                    key: checked_key(key)?,
                    old: checked_value(old)?,
                    new: checked_value(new)?,
                }
            }
            _ => return Err(Refusal::Grammar),
        };
        Ok(command)
    }
}

impl fmt::Display for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set { key, value } => write!(f, "set {key}={value}"),
            Self::Get { key } => write!(f, "get {key}"),
            Self::Delete { key } => write!(f, "delete {key}"),
            Self::Cas { key, old, new } => write!(f, "cas {key} {old} {new}"),
        }
    }
}

pub(super) fn checked_key(key: &str) -> Result<&str, Refusal> {
    let belongs = |c: char| !c.is_whitespace() && !c.is_control() && c != '=';
    let fits = (1..=LONGEST_KEY).contains(&key.len()) && key.chars().all(belongs);
    if fits { Ok(key) } else { Err(Refusal::Key) }
}

pub(super) fn checked_value(value: &str) -> Result<&str, Refusal> {
    let fits = value.len() <= LONGEST_VALUE && !value.chars().any(char::is_control);
    if fits { Ok(value) } else { Err(Refusal::Value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_reads_and_shows_as_its_text() {
        let (key, value) = ("x", "42");
        let commands = [
            ("set x=42", Command::Set { key, value }),
            ("get x", Command::Get { key }),
            ("delete x", Command::Delete { key }),
            (
                "cas x 1 2",
                Command::Cas {
                    key,
                    old: "1",
                    new: "2",
                },
            ),
            (
                "set x=a = b ",
                Command::Set {
                    key,
                    value: "a = b ",
                },
            ),
            ("set x=", Command::Set { key, value: "" }),
        ];
        for (text, command) in commands {
            assert_eq!(Command::parse(text), Ok(command));
            assert_eq!(command.to_string(), text);
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_grammar() {
        for text in [
            "",
            "get",
            "gets x",
            "GET x",
            " get x",
            "set x",
            "set x 42",
            "cas x 1",
            "cas x 1 2 3",
            "cas x  2",
            "cas x 1 ",
            "incr x",
        ] {
            assert_eq!(Command::parse(text), Err(Refusal::Grammar), "{text}");
        }
        let (long_key, long_value) = ("k".repeat(129), "v".repeat(4097));
        for text in [
            "get ",
            "get x ",
            "get a=b",
            "get a\u{a0}b",
            "delete x\ny",
            "set x =1",
            "set =1",
            &format!("get {long_key}"),
        ] {
            assert_eq!(Command::parse(text), Err(Refusal::Key), "{text:?}");
        }
        for text in ["set x=a\nb", "cas x a\tb c", &format!("set x={long_value}")] {
            assert_eq!(Command::parse(text), Err(Refusal::Value), "{text:?}");
        }
        for refusal in [Refusal::Grammar, Refusal::Key, Refusal::Value] {
            let text = refusal.to_string();
            // The message of an XML-RPC fault has at most 200 characters.
            assert!(text.contains(GRAMMAR) && text.len() < 180, "{text}");
        }
    }

    #[test]
    fn the_longest_key_and_value_fit() {
        let text = format!("set {}={}", "é".repeat(64), "v".repeat(4096));
        assert!(Command::parse(&text).is_ok());
    }
}
