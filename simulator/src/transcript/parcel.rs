//! A message in flight.

use quorate_protocol::{ReplicaId, SignedMessage, Time};

/// A message in flight.
#[derive(Clone, Debug)]
pub(super) struct Parcel {
    pub(super) from: ReplicaId,
    pub(super) to: ReplicaId,
    pub(super) message: SignedMessage,
    /// When it was sent, in the picture.
    pub(super) sent: Time,
}
