//! The client's side: it accepts a result once enough replicas have given the same one (C4.1, C5.1, rules 20 and 21).
//!
//! Clients may read without ordering, so a write too needs a quorum of equal replies. With fewer, a read right after
//! the write could miss it (Berger, Reiser & Bessani, "Making Reads in BFT State Machine Replication Fast,
//! Linearizable, and Live", SRDS '21).

use std::collections::BTreeMap;

use crate::digest::Digest;
use crate::id::{ClientId, ReplicaId, Sequence, Timestamp, View};
use crate::message::{Answer, Query, Reply, Request, SignedMessage};
use crate::mutant::Mutant;
use crate::quorum::Quorum;
use crate::replica::Replica;
use crate::signature::Verified;

/// The requests and queries that a process has sent for clients and that have no result yet.
#[derive(Clone, Debug)]
pub struct Client {
    quorum: Quorum,
    requests: BTreeMap<(ClientId, Timestamp), Pending>,
    queries: BTreeMap<u64, Reading>,
    last_query: u64,
    #[cfg(feature = "mutants")]
    mutant: Option<Mutant>,
}

#[derive(Clone, Debug)]
struct Pending {
    request: Verified<Request>,
    digest: Digest,
    replies: BTreeMap<ReplicaId, Reply>,
    /// True after the first call of [`Client::overdue`] that saw it.
    seen: bool,
}

#[derive(Clone, Debug)]
struct Reading {
    query: Query,
    digest: Digest,
    answers: BTreeMap<ReplicaId, Vec<u8>>,
    seen: bool,
}

/// A result that a quorum of replicas has given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The client.
    pub client: ClientId,
    /// The timestamp of its request.
    pub timestamp: Timestamp,
    /// The slot in which the request executed.
    pub sequence: Sequence,
    /// A view that at least one correct replica has reached: the highest one that f+1 of the replies reach.
    pub view: View,
    /// The result. `None`: the request has executed, but long ago, and its result is forgotten.
    pub result: Option<Vec<u8>>,
}

/// The outcome of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// A quorum of replicas gave this result.
    Agreed(Vec<u8>),
    /// No quorum of equal answers is possible any more. The operation has to be ordered instead.
    Divided,
}

/// Why a request gets no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Another request of the client is under way, with another timestamp. A client has one at a time (rule 6).
    Busy,
    /// The client has used a greater timestamp, this one.
    TooOld(Timestamp),
    /// The client has used the timestamp for another operation (rule 26).
    Taken,
    /// The request was signed so long ago that the replicas may have executed and forgotten it (rule 27).
    Expired,
    /// The request executes only after a slot that this replica has not executed. It has executed this one.
    Early(Sequence),
}

/// Whether a request can still get a result, at a replica that knows the client's last request.
fn check(request: &Request, digest: Digest, replica: &Replica) -> Result<(), Refused> {
    let Request {
        client,
        timestamp,
        after,
        ..
    } = *request;
    match replica.last_request(client) {
        Some((last, _)) if last > timestamp => Err(Refused::TooOld(last)),
        Some((last, other)) if last == timestamp && other != digest => Err(Refused::Taken),
        _ if replica.is_expired(client, after) => Err(Refused::Expired),
        _ => Ok(()),
    }
}

impl Client {
    /// A client with nothing under way. It numbers its queries from `last_query` + 1. An earlier life must not have
    /// used higher numbers than `last_query`: a late answer to its query would count for a new one.
    #[must_use]
    pub const fn new(quorum: Quorum, last_query: u64) -> Self {
        Self {
            quorum,
            requests: BTreeMap::new(),
            queries: BTreeMap::new(),
            last_query,
            #[cfg(feature = "mutants")]
            mutant: None,
        }
    }

    /// This client with a known bug.
    #[cfg(feature = "mutants")]
    #[must_use]
    pub fn with_mutant(mut self, mutant: Option<Mutant>) -> Self {
        self.mutant = mutant;
        self
    }

