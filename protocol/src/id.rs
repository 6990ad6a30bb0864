//! The names and numbers of the protocol. Each has a type of its own, so that they cannot be confused.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::quorum::Quorum;

/// A replica's index, 0 to n-1. Shown as its process name: P to Z, then P2 to Z2, P3, ...
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ReplicaId(pub u32);

const FIRST_LETTER: u32 = 'P' as u32;
const LETTERS: u32 = 'Z' as u32 - FIRST_LETTER + 1;

impl fmt::Display for ReplicaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = char::from_u32(FIRST_LETTER + self.0 % LETTERS).unwrap_or('?');
        match self.0 / LETTERS {
            0 => write!(f, "{letter}"),
            lap => write!(f, "{letter}{}", u64::from(lap) + 1),
        }
    }
}

/// A text that is not a process name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a process name: the names are P to Z, then P2 to Z2, and so on")]
pub struct ParseReplicaIdError(pub String);

impl FromStr for ReplicaId {
    type Err = ParseReplicaIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseReplicaIdError(text.chars().take(40).collect());
        let mut chars = text.chars();
        let letter = chars
            .next()
            .filter(|c| ('P'..='Z').contains(c))
            .ok_or_else(error)?;
        let lap = match chars.as_str() {
            "" => 0,
            digits if digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0') => {
                digits
                    .parse::<u32>()
                    .ok()
                    .filter(|lap| *lap >= 2)
                    .ok_or_else(error)?
                    - 1
            }
            _ => return Err(error()),
        };
        lap.checked_mul(LETTERS)
            .and_then(|start| start.checked_add(letter as u32 - FIRST_LETTER))
            .map(ReplicaId)
            .ok_or_else(error)
    }
}

/// The client that a request is for (rule 26).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ClientId {
    /// A process, under one of its numbers. Number 0 is the process itself, which takes part in the exchange. It lends
    /// the other numbers to callers without a name, and never uses one again after a restart. Only the process signs.
    Session {
        /// The process.
        process: ReplicaId,
        /// Its number.
        #[serde(with = "postcard::fixint::le")]
        number: u64,
    },
    /// A caller with a name, at the process that it asked. The same name at another process is another client. Only the
    /// process signs.
    Named {
        /// The process.
        process: ReplicaId,
        /// The first bytes of the name's digest.
        name: [u8; 16],
    },
    /// The owner of an Ed25519 key, by the public key. The owner signs; any process may carry the request.
    Key([u8; 32]),
}

impl ClientId {
    /// A session that a process lends. Number 0 is the process itself.
    #[must_use]
    pub const fn session(process: ReplicaId, number: u64) -> Self {
        Self::Session { process, number }
    }

    /// The caller with this name at a process.
    #[must_use]
    pub fn named(process: ReplicaId, name: &str) -> Self {
        let Digest(bytes) = Digest::of(&[b"client", name.as_bytes()]);
        let mut start = [0; 16];
        for (to, from) in start.iter_mut().zip(bytes) {
            *to = from;
        }
        Self::Named {
            process,
            name: start,
        }
    }

    /// The only process that may sign requests of this client. `None` for a client with a key.
    #[must_use]
    pub const fn speaker(&self) -> Option<ReplicaId> {
        match self {
            Self::Session { process, .. } | Self::Named { process, .. } => Some(*process),
            Self::Key(_) => None,
        }
    }

    /// The process, if the client is a process that orders operations for itself.
    #[must_use]
    pub const fn process(&self) -> Option<ReplicaId> {
        match self {
            Self::Session { process, number: 0 } => Some(*process),
            _ => None,
        }
    }
}

/// The process itself.
impl From<ReplicaId> for ClientId {
    fn from(process: ReplicaId) -> Self {
        Self::session(process, 0)
    }
}

/// `P`, `P/17`, or for a name or a key its first 4 bytes in hexadecimal.
impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start: &[u8] = match self {
            Self::Session { process, number: 0 } => return process.fmt(f),
            Self::Session { process, number } => return write!(f, "{process}/{number}"),
            Self::Named { name, .. } => name,
            Self::Key(key) => key,
        };
        start
            .iter()
            .take(4)
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A cluster's id. Every signature covers it (rule 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClusterId(pub [u8; 32]);

/// A view's number. Replica v mod n is the primary of view v.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct View(#[serde(with = "postcard::fixint::le")] pub u64);

impl View {
    /// The view's primary (C4).
    #[must_use]
    pub fn primary(self, quorum: Quorum) -> ReplicaId {
        let index = self.0 % u64::from(quorum.n());
        ReplicaId(u32::try_from(index).unwrap_or_default())
    }

    /// The view after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A sequence number, which names a slot. The first slot is 1. Number 0 is the state before any slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Sequence(#[serde(with = "postcard::fixint::le")] pub u64);

impl Sequence {
    /// The sequence number after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A client's own counter. Each request of a client has a greater timestamp than its previous one (C4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Timestamp(#[serde(with = "postcard::fixint::le")] pub u64);

#[cfg(test)]
mod tests {
    use super::ReplicaId;

    #[test]
    fn names_go_from_p_to_z_and_then_from_p2_to_z2() {
        let names: Vec<String> = [0, 3, 10, 11, 21, 22]
            .map(|i| ReplicaId(i).to_string())
            .to_vec();
        assert_eq!(names, ["P", "S", "Z", "P2", "Z2", "P3"]);
    }

    #[test]
    fn every_name_is_parsed_and_no_other_text_is() {
        for i in (0..100).chain([u32::MAX]) {
            assert_eq!(ReplicaId(i).to_string().parse(), Ok(ReplicaId(i)));
        }
        for bad in [
            "",
            "A",
            "p",
            "P1",
            "P0",
            "P02",
            "P+2",
            "P2x",
            "PP",
            "Z99999999999",
        ] {
            assert!(
                bad.parse::<ReplicaId>().is_err(),
                "{bad} was parsed as a name"
            );
        }
    }
}
