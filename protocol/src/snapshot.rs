//! The replicated state at a checkpoint, in parts. Each part can be fetched alone and checked by its digest.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::Sequence;
use crate::part::Part;
use crate::replies::Replies;
use crate::tree::BadParts;

/// The digests of a state's parts, those of the reply table first (rule 8). The digest of a checkpoint is the digest of
/// this manifest. With the manifest, each part can be checked alone (rule 19).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The last slot of a client that the reply table has forgotten.
    horizon: Sequence,
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
            &self.horizon.0.to_le_bytes(),
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
    /// The bytes of all parts.
    bytes: usize,
}

impl PartialEq for Snapshot {
    fn eq(&self, other: &Self) -> bool {
        self.digest() == other.digest()
    }
}

impl Eq for Snapshot {}

impl Snapshot {
    pub(crate) fn new(replies: &Replies, service: Vec<Part>) -> Self {
        let (replies, horizon) = (replies.parts(), replies.horizon());
        let digests = |parts: &[Part]| parts.iter().map(Part::digest).collect();
        let manifest = Manifest {
            horizon,
            replies: digests(&replies),
            service: digests(&service),
        };
        Self::of(manifest, replies.into_iter().chain(service))
    }

    fn of(manifest: Manifest, parts: impl Iterator<Item = Part>) -> Self {
        let parts: BTreeMap<_, _> = parts.map(|part| (part.digest(), part)).collect();
        Self(Arc::new(Shared {
            digest: manifest.digest(),
            manifest,
            bytes: parts.values().map(|part| part.len()).sum(),
            parts,
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
            let part = find(digest).filter(|part| part.digest() == digest);
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

    /// The bytes of all parts.
    pub(crate) fn bytes(&self) -> usize {
        self.0.bytes
    }

    /// Decodes the reply table.
    pub(crate) fn replies(&self) -> Result<Replies, BadParts> {
        let parts: Vec<_> = self.chosen(&self.manifest().replies).collect();
        Replies::of_parts(&parts, self.manifest().horizon)
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

#[cfg(test)]
mod tests {
    use super::{Replies, Snapshot};
    use crate::replies::tests::table;

    #[test]
    fn a_state_comes_apart_into_the_reply_table_and_the_service() {
        let replies = table(300, &[7; 1000]);
        let snapshot = Snapshot::new(&replies, vec![b"state"[..].into()]);
        assert!(snapshot.manifest().parts().count() > 3);
        assert_eq!(snapshot.replies(), Ok(replies));
        assert_eq!(snapshot.service(), [b"state"[..].into()]);
    }

    #[test]
    fn the_digest_covers_the_reply_table_and_the_service() {
        let one = table(1, &[1]);
        let digest =
            |replies: &Replies, state: &[u8]| Snapshot::new(replies, vec![state.into()]).digest();
        assert_ne!(digest(&one, b"a"), digest(&one, b"b"));
        assert_ne!(digest(&one, b"a"), digest(&Replies::default(), b"a"));
    }
}
