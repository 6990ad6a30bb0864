//! The reply table: the last reply to each client (rule 6).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Included, Unbounded};

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{ClientId, Sequence, Timestamp};
use crate::limits::{ENTRY, Limits};
use crate::part::Part;
use crate::tree::{BadParts, Entry, Tree};

/// The last reply to a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LastReply {
    /// The timestamp of the client's request.
    pub(crate) timestamp: Timestamp,
    /// The digest of that request (rule 26).
    pub(crate) request: Digest,
    /// The slot in which it executed.
    pub(crate) sequence: Sequence,
    /// The result. `None` once it is forgotten, because the results of later requests needed its room.
    #[serde(with = "serde_bytes")]
    pub(crate) result: Option<Vec<u8>>,
}

impl LastReply {
    /// The bytes of its result. A forgotten one has none.
    pub(crate) fn result_bytes(&self) -> usize {
        self.result.as_ref().map_or(0, Vec::len)
    }

    /// What it counts against the limit of results.
    fn weight(&self) -> usize {
        self.result
            .as_ref()
            .map_or(0, |result| result.len() + ENTRY)
    }
}

/// An entry of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Told(ClientId, LastReply);

impl Entry for Told {
    fn place(&self) -> Digest {
        place(&self.0)
    }

    fn size(&self) -> usize {
        self.1.result_bytes() + ENTRY
    }
}

/// Where a client stands in the table.
fn place(client: &ClientId) -> Digest {
    match client {
        ClientId::Session { process, number } => {
            Digest::of(&[b"session", &process.0.to_le_bytes(), &number.to_le_bytes()])
        }
        ClientId::Named { process, name } => Digest::of(&[b"name", &process.0.to_le_bytes(), name]),
        ClientId::Key(key) => Digest::of(&[b"key", key]),
    }
}

/// When the last request of a client executed.
type Age = (Sequence, ClientId);

/// The reply table. It keeps each client's last timestamp, so that no request executes twice. It forgets first results and
/// then clients, as limits demand, the oldest first. All replicas execute in the same order, so they forget the same ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replies {
    table: Tree<Told>,
    /// Where each client stands in the table. A request is looked up several times on its way, and its client is hashed
    /// once.
    places: BTreeMap<ClientId, Digest>,
    /// The clients, the one that asked longest ago first.
    ages: BTreeSet<Age>,
    /// No client before this one has a result that is kept.
    bare_until: Option<Age>,
    /// The bytes of the kept results.
    bytes: usize,
    /// The last slot in which a request of a forgotten client executed.
    horizon: Sequence,
}

impl PartialEq for Replies {
    fn eq(&self, other: &Self) -> bool {
        self.table == other.table && self.horizon == other.horizon
    }
}

impl Eq for Replies {}

impl Replies {
    /// The last slot in which a request of a client executed that is forgotten since. A request of an unknown client that
    /// was signed before may have executed.
    pub(crate) const fn horizon(&self) -> Sequence {
        self.horizon
    }

    pub(crate) fn get(&self, client: &ClientId) -> Option<&LastReply> {
        let place = self.places.get(client)?;
        self.table.get(place).map(|told| &told.1)
    }

    /// Sets the last reply to a client. Forgets what is too much.
    pub(crate) fn insert(&mut self, client: ClientId, last: LastReply, limits: &Limits) {
        let age = (last.sequence, client);
        self.bytes += last.weight();
        if let Some(Told(_, before)) = self.table.set(Told(client, last)) {
            self.bytes -= before.weight();
            self.ages.remove(&(before.sequence, client));
        } else {
            self.places.insert(client, place(&client));
        }
        self.ages.insert(age);
        self.bare_until = self.bare_until.map(|until| until.min(age));
        while self.bytes > limits.results {
            self.forget_result();
        }
        while self.clients() > limits.clients {
            self.forget_client();
        }
    }

    /// Forgets the oldest result.
    fn forget_result(&mut self) {
        let start = self.bare_until.map_or(Unbounded, Included);
        let mut ages = self.ages.range((start, Unbounded)).copied();
        let (oldest, next) = (ages.next(), ages.next());
        self.bare_until = next.or(oldest);
        let Some((_, client)) = oldest else {
            return;
        };
        if let Some(last) = self.get(&client).cloned() {
            self.bytes -= last.weight();
            let result = None;
            self.table.set(Told(client, LastReply { result, ..last }));
        }
    }

    /// Forgets the client that asked longest ago.
    fn forget_client(&mut self) {
        let Some((sequence, client)) = self.ages.pop_first() else {
            return;
        };
        self.horizon = self.horizon.max(sequence);
        if let Some(place) = self.places.remove(&client)
            && let Some(Told(_, last)) = self.table.delete(&place)
        {
            self.bytes -= last.weight();
        }
    }

    /// The bytes that the clients count for.
    pub(crate) fn clients(&self) -> usize {
        self.ages.len() * ENTRY
    }

    /// The bytes of the kept results.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The table in parts. An empty table has none.
    pub(crate) fn parts(&self) -> Vec<Part> {
        self.table.parts()
    }

