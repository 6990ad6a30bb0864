//! The replicated state at a checkpoint, in parts. Each part can be fetched alone and checked by its digest.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
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

/// A part of a state: bytes that know their digest. A clone shares the bytes.
#[derive(Clone)]
pub struct Part {
    digest: Digest,
    bytes: Arc<[u8]>,
}

impl Part {
    /// The part with these bytes. It computes their digest, so it costs as much as the part is long: keep the part and
    /// clone it.
    #[must_use]
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        let digest = Digest::of(&[b"part", &bytes]);
        Self { digest, bytes }
    }

    /// The digest, by which a [`Manifest`] names the part.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The bytes, shared.
    #[must_use]
    pub fn bytes(&self) -> Arc<[u8]> {
        Arc::clone(&self.bytes)
    }
}

impl Deref for Part {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for Part {}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "part {} of {} bytes", self.digest, self.bytes.len())
    }
}

impl From<Vec<u8>> for Part {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(bytes)
    }
}

impl From<&[u8]> for Part {
    fn from(bytes: &[u8]) -> Self {
        Self::new(bytes)
    }
}

/// The digests of a state's parts, those of the reply table first (rule 8). The digest of a checkpoint is the digest of
/// this manifest. With the manifest, each part can be checked alone (rule 19).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    replies: Vec<Digest>,
    service: Vec<Digest>,
}

impl Manifest {
    /// d of CHECKPOINT(n,d,i), the digest of the manifest.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let joined = |digests: &[Digest]| digests.iter().flat_map(|one| one.0).collect::<Vec<_>>();
        Digest::of(&[
            b"checkpoint",
            &joined(&self.replies),
            &joined(&self.service),
        ])
    }

    /// The digests of all parts.
    pub fn parts(&self) -> impl Iterator<Item = Digest> + '_ {
        self.replies.iter().chain(&self.service).copied()
    }
}

/// A state: its manifest and all its parts. A clone shares them.
#[derive(Clone, Debug)]
pub struct Snapshot(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    manifest: Manifest,
    digest: Digest,
    parts: BTreeMap<Digest, Part>,
}

impl PartialEq for Snapshot {
    fn eq(&self, other: &Self) -> bool {
        self.digest() == other.digest()
    }
}

impl Eq for Snapshot {}

/// A state that a quorum has signed but that cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable;

impl Snapshot {
    pub(crate) fn new(replies: &Replies, service: Vec<Part>) -> Self {
        let replies = encode(replies);
        let digests = |parts: &[Part]| parts.iter().map(Part::digest).collect();
        let manifest = Manifest {
            replies: digests(&replies),
            service: digests(&service),
        };
        Self::of(manifest, replies.into_iter().chain(service))
    }

    fn of(manifest: Manifest, parts: impl Iterator<Item = Part>) -> Self {
        Self(Arc::new(Shared {
            digest: manifest.digest(),
            manifest,
            parts: parts.map(|part| (part.digest, part)).collect(),
        }))
    }

    /// Assembles a state from parts that `find` finds.
    ///
    /// # Errors
    /// The digest of the first part that is not found.
    pub(crate) fn assemble(
        manifest: Manifest,
        mut find: impl FnMut(Digest) -> Option<Part>,
    ) -> Result<Self, Digest> {
        let mut parts = Vec::new();
        for digest in manifest.parts() {
            let part = find(digest).filter(|part| part.digest == digest);
            parts.push(part.ok_or(digest)?);
        }
        Ok(Self::of(manifest, parts.into_iter()))
    }

    pub(crate) fn manifest(&self) -> &Manifest {
        &self.0.manifest
    }

    /// The digest of the manifest.
    pub(crate) fn digest(&self) -> Digest {
        self.0.digest
    }

    pub(crate) fn part(&self, digest: Digest) -> Option<&Part> {
        self.0.parts.get(&digest)
    }

    /// All parts, each once.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &Part> {
        self.0.parts.values()
    }

    /// Decodes the reply table.
    pub(crate) fn replies(&self) -> Result<Replies, Unreadable> {
        let mut replies = Replies::new();
        for part in self.chosen(&self.manifest().replies) {
            let entries: Vec<(ClientId, LastReply)> =
                postcard::from_bytes(&part).map_err(|_| Unreadable)?;
            replies.extend(entries);
        }
        Ok(replies)
    }

    /// The service's parts, in the service's order.
    pub(crate) fn service(&self) -> Vec<Part> {
        self.chosen(&self.manifest().service).collect()
    }

    fn chosen<'a>(&'a self, digests: &'a [Digest]) -> impl Iterator<Item = Part> + 'a {
        digests
            .iter()
            .filter_map(|digest| self.part(*digest).cloned())
    }
}

/// The reply table in parts, ordered by client.
#[expect(
    clippy::expect_used,
    reason = "encoding plain data into a growing buffer cannot fail"
)]
fn encode(replies: &Replies) -> Vec<Part> {
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
        let digest =
            |replies: &Replies, state: &[u8]| Snapshot::new(replies, vec![state.into()]).digest();
        assert_ne!(digest(&one, b"a"), digest(&one, b"b"));
        assert_ne!(digest(&one, b"a"), digest(&Replies::new(), b"a"));
    }
}
