//! The waiting requests, and the last reply to each client.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{ClientId, ReplicaId, Sequence, Timestamp};
use crate::limits::Limits;
use crate::message::{Batch, Request};
use crate::misbehaviour::Misbehaviour;
use crate::replies::{LastReply, Replies};
use crate::signature::Signed;
use crate::time::Time;

#[derive(Clone, Debug)]
struct Waiting {
    arrival: u64,
    since: Time,
    request: Signed<Request>,
}

/// The waiting requests of one speaker, the process that signed them. The speakers take turns, so that a flood from one
/// of them costs that one (rule 27).
#[derive(Clone, Debug, Default)]
struct Line {
    requests: usize,
    bytes: usize,
    /// When they arrived, by the count of arrivals.
    arrivals: BTreeSet<u64>,
    /// The requests that the current view has not proposed yet, by arrival, with their bytes.
    unproposed: BTreeMap<u64, usize>,
    unproposed_bytes: usize,
}

impl Line {
    fn put_unproposed(&mut self, arrival: u64, bytes: usize) {
        let before = self.unproposed.insert(arrival, bytes);
        self.unproposed_bytes += bytes - before.unwrap_or_default();
    }

    fn take_unproposed(&mut self, arrival: u64) {
        let bytes = self.unproposed.remove(&arrival);
        self.unproposed_bytes -= bytes.unwrap_or_default();
    }
}

/// The requests. A client has one request under way at a time, so there is one place for each client.
#[derive(Clone, Debug, Default)]
pub(super) struct Requests {
    waiting: BTreeMap<ClientId, Waiting>,
    /// The clients whose requests wait, oldest first.
    by_arrival: BTreeMap<u64, ClientId>,
    /// The same clients, by the slots after which their requests execute.
    by_slot: BTreeSet<(Sequence, ClientId)>,
    /// One line for each speaker with waiting requests.
    lines: BTreeMap<ReplicaId, Line>,
    arrivals: u64,
    /// The last timestamp of each client that was proposed in the current view and has not executed.
    proposed: BTreeMap<ClientId, Timestamp>,
    /// The turns that speakers have had in batches, and the last one of each: turns go on from batch to batch, however few
    /// requests a batch holds.
    turn: u64,
    turns: BTreeMap<ReplicaId, u64>,
    /// The last slot in which a request of each speaker has executed.
    served: BTreeMap<ReplicaId, Sequence>,
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

    /// Whether a request may have executed and have been forgotten with its client (rule 27). It does not execute any more.
    pub(super) fn is_expired(&self, client: ClientId, after: Sequence) -> bool {
        self.replies.get(&client).is_none() && after < self.replies.horizon()
    }

    /// Whether a request has neither executed nor expired.
    fn may_execute(&self, request: &Request) -> bool {
        self.is_new(request.client, request.timestamp)
            && !self.is_expired(request.client, request.after)
    }

    /// Keeps a request that its speaker sent, until it executes. It replaces an older request of the same client.
    ///
    /// # Errors
    /// The speaker has no room for it.
    pub(super) fn admit(
        &mut self,
        now: Time,
        request: &Signed<Request>,
        limits: &Limits,
    ) -> Result<(), Misbehaviour> {
        if self.takes(request, limits) {
            self.wait_for(now, request);
            return Ok(());
        }
        let speaker = request.signer();
        Err(Misbehaviour::TooManyWaiting { speaker })
    }

    /// Whether there is room for a request, or none is needed.
    pub(super) fn takes(&self, request: &Signed<Request>, limits: &Limits) -> bool {
        !self.is_wanted(request) || self.has_room(request, limits)
    }

    fn has_room(&self, request: &Signed<Request>, limits: &Limits) -> bool {
        let speaker = request.signer();
        let replaced = self
            .waiting_of(request.value().client)
            .filter(|replaced| replaced.signer() == speaker);
        let (fewer, freed) = replaced.map_or((0, 0), |replaced| (1, replaced.weight()));
        let (requests, bytes) = self.waiting_from(speaker);
        requests - fewer < limits.waiting_requests
            && bytes - freed + request.weight() <= limits.waiting
    }

    /// The number of waiting requests of one speaker, and their bytes.
    pub(super) fn waiting_from(&self, speaker: ReplicaId) -> (usize, usize) {
        self.lines
            .get(&speaker)
            .map_or((0, 0), |line| (line.requests, line.bytes))
    }

    /// The bytes of the speaker that has the most waiting.
    pub(super) fn longest_line(&self) -> usize {
        let lines = self.lines.values();
        lines.map(|line| line.bytes).fold(0, usize::max)
    }

    /// Whether a request may execute, and no later one of its client waits.
    fn is_wanted(&self, request: &Signed<Request>) -> bool {
        let Request {
            client, timestamp, ..
        } = *request.value();
        let known = self
            .waiting_of(client)
            .is_some_and(|known| known.value().timestamp >= timestamp);
        !known && self.may_execute(request.value())
    }

