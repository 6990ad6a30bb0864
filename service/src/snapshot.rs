//! Reading the parts of a snapshot.

use quorate_protocol::Part;
use quorate_protocol::tree::BadParts;
use serde::Deserialize;

use crate::encode::decode;

/// Why parts are not a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSnapshot {
    /// A part is missing.
    #[error("a part of the snapshot is missing")]
    Missing,
    /// A part cannot be decoded.
    #[error("a part of the snapshot cannot be read")]
    Unreadable,
    /// The parts can be decoded, but a snapshot of their state has other parts: other boundaries, order or bytes.
    #[error("the parts are not the ones that a snapshot of their state has")]
    NotCanonical,
}

impl From<BadParts> for BadSnapshot {
    fn from(bad: BadParts) -> Self {
        match bad {
            BadParts::Unreadable => Self::Unreadable,
            BadParts::NotCanonical => Self::NotCanonical,
        }
    }
}

/// Decodes a part. The error tells a missing part from an unreadable one.
pub(crate) fn read_part<'a, T: Deserialize<'a>>(part: Option<&'a Part>) -> Result<T, BadSnapshot> {
    decode(part.ok_or(BadSnapshot::Missing)?).ok_or(BadSnapshot::Unreadable)
}
