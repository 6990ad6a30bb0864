//! The client's side: when the answers of several replicas make a result (C4.1, C5.1, rules 20 and 21).
//!
//! Read-only queries are on, so a write too is answered only once a quorum has executed it; otherwise a read right after
//! it could miss it (Berger, Reiser & Bessani, "Making Reads in BFT State Machine Replication Fast, Linearizable, and
//! Live", SRDS '21).

use std::collections::BTreeMap;

use crate::id::{ClientId, ReplicaId, Sequence, Timestamp, View};
use crate::message::{Answer, Query, Reply, Request};
use crate::quorum::Quorum;
use crate::signature::Verified;

/// What a process has asked for on behalf of clients and has no result of yet.
#[derive(Debug)]
pub struct Client {
    quorum: Quorum,
    requests: BTreeMap<(ClientId, Timestamp), Pending>,
    queries: BTreeMap<u64, Reading>,
    last_query: u64,
}

#[derive(Debug)]
struct Pending {
    request: Verified<Request>,
    replies: BTreeMap<ReplicaId, Reply>,
    /// Whether it was there at the last look at what is overdue.
    seen: bool,
}

#[derive(Debug)]
struct Reading {
    query: Query,
    answers: BTreeMap<ReplicaId, Vec<u8>>,
    seen: bool,
}

/// A result that a quorum of replicas gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Who asked.
    pub client: ClientId,
    /// For what.
    pub timestamp: Timestamp,
    /// Where it executed.
    pub sequence: Sequence,
    /// The highest view that f+1 of these replicas have reached: one of them is correct.
    pub view: View,
    /// The result.
    pub result: Vec<u8>,
}

/// What came of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// A quorum of replicas says this.
    Agreed(Vec<u8>),
    /// No quorum can come together any more: the operation has to be ordered like any other.
    Divided,
}

impl Client {
    /// A client that waits for nothing. Its queries are numbered from above `last_query`, which must be no less than any
    /// number of an earlier life: a late answer to that one's query would be taken for one to this one's.
    #[must_use]
    pub const fn new(quorum: Quorum, last_query: u64) -> Self {
        Self {
            quorum,
            requests: BTreeMap::new(),
            queries: BTreeMap::new(),
            last_query,
        }
    }

    /// Waits for the result of a request.
    pub fn wait_for(&mut self, request: Verified<Request>) {
        let Request {
            client, timestamp, ..
        } = *request.value();
        self.requests
            .entry((client, timestamp))
            .or_insert_with(|| Pending {
                request,
                replies: BTreeMap::new(),
                seen: false,
            });
    }

    /// Waits no longer.
    pub fn give_up(&mut self, client: ClientId, timestamp: Timestamp) {
        self.requests.remove(&(client, timestamp));
    }

    /// Counts a reply; gives the result once a quorum has the same.
    pub fn on_reply(&mut self, from: ReplicaId, reply: Reply) -> Option<Accepted> {
        let key = (reply.client, reply.timestamp);
        let pending = self.requests.get_mut(&key)?;
        let (sequence, result) = (reply.sequence, reply.result.clone());
        pending.replies.insert(from, reply);
        let mut views: Vec<View> = pending
            .replies
            .values()
            .filter(|other| other.sequence == sequence && other.result == result)
            .map(|other| other.view)
            .collect();
        if views.len() < self.quorum.size() {
            return None;
        }
        views.sort_unstable_by(|a, b| b.cmp(a));
        let view = views.get(self.quorum.one_correct() - 1).copied()?;
        self.requests.remove(&key);
        Some(Accepted {
            client: key.0,
            timestamp: key.1,
            sequence,
            view,
            result,
        })
    }

    /// Begins a read-only query.
    pub fn ask(&mut self, operation: Vec<u8>) -> Query {
        self.last_query += 1;
        let query = Query {
            number: self.last_query,
            operation,
        };
        let reading = Reading {
            query: query.clone(),
            answers: BTreeMap::new(),
            seen: false,
        };
        self.queries.insert(query.number, reading);
        query
    }

    /// Ends a query without a result.
    pub fn stop_asking(&mut self, number: u64) {
        self.queries.remove(&number);
    }

    /// Counts an answer; gives what came of the query once that is clear.
    pub fn on_answer(&mut self, from: ReplicaId, answer: Answer) -> Option<Read> {
        let reading = self.queries.get_mut(&answer.number)?;
        reading.answers.insert(from, answer.result);
        let mut counts: BTreeMap<&[u8], usize> = BTreeMap::new();
        for result in reading.answers.values() {
            *counts.entry(result).or_default() += 1;
        }
        let (best, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
        let to_come = self.quorum.n() as usize - reading.answers.len();
        let outcome = if count >= self.quorum.size() {
            Read::Agreed(best.to_vec())
        } else if count + to_come < self.quorum.size() {
            Read::Divided
        } else {
            return None;
        };
        self.queries.remove(&answer.number);
        Some(outcome)
    }

    /// What to say again to all, because it has had no result since the call before, or longer (C4.1).
    pub fn overdue(&mut self) -> (Vec<Verified<Request>>, Vec<Query>) {
        let requests = self.requests.values_mut().filter_map(|pending| {
            std::mem::replace(&mut pending.seen, true).then(|| pending.request.clone())
        });
        let queries = self.queries.values_mut().filter_map(|reading| {
            std::mem::replace(&mut reading.seen, true).then(|| reading.query.clone())
        });
        (requests.collect(), queries.collect())
    }
}