    /// Keeps a request until it executes, whatever waits already. That is for the requests of a batch, which the window
    /// bounds.
    pub(super) fn wait_for(&mut self, now: Time, request: &Signed<Request>) {
        if !self.is_wanted(request) {
            return;
        }
        let Request {
            client, timestamp, ..
        } = *request.value();
        self.stop_waiting(client);
        self.arrivals += 1;
        let arrival = self.arrivals;
        let line = self.lines.entry(request.signer()).or_default();
        line.requests += 1;
        line.bytes += request.weight();
        line.arrivals.insert(arrival);
        if self
            .proposed
            .get(&client)
            .is_none_or(|last| timestamp > *last)
        {
            line.put_unproposed(arrival, request.weight());
        }
        self.by_arrival.insert(arrival, client);
        self.by_slot.insert((request.value().after, client));
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
        let Some(Waiting {
            arrival, request, ..
        }) = self.waiting.remove(&client)
        else {
            return;
        };
        self.by_arrival.remove(&arrival);
        self.by_slot.remove(&(request.value().after, client));
        let speaker = request.signer();
        if let Some(line) = self.lines.get_mut(&speaker) {
            line.requests -= 1;
            line.bytes -= request.weight();
            line.arrivals.remove(&arrival);
            line.take_unproposed(arrival);
            if line.requests == 0 {
                self.lines.remove(&speaker);
            }
        }
    }

    /// The request that has waited longest, of the speakers that are not `passed_over`.
    pub(super) fn oldest<T>(
        &self,
        passed_over: &BTreeMap<ReplicaId, T>,
    ) -> Option<&Signed<Request>> {
        self.lines
            .iter()
            .filter(|(speaker, _)| !passed_over.contains_key(speaker))
            .filter_map(|(_, line)| line.arrivals.first())
            .min()
            .and_then(|arrival| self.arrived(*arrival))
            .map(|waiting| &waiting.request)
    }

    /// The request of one speaker that has waited longest.
    pub(super) fn oldest_of(&self, speaker: ReplicaId) -> Option<&Signed<Request>> {
        let arrival = self.lines.get(&speaker)?.arrivals.first()?;
        self.arrived(*arrival).map(|waiting| &waiting.request)
    }

    fn arrived(&self, arrival: u64) -> Option<&Waiting> {
        self.waiting.get(self.by_arrival.get(&arrival)?)
    }

    /// At most `most` requests that have waited since `time` or longer. The speakers take turns, and the oldest requests of
    /// each go first.
    pub(super) fn waiting_since(&self, time: Time, most: usize) -> Vec<Signed<Request>> {
        let in_line = |line: &Line| {
            let first: Vec<u64> = line.arrivals.iter().take(most).copied().collect();
            first.into_iter().enumerate()
        };
        let mut turns: Vec<(usize, u64)> = self.lines.values().flat_map(in_line).collect();
        turns.sort_unstable();
        turns
            .into_iter()
            .filter_map(|(_, arrival)| self.arrived(arrival))
            .filter(|waiting| waiting.since <= time)
            .take(most)
            .map(|waiting| waiting.request.clone())
            .collect()
    }

    pub(super) fn waiting_of(&self, client: ClientId) -> Option<&Signed<Request>> {
        self.waiting.get(&client).map(|waiting| &waiting.request)
    }

    /// The waiting requests.
    pub(super) fn all_waiting(&self) -> impl Iterator<Item = &Request> {
        self.waiting.values().map(|waiting| waiting.request.value())
    }

    /// The number of waiting requests.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The number of waiting requests that this view has not proposed yet, and their bytes.
    pub(super) fn unproposed(&self) -> (usize, usize) {
        let lines = self.lines.values();
        lines.fold((0, 0), |(requests, bytes), line| {
            (
                requests + line.unproposed.len(),
                bytes + line.unproposed_bytes,
            )
        })
    }

    /// Takes waiting requests that this view has not proposed yet: at most `requests`, and at most `bytes` together. The
    /// speakers take turns: the one that has the fewest bytes in the batch is next. Of each speaker the requests that came
    /// first go first.
    pub(super) fn take_unproposed(&mut self, requests: usize, bytes: usize) -> Batch {
        let mut chosen = Vec::new();
        let (mut taken, mut left) = (BTreeMap::new(), bytes);
        while chosen.len() < requests
            && let Some((speaker, arrival)) = self.next_in_turn(&taken)
            && let Some(request) = self.unproposed_at(speaker, arrival)
            && request.weight() <= left
        {
            left -= request.weight();
            *taken.entry(speaker).or_default() += request.weight();
            chosen.push(request.clone());
            self.turn += 1;
            self.turns.insert(speaker, self.turn);
            if let Some(line) = self.lines.get_mut(&speaker) {
                line.take_unproposed(arrival);
            }
        }
        let batch = Batch::new(chosen);
        self.mark_proposed(&batch);
        batch
    }

