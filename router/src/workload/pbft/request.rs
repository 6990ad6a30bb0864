//! One request of a client, and its status at each node.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::slots::Slot;
use super::status::Status;
use crate::workload::Cluster;

/// After this time a node without an answer is reported.
const PATIENCE: Duration = Duration::from_millis(500);

/// The status of a request at one node, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Poll {
    /// Whether the node was asked and has not answered.
    pub(super) under_way: bool,
    /// When it was asked last.
    pub(super) asked: Duration,
    /// When it is asked next.
    pub(super) due: Duration,
    /// Its last answer.
    pub(super) status: Option<Status>,
    /// The error that it answered last, if its last answer was an error.
    pub(super) error: Option<String>,
}

impl Poll {
    pub(super) fn executed(&self) -> bool {
        self.status.as_ref().is_some_and(|status| status.executed)
    }

    fn words(&self, now: Duration) -> String {
        let mut words = match (&self.status, &self.error) {
            (_, Some(error)) => format!("answers pbft_status with {error}"),
            (Some(status), None) => status.to_string(),
            (None, None) => "has not answered pbft_status".to_owned(),
        };
        if self.under_way && self.status.is_some() && self.asked + PATIENCE < now {
            words += ", and has not answered pbft_status since";
        }
        words
    }
}

/// A request.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) client: String,
    /// Its message id. The same for all nodes, so that it names the request together with the client.
    pub(super) id: u64,
    pub(super) operation: String,
    pub(super) sent: Duration,
    /// The nodes that were asked to order it.
    pub(super) asked: BTreeSet<String>,
    /// When all nodes were asked last; at first, when it was sent.
    pub(super) tried: Duration,
    /// The nodes that have answered their last question, so that they may be asked again.
    pub(super) answered: BTreeSet<String>,
    /// The nodes that are asked again, and when.
    pub(super) again: BTreeMap<String, Duration>,
    /// Nodes that have refused it.
    pub(super) errors: BTreeMap<String, String>,
    /// The nodes that have reported its slot.
    pub(super) ordered: BTreeSet<String>,
    /// Its slot, in the latest view that a node reported.
    pub(super) slot: Option<Slot>,
    /// Whether it is committed in this slot, as a node reported.
    pub(super) committed: bool,
    pub(super) polls: BTreeMap<String, Poll>,
}

impl Request {
    pub(super) fn new(client: String, id: u64, operation: String, sent: Duration) -> Self {
        Self {
            client,
            id,
            operation,
            sent,
            asked: BTreeSet::new(),
            tried: sent,
            answered: BTreeSet::new(),
            again: BTreeMap::new(),
            errors: BTreeMap::new(),
            ordered: BTreeSet::new(),
            slot: None,
            committed: false,
            polls: BTreeMap::new(),
        }
    }

    /// The request for people.
    pub(super) fn words(&self) -> String {
        format!(
            "'{}' ({}'s msg_id {})",
            self.operation, self.client, self.id
        )
    }

    /// Whether all nodes that must have executed it.
    pub(super) fn is_executed(&self, cluster: &Cluster) -> bool {
        let executed = |name: &String| self.polls.get(name).is_some_and(Poll::executed);
        self.slot.is_some() && cluster.correct().all(executed)
    }

    /// Whether a node can be asked to order it. A node owes at most one answer to it at a time.
    pub(super) fn may_be_asked(&self, node: &String) -> bool {
        !self.asked.contains(node) || self.answered.contains(node)
    }

    /// A node reports its slot. A committed slot counts, or one of a later view.
    pub(super) fn place(&mut self, slot: Slot, committed: bool) {
        let better = |known: Slot| known.view < slot.view || committed && !self.committed;
        if !self.slot.is_none_or(better) {
            return;
        }
        if self
            .slot
            .is_some_and(|known| known.sequence != slot.sequence)
        {
            self.polls.clear();
        }
        self.slot = Some(slot);
        self.committed = committed;
    }

    /// How many nodes have executed it.
    pub(super) fn executed_at(&self) -> usize {
        self.polls.values().filter(|poll| poll.executed()).count()
    }

    /// Whether nothing more is to be done for it. A retransmitted request must be known to all correct nodes.
    pub(super) fn is_done(&self, cluster: &Cluster, retransmits: bool) -> bool {
        let known = |name: &String| self.ordered.contains(name);
        self.is_executed(cluster) && (!retransmits || cluster.correct().all(known))
    }

    /// The nodes that have not executed it, with their status.
    pub(super) fn missing(&self, cluster: &Cluster, now: Duration) -> Vec<String> {
        let Some(slot) = self.slot else {
            let asked: Vec<_> = self.asked.iter().map(|name| self.refusal(name)).collect();
            let text = format!(
                "{} got no pbft_request_ok: {}",
                self.words(),
                asked.join(", ")
            );
            return vec![text];
        };
        if self.is_executed(cluster) {
            let open = cluster
                .correct()
                .filter(|name| !self.ordered.contains(*name));
            let open = open.map(|name| {
                format!(
                    "{}, sent again after all have executed it: {}",
                    self.words(),
                    self.refusal(name)
                )
            });
            return open.collect();
        }
        let open = cluster.correct().filter_map(|name| {
            let poll = self.polls.get(name);
            let executed = poll.is_some_and(Poll::executed);
            let words = poll.map_or_else(|| "was not asked".to_owned(), |poll| poll.words(now));
            (!executed).then(|| {
                format!(
                    "{} at {name} in slot {}: {words}",
                    self.words(),
                    slot.sequence
                )
            })
        });
        open.collect()
    }

    fn refusal(&self, node: &str) -> String {
        match self.errors.get(node) {
            Some(error) => format!("{node} answered with {error}"),
            None => format!("{node} has not answered"),
        }
    }
}
