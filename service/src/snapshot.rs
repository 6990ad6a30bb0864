//! Reading snapshots.

use std::sync::Arc;

use serde::Deserialize;

use crate::encode::decode;

/// Parts that are no snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSnapshot {
    /// A part is missing.
    #[error("a part of the snapshot is missing")]
    Missing,
    /// A part is no encoded part of this service.
    #[error("a part of the snapshot cannot be read")]
    Unreadable,
    /// The parts can be read, but their state would not be cut, ordered or encoded like this.
    #[error("the parts are not those that their state has")]
    NotCanonical,
}

/// Reads a part, if there is one.
pub(crate) fn read_part<'a, T: Deserialize<'a>>(
    part: Option<&'a Arc<[u8]>>,
) -> Result<T, BadSnapshot> {
    decode(part.ok_or(BadSnapshot::Missing)?).ok_or(BadSnapshot::Unreadable)
}
