//! How processes, events and digests are called in a trace.

use std::fmt;
use std::str::FromStr;

use quorate_protocol::{Digest, ReplicaId};
use serde::{Deserialize, Serialize};

/// How many bits of a number count the events of one life.
const SERIAL: u32 = 40;
/// Beside the name of a second twin.
const TWIN: char = '\'';

/// A process, or the second of two twins that the simulator runs under one name. Its text is `Q`, or `Q'`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Actor {
    /// The process.
    pub process: ReplicaId,
    /// Whether it is the second twin.
    pub twin: bool,
}

/// An event's name: the process, which of its lives, and the event's number in that life. Its text is `Q-17`, or `Q-2.17` in the
/// life after two restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventId {
    /// The process.
    pub by: Actor,
    /// How often the process had started before.
    pub life: u32,
    /// The event's number, from 1.
    pub i: u64,
}

/// The first bytes of a digest, enough to tell digests apart. Its text is hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(pub [u8; 4]);

/// A text that is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// It is no process.
    #[error("'{0}' is not a process: write a name such as Q, or Q' for a second twin")]
    Actor(String),
    /// It is no event.
    #[error("'{0}' is not an event: write the process and the number, as in Q-17")]
    Event(String),
    /// It is no digest.
    #[error("'{0}' is not the beginning of a digest: write 8 hexadecimal digits")]
    Fingerprint(String),
}

impl From<ReplicaId> for Actor {
    fn from(process: ReplicaId) -> Self {
        Self {
            process,
            twin: false,
        }
    }
}

impl EventId {
    /// The number that a message carries: of the event that sent it. The sender is known.
    #[must_use]
    pub fn number(self) -> u64 {
        u64::from(self.life) << SERIAL | self.i
    }

    /// The event that has sent a message with this number. `None` for 0: the sender keeps no trace.
    #[must_use]
    pub fn of(by: Actor, number: u64) -> Option<Self> {
        let life = u32::try_from(number >> SERIAL).unwrap_or(u32::MAX);
        let i = number & ((1 << SERIAL) - 1);
        (i > 0).then_some(Self { by, life, i })
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.process)?;
        if self.twin {
            write!(f, "{TWIN}")?;
        }
        Ok(())
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.life {
            0 => write!(f, "{}-{}", self.by, self.i),
            life => write!(f, "{}-{life}.{}", self.by, self.i),
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl From<Digest> for Fingerprint {
    fn from(Digest([a, b, c, d, ..]): Digest) -> Self {
        Self([a, b, c, d])
    }
}

impl FromStr for Actor {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let (name, twin) = match text.strip_suffix(TWIN) {
            Some(name) => (name, true),
            None => (text, false),
        };
        let process = name.parse();
        process
            .map(|process| Self { process, twin })
            .map_err(|_| BadName::Actor(beginning(text)))
    }
}

impl FromStr for EventId {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let bad = || BadName::Event(beginning(text));
        let (by, numbers) = text.split_once('-').ok_or_else(bad)?;
        let (life, i) = match numbers.split_once('.') {
            Some((life, i)) => (life.parse().map_err(|_| bad())?, i),
            None => (0, numbers),
        };
        Ok(Self {
            by: by.parse()?,
            life,
            i: i.parse().ok().filter(|i| *i > 0).ok_or_else(bad)?,
        })
    }
}

impl FromStr for Fingerprint {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let is_hex = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u32::from_str_radix(text, 16).ok().filter(|_| is_hex);
        let bad = || BadName::Fingerprint(beginning(text));
        number
            .map(|number| Self(number.to_be_bytes()))
            .ok_or_else(bad)
    }
}

fn beginning(text: &str) -> String {
    text.chars().take(40).collect()
}

macro_rules! as_text {
    ($($name:ty),*) => {$(
        impl TryFrom<String> for $name {
            type Error = BadName;

            fn try_from(text: String) -> Result<Self, BadName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.to_string()
            }
        }
    )*};
}

as_text!(Actor, EventId, Fingerprint);

#[cfg(test)]
mod tests {
    use quorate_protocol::ReplicaId;

    use super::{Actor, EventId, Fingerprint};

    #[test]
    fn a_name_is_read_as_it_is_written() {
        let twin = Actor {
            process: ReplicaId(12),
            twin: true,
        };
        for (id, text) in [
            (
                EventId {
                    by: ReplicaId(1).into(),
                    life: 0,
                    i: 17,
                },
                "Q-17",
            ),
            (
                EventId {
                    by: twin,
                    life: 2,
                    i: 1 << 39,
                },
                "Q2'-2.549755813888",
            ),
        ] {
            assert_eq!(id.to_string(), text);
            assert_eq!(text.parse(), Ok(id));
            assert_eq!(EventId::of(id.by, id.number()), Some(id));
        }
        assert_eq!("0012beef".parse(), Ok(Fingerprint([0, 0x12, 0xbe, 0xef])));
        assert_eq!(Fingerprint([0, 0x12, 0xbe, 0xef]).to_string(), "0012beef");
    }

    #[test]
    fn a_text_that_is_no_name_is_refused() {
        for text in ["", "Q", "Q-", "Q-0", "Q--1", "q-1", "Q-1.", "Q-x.1", "-1"] {
            assert!(text.parse::<EventId>().is_err(), "{text}");
        }
        for text in ["", "12", "+12beef0", "0012beef0"] {
            assert!(text.parse::<Fingerprint>().is_err(), "{text}");
        }
        assert_eq!(
            EventId::of(ReplicaId(0).into(), 0),
            None,
            "no trace is kept"
        );
    }
}