    /// The table with these parts and this horizon.
    ///
    /// # Errors
    /// No table has these parts.
    pub(crate) fn of_parts(parts: &[Part], horizon: Sequence) -> Result<Self, BadParts> {
        let table: Tree<Told> = Tree::of_parts(parts)?;
        let age = |Told(client, last): &Told| (last.sequence, *client);
        let ages: BTreeSet<Age> = table.iter().map(age).collect();
        let kept = table.iter().filter(|told| told.1.result.is_some());
        Ok(Self {
            bare_until: kept.map(age).min().or_else(|| ages.last().copied()),
            bytes: table.iter().map(|told| told.1.weight()).sum(),
            places: ages.iter().map(|(_, one)| (*one, place(one))).collect(),
            ages,
            horizon,
            table,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{ENTRY, LastReply, Replies, Told};
    use crate::digest::Digest;
    use crate::id::{ClientId, ReplicaId, Sequence, Timestamp};
    use crate::limits::Limits;

    fn last(result: &[u8]) -> LastReply {
        LastReply {
            timestamp: Timestamp(u64::MAX),
            request: Digest::of(&[]),
            sequence: Sequence(u64::MAX),
            result: Some(result.to_vec()),
        }
    }

    /// Limits of the bytes of results and of the number of clients.
    fn limits(results: usize, clients: usize) -> Limits {
        Limits {
            results,
            clients: clients * ENTRY,
            ..Limits::for_replicas(4)
        }
    }

    /// A table with this result for so many clients.
    pub(crate) fn table(clients: u64, result: &[u8]) -> Replies {
        let mut replies = Replies::default();
        for number in 0..clients {
            replies.insert(
                ClientId::session(ReplicaId(0), number),
                last(result),
                &limits(usize::MAX, 10_000),
            );
        }
        replies
    }

    #[test]
    fn one_more_reply_changes_one_part_of_a_large_table() {
        let mut replies = table(2000, &[7; 1000]);
        let before = replies.parts();
        assert!(before.len() > 20, "{} parts", before.len());
        replies.insert(
            ClientId::session(ReplicaId(0), 77),
            last(&[8; 900]),
            &limits(usize::MAX, 10_000),
        );
        let after = replies.parts();
        let new = after.iter().filter(|part| !before.contains(part));
        assert_eq!((new.count(), after.len()), (1, before.len()));
        assert_eq!(Replies::of_parts(&after, Sequence(0)), Ok(replies));
    }

    #[test]
    fn no_entry_takes_more_bytes_than_its_size_says() {
        use crate::tree::Entry as _;
        let clients = [
            ClientId::session(ReplicaId(u32::MAX), u64::MAX),
            ClientId::named(ReplicaId(u32::MAX), "x"),
            ClientId::Key([0xff; 32]),
        ];
        for client in clients {
            let told = Told(client, last(&[7; 1 << 21]));
            assert!(postcard::to_stdvec(&told).unwrap().len() <= told.size());
        }
    }

    #[test]
    fn rule_27_the_oldest_results_are_forgotten_and_a_fetched_table_forgets_the_same() {
        let client = |number| ClientId::session(ReplicaId(0), number);
        let told = |replies: &mut Replies, number| {
            let sequence = Sequence(number / 2);
            let last = LastReply {
                sequence,
                ..last(&[7; 1000])
            };
            replies.insert(client(number), last, &limits(10 * 1100, 100));
        };
        let mut replies = Replies::default();
        (0..30).for_each(|number| told(&mut replies, number));
        told(&mut replies, 25);
        let kept = |replies: &Replies| -> Vec<u64> {
            let has = |number: &u64| replies.get(&client(*number)).unwrap().result.is_some();
            (0..30).filter(has).collect()
        };
        assert_eq!(kept(&replies), (20..30).collect::<Vec<_>>());
        assert_eq!(replies.bytes(), 10 * 1100);

        let mut fetched = Replies::of_parts(&replies.parts(), Sequence(0)).unwrap();
        assert_eq!(fetched, replies);
        for number in 30..40 {
            told(&mut replies, number);
            told(&mut fetched, number);
        }
        assert_eq!(fetched.parts(), replies.parts());
        assert_eq!(
            replies.get(&client(3)).unwrap().timestamp,
            Timestamp(u64::MAX)
        );
    }

    #[test]
    fn rule_27_the_clients_that_asked_longest_ago_are_forgotten_and_a_fetched_table_forgets_the_same()
     {
        let client = |number| ClientId::session(ReplicaId(0), number);
        let told = |replies: &mut Replies, number, sequence| {
            let last = LastReply {
                sequence: Sequence(sequence),
                ..last(&[7; 10])
            };
            replies.insert(client(number), last, &limits(usize::MAX, 10));
        };
        let mut replies = Replies::default();
        (0..10).for_each(|number| told(&mut replies, number, number));
        assert_eq!(replies.horizon(), Sequence(0), "nobody is forgotten");
        told(&mut replies, 1, 10);
        (10..15).for_each(|number| told(&mut replies, number, number + 1));
        let known = |replies: &Replies| -> Vec<u64> {
            let knows = |number: &u64| replies.get(&client(*number)).is_some();
            (0..30).filter(knows).collect()
        };
        assert_eq!(known(&replies), [1, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
        assert_eq!((replies.horizon(), replies.clients()), (Sequence(5), 1000));
        assert_eq!(replies.bytes(), 10 * 110);

        let mut fetched = Replies::of_parts(&replies.parts(), replies.horizon()).unwrap();
        assert_eq!(fetched, replies);
        for number in 15..40 {
            told(&mut replies, number, number + 1);
            told(&mut fetched, number, number + 1);
        }
        assert_eq!(fetched, replies);
        assert_eq!(fetched.horizon(), Sequence(30));
        assert_eq!(fetched.bytes(), replies.bytes());
    }
}
