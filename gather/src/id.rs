//! A node's public key, and the id that is made of it.

use std::fmt;
use std::str::FromStr;

use quorate_protocol::Digest;
use serde::{Deserialize, Serialize};

/// An Ed25519 public key.
pub type PublicKey = [u8; 32];

/// A node's id: a hash of its public key. Its text is the first 8 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeId(pub [u8; 32]);

impl NodeId {
    /// The id of the node that has this key.
    #[must_use]
    pub fn of(key: &PublicKey) -> Self {
        Self(Digest::of(&[b"quorate node", key]).0)
    }

    /// All 64 hexadecimal digits.
    #[must_use]
    pub fn full(&self) -> String {
        base16ct::lower::encode_string(&self.0)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Digest(self.0).fmt(f)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not a node's id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a node's id: an id has 64 hexadecimal digits")]
pub struct ParseNodeIdError(pub String);

impl FromStr for NodeId {
    type Err = ParseNodeIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut id = [0; 32];
        match base16ct::mixed::decode(text, &mut id) {
            Ok(read) if read.len() == 32 => Ok(Self(id)),
            _ => Err(ParseNodeIdError(text.chars().take(80).collect())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::NodeId;

    #[test]
    fn an_id_is_read_from_all_its_digits_and_from_nothing_else() {
        let id = NodeId::of(&[7; 32]);
        assert_eq!(id.full().parse(), Ok(id));
        assert!(id.full().starts_with(&id.to_string()));
        for bad in [
            "",
            "12",
            &id.to_string(),
            &id.full()[1..],
            &format!("{}0", id.full()),
        ] {
            assert!(bad.parse::<NodeId>().is_err(), "{bad}");
        }
    }
}
