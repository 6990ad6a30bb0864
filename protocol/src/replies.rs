//! The reply table: the last reply to each client (rule 6).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{ClientId, Sequence, Timestamp};
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
    /// The bytes of its result, which count against the limit of the table.
    fn weight(&self) -> usize {
        let result = self.result.as_ref();
        result.map_or(0, |result| result.len() + BESIDE_THE_RESULT)
    }
}

/// What an entry takes beside its result.
const BESIDE_THE_RESULT: usize = 100;

/// An entry of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Told(ClientId, LastReply);

impl Entry for Told {
    fn place(&self) -> Digest {
        place(&self.0)
    }

    fn size(&self) -> usize {
        self.1.result.as_ref().map_or(0, Vec::len) + BESIDE_THE_RESULT
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

/// The reply table. It keeps every client's last timestamp, so that no request executes twice. Of the results it keeps the
/// latest, as many as fit a limit. All replicas execute in the same order, so they forget the same ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Replies {
    table: Tree<Told>,
    /// The clients whose results are kept, oldest first.
    kept: BTreeSet<(Sequence, ClientId)>,
    /// The bytes of the kept results.
    bytes: usize,
}

impl Replies {
    pub(crate) fn get(&self, client: &ClientId) -> Option<&LastReply> {
        self.table.get(&place(client)).map(|told| &told.1)
    }

    /// Sets the last reply to a client. Forgets the oldest results if all together have more than `limit` bytes.
    pub(crate) fn insert(&mut self, client: ClientId, last: LastReply, limit: usize) {
        if let Some(before) = self.get(&client).cloned() {
            self.discount(client, &before);
        }
        self.count(client, &last);
        self.table.set(Told(client, last));
        while self.bytes > limit
            && let Some((_, oldest)) = self.kept.first().copied()
        {
            self.forget(oldest);
        }
    }

    fn forget(&mut self, client: ClientId) {
        if let Some(last) = self.get(&client).cloned() {
            self.discount(client, &last);
            let result = None;
            self.table.set(Told(client, LastReply { result, ..last }));
        }
    }

    fn count(&mut self, client: ClientId, last: &LastReply) {
        if last.result.is_some() {
            self.kept.insert((last.sequence, client));
            self.bytes += last.weight();
        }
    }

    fn discount(&mut self, client: ClientId, last: &LastReply) {
        if last.result.is_some() {
            self.kept.remove(&(last.sequence, client));
            self.bytes -= last.weight();
        }
    }

    /// The bytes of the kept results.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The table in parts. An empty table has none.
    pub(crate) fn parts(&self) -> Vec<Part> {
        self.table.parts()
    }

    /// # Errors
    /// No table has these parts.
    pub(crate) fn of_parts(parts: &[Part]) -> Result<Self, BadParts> {
        let table = Tree::of_parts(parts)?;
        let mut replies = Self::default();
        for Told(client, last) in table.iter() {
            replies.count(*client, last);
        }
        replies.table = table;
        Ok(replies)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{LastReply, Replies, Told};
    use crate::digest::Digest;
    use crate::id::{ClientId, ReplicaId, Sequence, Timestamp};

    fn last(result: &[u8]) -> LastReply {
        LastReply {
            timestamp: Timestamp(u64::MAX),
            request: Digest::of(&[]),
            sequence: Sequence(u64::MAX),
            result: Some(result.to_vec()),
        }
    }

    /// A table with this result for so many clients.
    pub(crate) fn table(clients: u64, result: &[u8]) -> Replies {
        let mut replies = Replies::default();
        for number in 0..clients {
            replies.insert(
                ClientId::session(ReplicaId(0), number),
                last(result),
                usize::MAX,
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
            usize::MAX,
        );
        let after = replies.parts();
        let new = after.iter().filter(|part| !before.contains(part));
        assert_eq!((new.count(), after.len()), (1, before.len()));
        assert_eq!(Replies::of_parts(&after), Ok(replies));
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
            replies.insert(client(number), last, 10 * 1100);
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

        let mut fetched = Replies::of_parts(&replies.parts()).unwrap();
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
}
