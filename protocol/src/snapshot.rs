//! The replicated state at a checkpoint, in parts. Each part can be fetched alone and checked by its digest.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{ClientId, Sequence, Timestamp};

/// The reply table: the last reply to each client (rule 6).
pub(crate) type Replies = BTreeMap<ClientId, LastReply>;

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

/// The bytes of the reply table in one part, roughly.
const PART_BYTES: usize = 64 * 1024;

/// The digests of a state's parts, those of the reply table first (rule 8). The digest of a checkpoint is the digest of
/// this manifest. With the manifest, each part can be checked alone (rule 19).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    replies: Vec<Digest>,
    service: Vec<Digest>,
}

impl Manifest {
    /// d of CHECKPOINT(n,d,i), the digest of the manifest.
    ///
    /// # Panics
    /// Never: plain data can be encoded in memory.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "encoding plain data into a growing buffer cannot fail"
    )]
    pub fn digest(&self) -> Digest {
        let encoded = postcard::to_stdvec(self).expect("plain data encodes");
        Digest::of(&[b"checkpoint", &encoded])
    }

    /// The digests of all parts.
    pub fn parts(&self) -> impl Iterator<Item = Digest> + '_ {
        self.replies.iter().chain(&self.service).copied()
    }
}

/// The digest of a part.
#[must_use]
pub fn part_digest(part: &[u8]) -> Digest {
    Digest::of(&[b"part", part])
}

/// A state: its manifest and all its parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    manifest: Manifest,
    parts: BTreeMap<Digest, Arc<[u8]>>,
}

/// A state that a quorum has signed but that cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable;

impl Snapshot {
    pub(crate) fn new(replies: &Replies, service: Vec<Arc<[u8]>>) -> Self {
        let mut parts = BTreeMap::new();
        let mut keep = |part: Arc<[u8]>| {
            let digest = part_digest(&part);
            parts.insert(digest, part);
            digest
        };
        let replies = encode(replies).into_iter().map(&mut keep).collect();
        let service = service.into_iter().map(&mut keep).collect();
        Self {
            manifest: Manifest { replies, service },
            parts,
        }
    }

    /// Assembles a state from its fetched parts. `None` if a part is missing.
    pub(crate) fn assemble(
        manifest: Manifest,
        parts: &BTreeMap<Digest, Arc<[u8]>>,
    ) -> Option<Self> {
        let parts = manifest
            .parts()
            .map(|digest| Some((digest, Arc::clone(parts.get(&digest)?))))
            .collect::<Option<_>>()?;
        Some(Self { manifest, parts })
    }

    pub(crate) const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    pub(crate) fn part(&self, digest: Digest) -> Option<&Arc<[u8]>> {
        self.parts.get(&digest)
    }

    /// Decodes the reply table.
    pub(crate) fn replies(&self) -> Result<Replies, Unreadable> {
        let mut replies = Replies::new();
        for part in self.chosen(&self.manifest.replies) {
            let entries: Vec<(ClientId, LastReply)> =
                postcard::from_bytes(&part).map_err(|_| Unreadable)?;
            replies.extend(entries);
        }
        Ok(replies)
    }

    /// The service's parts, in the service's order.
    pub(crate) fn service(&self) -> Vec<Arc<[u8]>> {
        self.chosen(&self.manifest.service).collect()
    }

    fn chosen<'a>(&'a self, digests: &'a [Digest]) -> impl Iterator<Item = Arc<[u8]>> + 'a {
        digests
            .iter()
            .filter_map(|digest| self.parts.get(digest).cloned())
    }
}

/// The reply table in parts, ordered by client.
#[expect(
    clippy::expect_used,
    reason = "encoding plain data into a growing buffer cannot fail"
)]
fn encode(replies: &Replies) -> Vec<Arc<[u8]>> {
    let mut parts = Vec::new();
    let (mut entries, mut bytes) = (Vec::new(), 0);
    for entry in replies {
        bytes += entry.1.result.len() + 32;
        entries.push(entry);
        if bytes >= PART_BYTES {
            parts.push(std::mem::take(&mut entries));
            bytes = 0;
        }
    }
    parts.push(entries);
    parts
        .iter()
        .map(|entries| {
            postcard::to_stdvec(entries)
                .expect("plain data encodes")
                .into()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{LastReply, Replies, Snapshot};
    use crate::digest::Digest;
    use crate::id::{ClientId, ReplicaId, Sequence, Timestamp};

    fn told(client: u32, result: Vec<u8>) -> (ClientId, LastReply) {
        let (timestamp, sequence) = (Timestamp(u64::from(client)), Sequence(1));
        let last = LastReply {
            timestamp,
            request: Digest::of(&[]),
            sequence,
            result,
        };
        (ReplicaId(client).into(), last)
    }

    #[test]
    fn a_reply_table_of_many_parts_is_decoded_again() {
        let replies: Replies = (0..300).map(|i| told(i, vec![7; 1000])).collect();
        let snapshot = Snapshot::new(&replies, vec![b"state"[..].into()]);
        assert!(snapshot.manifest().parts().count() > 3);
        assert_eq!(snapshot.replies(), Ok(replies));
        assert_eq!(snapshot.service(), [b"state"[..].into()]);
    }

    #[test]
    fn the_digest_covers_the_reply_table_and_the_service() {
        let one: Replies = [told(1, vec![1])].into();
        let digest = |replies: &Replies, state: &[u8]| {
            Snapshot::new(replies, vec![state.into()])
                .manifest()
                .digest()
        };
        assert_ne!(digest(&one, b"a"), digest(&one, b"b"));
        assert_ne!(digest(&one, b"a"), digest(&Replies::new(), b"a"));
    }
}
