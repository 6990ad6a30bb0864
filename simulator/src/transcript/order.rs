//! Requests by name, and names for the digests in messages.

use std::collections::BTreeMap;

use quorate_protocol::message::{Batch, Request};
use quorate_protocol::{ClientId, Digest, ReplicaId, Sequence, Timestamp};

/// The most requests that one range may name.
const MOST: u64 = 1000;

/// A request as a script has it: `P/1` is the first of process P, `c/1@Q` the first of a client c for whom Q speaks. Its
/// operation is its own name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) name: String,
    pub(super) timestamp: u64,
    pub(super) speaker: ReplicaId,
}

impl Order {
    /// Reads one, or a range as in `P/1..8`.
    ///
    /// # Errors
    /// The word does not name a request.
    pub(super) fn read(word: &str) -> Result<Vec<Self>, String> {
        let wrong = || format!("'{word}' names no request: write P/1, P/1..8 or c/1@Q");
        let (name, rest) = word.split_once('/').ok_or_else(wrong)?;
        let (range, speaker) = match rest.split_once('@') {
            Some((range, speaker)) => (range, speaker),
            None => (rest, name),
        };
        let speaker = speaker.parse().map_err(|_| wrong())?;
        let (first, last) = range.split_once("..").unwrap_or((range, range));
        let first: u64 = first.parse().map_err(|_| wrong())?;
        let last: u64 = last.parse().map_err(|_| wrong())?;
        if last < first || last - first >= MOST {
            return Err(wrong());
        }
        let order = |timestamp| Self {
            name: name.to_owned(),
            timestamp,
            speaker,
        };
        Ok((first..=last).map(order).collect())
    }

    /// The client: a process, if the name is that of a process.
    pub(super) fn client(&self) -> ClientId {
        self.name.parse().map_or_else(
            |_| ClientId::named(self.speaker, &self.name),
            ReplicaId::into,
        )
    }

    /// Whether the client is an outside client.
    pub(super) fn is_named(&self) -> bool {
        self.client().process().is_none()
    }

    /// The request itself.
    pub(super) fn request(&self) -> Request {
        Request::new(
            self.client(),
            Timestamp(self.timestamp),
            format!("{}/{}", self.name, self.timestamp).into_bytes(),
        )
    }
}

/// Names in the words of the script for digests.
#[derive(Debug, Default)]
pub(super) struct Names {
    clients: BTreeMap<ClientId, String>,
    batches: BTreeMap<Digest, Vec<Request>>,
}

impl Names {
    /// Remembers a client: its requests' operations begin with its name.
    pub(super) fn learn_client(&mut self, request: &Request) {
        let operation = String::from_utf8_lossy(&request.operation);
        if let Some((name, _)) = operation.split_once('/') {
            self.clients.insert(request.client, name.to_owned());
        }
    }

    /// Remembers a batch, and the clients in it.
    pub(super) fn learn_batch(&mut self, batch: &Batch) {
        let requests: Vec<Request> = batch.requests().iter().map(|r| r.value().clone()).collect();
        requests.iter().for_each(|one| self.learn_client(one));
        self.batches.insert(batch.digest(), requests);
    }

    /// A batch by its digest.
    pub(super) fn batch(&self, digest: Digest) -> String {
        self.batches
            .get(&digest)
            .map_or_else(|| digest.to_string(), |requests| self.requests(requests))
    }

    /// Slots with their batches, in the order of the slots. Consecutive slots are grouped, null requests apart from others.
    pub(super) fn slots(&self, slots: &[(Sequence, Digest)]) -> Vec<String> {
        let null = Batch::null().digest();
        slots
            .chunk_by(|(a, one), (b, other)| a.next() == *b && (*one == null) == (*other == null))
            .filter_map(|run| Some((run, run.first()?.0.0, run.last()?.0.0)))
            .map(|(run, first, last)| match run {
                [(_, digest)] => format!("slot {first} {}", self.batch(*digest)),
                _ => {
                    let known = run
                        .iter()
                        .filter_map(|(_, digest)| self.batches.get(digest));
                    format!("slots {first} to {last} {}", self.requests(known.flatten()))
                }
            })
            .collect()
    }

    /// A client.
    pub(super) fn client(&self, client: ClientId) -> String {
        self.clients
            .get(&client)
            .cloned()
            .unwrap_or_else(|| client.to_string())
    }

    /// Requests in brackets. Consecutive requests are written as a range.
    pub(super) fn requests<'a>(&self, requests: impl IntoIterator<Item = &'a Request>) -> String {
        let mut runs: Vec<(ClientId, u64, u64)> = Vec::new();
        for request in requests {
            let (client, timestamp) = (request.client, request.timestamp.0);
            match runs.last_mut() {
                Some((last, _, end)) if *last == client && *end + 1 == timestamp => {
                    *end = timestamp;
                }
                _ => runs.push((client, timestamp, timestamp)),
            }
        }
        let words = runs.into_iter().map(|(client, first, last)| {
            let client = self.client(client);
            if first == last {
                format!("{client}/{first}")
            } else {
                format!("{client}/{first}..{last}")
            }
        });
        format!("[{}]", words.collect::<Vec<_>>().join(" "))
    }

    /// A text of the engine, with its digests replaced by names.
    pub(super) fn translate(&self, text: &str) -> String {
        let clients = self.clients.iter().map(|(id, name)| (id.to_string(), name));
        let batches = self.batches.iter();
        let batches = batches.map(|(id, requests)| (id.to_string(), self.requests(requests)));
        // The text already calls a process by its name.
        clients
            .map(|(id, name)| (id, name.clone()))
            .chain(batches)
            .filter(|(id, _)| id.len() == 8)
            .fold(text.to_owned(), |text, (id, name)| text.replace(&id, &name))
    }
}