    /// The next request to propose, by its speaker and arrival. Of the speakers that have the fewest bytes in the batch, the
    /// one whose last turn is longest ago is next.
    fn next_in_turn(&self, taken: &BTreeMap<ReplicaId, usize>) -> Option<(ReplicaId, u64)> {
        let first = |(speaker, line): (&ReplicaId, &Line)| {
            let (arrival, _) = line.unproposed.first_key_value()?;
            let bytes = taken.get(speaker).copied().unwrap_or_default();
            let turn = self.turns.get(speaker).copied().unwrap_or_default();
            Some((bytes, turn, *arrival, *speaker))
        };
        let (_, _, arrival, speaker) = self.lines.iter().filter_map(first).min()?;
        Some((speaker, arrival))
    }

    fn unproposed_at(&self, speaker: ReplicaId, arrival: u64) -> Option<&Signed<Request>> {
        let client = self.by_arrival.get(&arrival)?;
        let request = self.waiting_of(*client)?;
        (request.signer() == speaker).then_some(request)
    }

    pub(super) fn mark_proposed(&mut self, batch: &Batch) {
        for request in batch.requests().iter().map(Signed::value) {
            if !self.may_execute(request) {
                continue;
            }
            self.proposed.insert(request.client, request.timestamp);
            if let Some(waiting) = self.waiting.get(&request.client)
                && waiting.request.value().timestamp <= request.timestamp
                && let Some(line) = self.lines.get_mut(&waiting.request.signer())
            {
                line.take_unproposed(waiting.arrival);
            }
        }
    }

    pub(super) fn forget_proposed(&mut self) {
        self.proposed.clear();
        for waiting in self.waiting.values() {
            if let Some(line) = self.lines.get_mut(&waiting.request.signer()) {
                line.put_unproposed(waiting.arrival, waiting.request.weight());
            }
        }
    }

    /// The requests of a batch that execute in this slot, each once (rule 6). With `twice` (a mutant) it returns all of
    /// them.
    pub(super) fn unexecuted(
        &self,
        batch: &Batch,
        sequence: Sequence,
        twice: bool,
    ) -> Vec<Signed<Request>> {
        let mut newest: BTreeMap<ClientId, Timestamp> = BTreeMap::new();
        let mut fresh = Vec::new();
        for signed in batch.requests() {
            let request = signed.value();
            let first_here = newest
                .get(&request.client)
                .is_none_or(|last| request.timestamp > *last);
            let in_time = request.after < sequence && self.may_execute(request);
            if twice || first_here && in_time {
                newest.insert(request.client, request.timestamp);
                fresh.push(signed.clone());
            }
        }
        fresh
    }

    /// Records that a request of a speaker has executed.
    pub(super) fn record_service(&mut self, speaker: ReplicaId, sequence: Sequence) {
        self.served.insert(speaker, sequence);
    }

    /// Whether a request of a speaker has executed above this slot.
    pub(super) fn is_served_since(&self, speaker: ReplicaId, sequence: Sequence) -> bool {
        self.served
            .get(&speaker)
            .is_some_and(|last| *last > sequence)
    }

    /// Records a reply.
    pub(super) fn record_reply(&mut self, client: ClientId, last: LastReply, limits: &Limits) {
        let timestamp = last.timestamp;
        self.replies.insert(client, last, limits);
        if self
            .proposed
            .get(&client)
            .is_some_and(|proposed| *proposed <= timestamp)
        {
            self.proposed.remove(&client);
        }
        if self
            .waiting
            .get(&client)
            .is_some_and(|w| w.request.value().timestamp <= timestamp)
        {
            self.stop_waiting(client);
        }
    }

    /// A batch has executed. Its requests wait no longer, also those that did not execute in its slot, and no request that has
    /// expired does.
    pub(super) fn settle(&mut self, batch: &Batch) {
        for request in batch.requests().iter().map(Signed::value) {
            let Request {
                client, timestamp, ..
            } = *request;
            if self.proposed.get(&client) == Some(&timestamp) {
                self.proposed.remove(&client);
            }
            if self
                .waiting_of(client)
                .is_some_and(|waiting| waiting.value() == request)
            {
                self.stop_waiting(client);
            }
        }
        let old = (self.replies.horizon(), ClientId::session(ReplicaId(0), 0));
        let old = self.by_slot.range(..old);
        let expired: Vec<ClientId> = old
            .map(|(_, client)| *client)
            .filter(|client| self.replies.get(client).is_none())
            .collect();
        for client in expired {
            self.stop_waiting(client);
        }
    }

    pub(super) const fn replies(&self) -> &Replies {
        &self.replies
    }

    /// Replaces the reply table. Returns the replies to waiting requests that have executed elsewhere. They wait no longer,
    /// nor do those that have expired.
    pub(super) fn replace_replies(
        &mut self,
        replies: Replies,
    ) -> Vec<(ReplicaId, ClientId, LastReply)> {
        self.replies = replies;
        let known = &self.replies;
        self.proposed.retain(|client, proposed| {
            known
                .get(client)
                .is_none_or(|last| *proposed > last.timestamp)
        });
        let executed: Vec<_> = self
            .waiting
            .iter()
            .map(|(client, waiting)| (*client, waiting.request.clone()))
            .filter(|(_, request)| !self.may_execute(request.value()))
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
