//! The reply table: the last reply to each client (rule 6).

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
    /// The result.
    #[serde(with = "serde_bytes")]
    pub(crate) result: Vec<u8>,
}

/// An entry of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Told(ClientId, LastReply);

impl Entry for Told {
    fn place(&self) -> Digest {
        place(&self.0)
    }

    fn size(&self) -> usize {
        const BESIDE_THE_RESULT: usize = 100;
        self.1.result.len() + BESIDE_THE_RESULT
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

/// The reply table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Replies(Tree<Told>);

impl Replies {
    pub(crate) fn get(&self, client: &ClientId) -> Option<&LastReply> {
        self.0.get(&place(client)).map(|told| &told.1)
    }

    pub(crate) fn insert(&mut self, client: ClientId, last: LastReply) {
        self.0.set(Told(client, last));
    }

    /// The table in parts. An empty table has none.
    pub(crate) fn parts(&self) -> Vec<Part> {
        self.0.parts()
    }

    /// # Errors
    /// No table has these parts.
    pub(crate) fn of_parts(parts: &[Part]) -> Result<Self, BadParts> {
        Tree::of_parts(parts).map(Self)
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
            result: result.to_vec(),
        }
    }

    /// A table with this result for so many clients.
    pub(crate) fn table(clients: u64, result: &[u8]) -> Replies {
        let mut replies = Replies::default();
        for number in 0..clients {
            replies.insert(ClientId::session(ReplicaId(0), number), last(result));
        }
        replies
    }

    #[test]
    fn one_more_reply_changes_one_part_of_a_large_table() {
        let mut replies = table(2000, &[7; 1000]);
        let before = replies.parts();
        assert!(before.len() > 20, "{} parts", before.len());
        replies.insert(ClientId::session(ReplicaId(0), 77), last(&[8; 900]));
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
}
