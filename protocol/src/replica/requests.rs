//! The waiting requests, and the last reply to each client.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{ClientId, ReplicaId, Timestamp};
use crate::message::{Batch, Request};
use crate::signature::Signed;
use crate::snapshot::{LastReply, Replies};
use crate::time::Time;

#[derive(Clone, Debug)]
struct Waiting {
    arrival: u64,
    since: Time,
    request: Signed<Request>,
}

/// The requests. A client has one request under way at a time, so there is one place for each client.
#[derive(Clone, Debug, Default)]
pub(super) struct Requests {
    waiting: BTreeMap<ClientId, Waiting>,
    /// The clients whose requests wait, oldest first.
    by_arrival: BTreeMap<u64, ClientId>,
    /// The arrival numbers of the waiting requests that the current view has not proposed yet.
    unproposed: BTreeSet<u64>,
    arrivals: u64,
    /// The last timestamp of each client that was proposed in the current view.
    proposed: BTreeMap<ClientId, Timestamp>,
    /// The reply table: the last timestamp of each client, with its result (rule 6).
    replies: Replies,
}

impl Requests {
    pub(super) fn last_reply(&self, client: ClientId) -> Option<&LastReply> {
        self.replies.get(&client)
    }

    pub(super) fn is_new(&self, client: ClientId, timestamp: Timestamp) -> bool {
        self.replies
            .get(&client)
            .is_none_or(|last| timestamp > last.timestamp)
    }

    /// Keeps a request until it executes. It replaces an older request of the same client.
    pub(super) fn wait_for(&mut self, now: Time, request: &Signed<Request>) {
        let Request {
            client, timestamp, ..
        } = *request.value();
        let known = self
            .waiting
            .get(&client)
            .is_some_and(|w| w.request.value().timestamp >= timestamp);
        if known || !self.is_new(client, timestamp) {
            return;
        }
        self.stop_waiting(client);
        self.arrivals += 1;
        let arrival = self.arrivals;
        if self
            .proposed
            .get(&client)
            .is_none_or(|last| timestamp > *last)
        {
            self.unproposed.insert(arrival);
        }
        self.by_arrival.insert(arrival, client);
        let request = request.clone();
        let waiting = Waiting {
            arrival,
            since: now,
            request,
        };
        self.waiting.insert(client, waiting);
    }

    /// Whether another operation of the same client waits under the same timestamp.
    pub(super) fn contradicts_waiting(&self, request: &Request) -> bool {
        self.waiting_of(request.client)
            .map(Signed::value)
            .is_some_and(|other| {
                other.timestamp == request.timestamp && other.operation != request.operation
            })
    }

    fn stop_waiting(&mut self, client: ClientId) {
        if let Some(waiting) = self.waiting.remove(&client) {
            self.by_arrival.remove(&waiting.arrival);
            self.unproposed.remove(&waiting.arrival);
        }
    }

    /// The request that has waited longest.
    pub(super) fn oldest(&self) -> Option<(ClientId, Timestamp)> {
        let (_, client) = self.by_arrival.first_key_value()?;
        let request = self.waiting.get(client)?.request.value();
        Some((request.client, request.timestamp))
    }

    /// The oldest requests, at most `most`, that have waited since `time` or longer.
    pub(super) fn waiting_since(&self, time: Time, most: usize) -> Vec<Signed<Request>> {
        self.by_arrival
            .values()
            .filter_map(|client| self.waiting.get(client))
            .take_while(|waiting| waiting.since <= time)
            .take(most)
            .map(|waiting| waiting.request.clone())
            .collect()
    }

    pub(super) fn waiting_of(&self, client: ClientId) -> Option<&Signed<Request>> {
        self.waiting.get(&client).map(|waiting| &waiting.request)
    }

    /// The number of waiting requests.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The number of waiting requests that this view has not proposed yet.
    pub(super) fn unproposed(&self) -> usize {
        self.unproposed.len()
    }

    /// Takes up to `limit` waiting requests that this view has not proposed yet, oldest first.
    pub(super) fn take_unproposed(&mut self, limit: usize) -> Batch {
        let requests = self
            .unproposed
            .iter()
            .filter_map(|arrival| self.waiting.get(self.by_arrival.get(arrival)?))
            .take(limit)
            .map(|waiting| waiting.request.clone())
            .collect();
        let batch = Batch { requests };
        self.mark_proposed(&batch);
        batch
    }

    pub(super) fn mark_proposed(&mut self, batch: &Batch) {
        for request in batch.requests.iter().map(Signed::value) {
            self.proposed.insert(request.client, request.timestamp);
            if let Some(waiting) = self.waiting.get(&request.client)
                && waiting.request.value().timestamp <= request.timestamp
            {
                self.unproposed.remove(&waiting.arrival);
            }
        }
    }

    pub(super) fn forget_proposed(&mut self) {
        self.proposed.clear();
        self.unproposed = self.by_arrival.keys().copied().collect();
    }

    /// The requests of a batch that have not executed yet, each once (rule 6). With `twice` (a mutant) it returns all
    /// of them.
    pub(super) fn unexecuted(&self, batch: &Batch, twice: bool) -> Vec<Signed<Request>> {
        let mut newest: BTreeMap<ClientId, Timestamp> = BTreeMap::new();
        let mut fresh = Vec::new();
        for signed in &batch.requests {
            let request = signed.value();
            let first_here = newest
                .get(&request.client)
                .is_none_or(|last| request.timestamp > *last);
            if twice || first_here && self.is_new(request.client, request.timestamp) {
                newest.insert(request.client, request.timestamp);
                fresh.push(signed.clone());
            }
        }
        fresh
    }

    pub(super) fn record_reply(&mut self, client: ClientId, last: LastReply) {
        let timestamp = last.timestamp;
        self.replies.insert(client, last);
        if self
            .waiting
            .get(&client)
            .is_some_and(|w| w.request.value().timestamp <= timestamp)
        {
            self.stop_waiting(client);
        }
    }

    pub(super) const fn replies(&self) -> &Replies {
        &self.replies
    }

    /// Replaces the reply table. Returns the replies to waiting requests that have executed elsewhere.
    pub(super) fn replace_replies(
        &mut self,
        replies: Replies,
    ) -> Vec<(ReplicaId, ClientId, LastReply)> {
        self.replies = replies;
        let executed: Vec<_> = self
            .waiting
            .iter()
            .map(|(client, waiting)| (*client, waiting.request.clone()))
            .filter(|(client, request)| !self.is_new(*client, request.value().timestamp))
            .collect();
        let mut answers = Vec::new();
        for (client, request) in executed {
            self.stop_waiting(client);
            if let Some(last) = self.replies.get(&client)
                && last.request == request.value().digest()
            {
                answers.push((request.signer(), client, last.clone()));
            }
        }
        answers
    }
}