    #[cfg(feature = "mutants")]
    fn is_mutant(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    #[cfg(not(feature = "mutants"))]
    #[expect(clippy::unused_self, reason = "as with the feature")]
    const fn is_mutant(&self, _mutant: Mutant) -> bool {
        false
    }

    /// Whether a request can get a result, as far as this process knows.
    ///
    /// # Errors
    /// It cannot.
    pub fn admit(&self, request: &Request, replica: &Replica) -> Result<(), Refused> {
        let Request {
            client, timestamp, ..
        } = *request;
        let digest = request.digest();
        check(request, digest, replica)?;
        if request.after > replica.executed() {
            return Err(Refused::Early(replica.executed()));
        }
        let mut under_way = self
            .requests
            .range((client, Timestamp(0))..=(client, Timestamp(u64::MAX)));
        match under_way.next() {
            Some(((_, other), _)) if *other != timestamp => Err(Refused::Busy),
            Some((_, pending)) if pending.digest != digest => Err(Refused::Taken),
            _ => Ok(()),
        }
    }

    /// The requests for which this process waits in vain: their client has made another one meanwhile at another process,
    /// or they have expired.
    pub fn overtaken(&self, replica: &Replica) -> Vec<(ClientId, Timestamp, Refused)> {
        let refused = |((client, timestamp), pending): (&(ClientId, Timestamp), &Pending)| {
            let request = pending.request.value();
            let refused = check(request, pending.digest, replica).err()?;
            Some((*client, *timestamp, refused))
        };
        self.requests.iter().filter_map(refused).collect()
    }

    /// Waits for the result of a request.
    pub fn wait_for(&mut self, request: Verified<Request>) {
        let Request {
            client, timestamp, ..
        } = *request.value();
        self.requests
            .entry((client, timestamp))
            .or_insert_with(|| Pending {
                digest: request.value().digest(),
                request,
                replies: BTreeMap::new(),
                seen: false,
            });
    }

    /// Whether a message of the replicas can be news: it has a reply to a request, or an answer to a query, that has no result
    /// yet.
    #[must_use]
    pub fn waits_for(&self, message: &SignedMessage) -> bool {
        match message {
            SignedMessage::Replies(told) => {
                let replies = &told.value().replies;
                let mut names = replies.iter().map(|reply| (reply.client, reply.timestamp));
                names.any(|name| self.requests.contains_key(&name))
            }
            SignedMessage::Answer(answer) => self.queries.contains_key(&answer.value().number),
            _ => false,
        }
    }

    /// Stops waiting for a result.
    pub fn give_up(&mut self, client: ClientId, timestamp: Timestamp) {
        self.requests.remove(&(client, timestamp));
    }

    /// Counts a reply. Returns the result once a quorum has sent the same. A reply to another request under the same
    /// timestamp does not count (rule 26).
    pub fn on_reply(&mut self, from: ReplicaId, reply: Reply) -> Option<Accepted> {
        let key = (reply.client, reply.timestamp);
        let any = self.is_mutant(Mutant::DigestNotCompared);
        let (needed, claims) = self.believed();
        let pending = self.requests.get_mut(&key)?;
        if reply.request != pending.digest && !any {
            return None;
        }
        let (sequence, result) = (reply.sequence, reply.result.clone());
        pending.replies.insert(from, reply);
        let mut views: Vec<View> = pending
            .replies
            .values()
            .filter(|other| other.sequence == sequence && other.result == result)
            .map(|other| other.view)
            .collect();
        if views.len() < needed {
            return None;
        }
        views.sort_unstable_by(|a, b| b.cmp(a));
        let view = views.get(claims - 1).copied()?;
        self.requests.remove(&key);
        Some(Accepted {
            client: key.0,
            timestamp: key.1,
            sequence,
            view,
            result,
        })
    }

    /// How many equal replies a result needs, and how many of them must claim a view.
    fn believed(&self) -> (usize, usize) {
        if self.is_mutant(Mutant::BelievesOneReply) {
            (1, 1)
        } else if self.is_mutant(Mutant::BelievesOneView) {
            (self.quorum.size(), 1)
        } else {
            (self.quorum.size(), self.quorum.one_correct())
        }
    }

    /// Begins a read-only query. The caller sends it to all replicas.
    pub fn ask(&mut self, operation: Vec<u8>) -> Query {
        self.last_query += 1;
        let query = Query {
            number: self.last_query,
            operation,
        };
        let reading = Reading {
            query: query.clone(),
            digest: query.digest(),
            answers: BTreeMap::new(),
            seen: false,
        };
        self.queries.insert(query.number, reading);
        query
    }

    /// Stops waiting for answers to a query.
    pub fn stop_asking(&mut self, number: u64) {
        self.queries.remove(&number);
    }

    /// Counts an answer. Returns the outcome once it is certain.
    pub fn on_answer(&mut self, from: ReplicaId, answer: Answer) -> Option<Read> {
        let reading = self.queries.get_mut(&answer.number)?;
        if answer.query != reading.digest {
            return None;
        }
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

    /// The requests and queries that were already waiting at the previous call. The caller sends them to all replicas
    /// again (C4.1).
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
