//! Signatures of any replica, so that a script can forge messages.

use std::num::NonZeroU32;

use quorate_protocol::message::{Batch, Request};
use quorate_protocol::signature::Signable;
use quorate_protocol::{ClusterId, Digest, Keys, Quorum, ReplicaId, Signed, Verified, View};

use super::order::Order;

/// The keys of a whole cluster.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signer {
    n: NonZeroU32,
    cluster: ClusterId,
}

impl Signer {
    /// The keys of the cluster of a story, or of a foreign one of the same size.
    pub(super) fn new(n: NonZeroU32, foreign: bool) -> Self {
        let name: &[u8] = if foreign { b"foreign" } else { b"transcript" };
        let Digest(bytes) = Digest::of(&[b"cluster", name]);
        let cluster = ClusterId(bytes);
        Self { n, cluster }
    }

    /// n.
    pub(super) const fn n(self) -> NonZeroU32 {
        self.n
    }

    /// The arithmetic of the cluster.
    pub(super) const fn quorum(self) -> Quorum {
        Quorum::of(self.n)
    }

    /// The primary of a view.
    pub(super) fn primary(self, view: u64) -> ReplicaId {
        View(view).primary(self.quorum())
    }

    /// The keys of one replica.
    pub(super) fn keys(self, own: ReplicaId) -> Keys {
        Keys::simulated(own, self.n.get(), self.cluster)
    }

    /// A signed value.
    pub(super) fn sign<T: Signable>(self, by: ReplicaId, value: T) -> Signed<T> {
        self.keys(by).sign(value).into_signed()
    }

    /// A request, signed by whoever speaks for its client.
    pub(super) fn request(self, order: &Order) -> Verified<Request> {
        self.keys(order.speaker).sign(order.request())
    }

    /// A batch of signed requests.
    pub(super) fn batch(self, orders: &[Order]) -> Batch {
        let requests = orders.iter().map(|order| self.request(order).into_signed());
        Batch::new(requests.collect())
    }
}
