//! What a process has counted since it started, and what it holds at the moment.

use std::collections::BTreeMap;
use std::time::Duration;

use quorate_host::{Meter, Micros};
use quorate_protocol::{ReplicaId, Status, Time};

/// What a process has counted, and what it holds now.
#[derive(Debug)]
pub(crate) struct Figures {
    pub(crate) meter: Meter,
    pub(crate) totals: Totals,
    /// How long it took until records were on disk.
    pub(crate) syncs: Micros,
    pub(crate) status: Status,
    /// The most requests of a batch.
    pub(crate) batch_limit: usize,
    /// How many operations of callers have no result yet.
    pub(crate) under_way: usize,
    pub(crate) signatures_checked: u64,
    pub(crate) lost_on_links: u64,
    /// Whether it is told to misbehave.
    pub(crate) is_faulty: bool,
    /// How many processes it has proved faulty.
    pub(crate) proved_faulty: usize,
    /// The bytes that wait for each peer.
    pub(crate) outboxes: OfPeers,
    /// The bytes of each peer that wait for this process.
    pub(crate) inboxes: OfPeers,
}

/// Bytes, by the peer that they are for or from.
pub(crate) type OfPeers = Vec<(ReplicaId, usize)>;

/// What the runtime itself counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Totals {
    /// How long callers waited for their answers, by what they asked.
    pub(crate) calls: BTreeMap<&'static str, Micros>,
    /// The messages for which an outbox had no room.
    pub(crate) dropped: u64,
}

impl Totals {
    /// A caller gets its answer.
    pub(crate) fn on_answer(&mut self, call: &'static str, since: Time, now: Time) {
        let waited = Duration::from_micros(now.0.saturating_sub(since.0));
        self.calls.entry(call).or_default().took(waited);
    }
}
