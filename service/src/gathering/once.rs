//! What a member may say once: an offer, a bid, a ballot, a result. The first that executes counts.

use quorate_protocol::Sequence;
use serde::{Deserialize, Serialize};

use super::closing::Closing;

/// Something that a member has said, with the slot in which it executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said<T> {
    /// The slot.
    pub slot: Sequence,
    /// What was said.
    pub what: T,
}

/// What becomes of something that a member says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is the first, and in time.
    Counts,
    /// It has been said before.
    Again,
    /// It is the first, but the phase was closed in this slot.
    Late(Sequence),
    /// In this slot the member has said something else.
    Contradicts(Sequence),
}

/// What becomes of `new`, if the member has said this before.
pub(super) fn fate<T: PartialEq>(before: Option<Said<&T>>, new: &T, closing: &Closing) -> Fate {
    match (before, closing.at()) {
        (Some(before), _) if before.what == new => Fate::Again,
        (Some(before), _) => Fate::Contradicts(before.slot),
        (None, Some(closed)) => Fate::Late(closed),
        (None, None) => Fate::Counts,
    }
}
