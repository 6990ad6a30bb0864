//! The records that a replica has on disk before it sends anything that depends on them (rule 22).

use serde::{Deserialize, Serialize};

use crate::Digest;
use crate::certificate::PreparedCertificate;
use crate::evidence::{Evidence, Pardon};
use crate::id::{ReplicaId, Sequence, View};
use crate::message::{Batch, Checkpoint, PrePrepare, SignedMessage, ViewChange};
use crate::part::Part;
use crate::signature::Signed;
use crate::snapshot::{Manifest, Snapshot};

/// One entry of the log on disk. [`crate::Replica::restore`] reads the entries in the order in which they were written.
///
/// [`Record::encode`] gives the bytes to write. A stable checkpoint's bytes name the parts of its state by their digests:
/// write each of [`Record::parts`] once, under its digest, before the record that names it or together with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// The replica has accepted a proposal, or made it.
    Accepted {
        /// The proposal.
        pre_prepare: Signed<PrePrepare>,
        /// Its body.
        batch: Batch,
    },
    /// A body that the replica accepted in an older view. A certificate may still name it.
    Body {
        /// The slot.
        sequence: Sequence,
        /// The batch.
        batch: Batch,
    },
    /// A slot has executed. Clients may know its results, so after a restart this replica must answer no query from an
    /// older state (rule 20).
    Executed(Sequence),
    /// A slot is prepared.
    Prepared(PreparedCertificate),
    /// The replica asks for another view.
    ViewChange(ViewChange),
    /// A view has started. This is its NEW-VIEW as it was sent.
    NewView(Box<SignedMessage>),
    /// The replica has lost its disk and must not vote (rule 23).
    Silent,
    /// The replica may vote again in this view and later ones.
    VotesFrom(View),
    /// A proof that a replica is faulty. It never gets obsolete.
    Proof(Box<Evidence>),
    /// The operator has pardoned a replica: the proofs against it before this record act no more.
    Pardon(ReplicaId, Pardon),
    /// A checkpoint is stable. Records of slots at or below it are obsolete.
    #[serde(skip)]
    Stable {
        /// 2f+1 matching CHECKPOINTs.
        proof: Vec<Signed<Checkpoint>>,
        /// The state at the checkpoint.
        snapshot: Snapshot,
    },
}

/// Why bytes are not a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    /// The bytes cannot be decoded.
    #[error("the record cannot be read")]
    Unreadable,
    /// A part of the state at the stable checkpoint is missing, or it has other bytes.
    #[error("part {0} of the state at the last checkpoint is missing or changed")]
    Part(Digest),
}

/// A record as its bytes tell it.
#[derive(Serialize, Deserialize)]
enum Written<Other, Proof, Names> {
    Other(Other),
    Stable(Proof, Names),
}

impl Record {
    /// Whether this record makes older ones obsolete. Then [`crate::Replica::records`] gives everything that must be
    /// kept.
    #[must_use]
    pub const fn compacts(&self) -> bool {
        matches!(self, Self::Stable { .. })
    }

    /// The bytes of this record, without the parts of a state.
    ///
    /// # Panics
    /// Never: plain data can be encoded in memory.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "encoding plain data into a growing buffer cannot fail"
    )]
    pub fn encode(&self) -> Vec<u8> {
        let written = match self {
            Self::Stable { proof, snapshot } => Written::Stable(proof, snapshot.manifest()),
            other => Written::Other(other),
        };
        postcard::to_stdvec(&written).expect("plain data encodes")
    }

    /// The parts that the bytes of this record name: those of the state at a stable checkpoint, each once. Clones of
    /// parts share their bytes.
    pub fn parts(&self) -> impl Iterator<Item = &Part> {
        let snapshot = match self {
            Self::Stable { snapshot, .. } => Some(snapshot),
            _ => None,
        };
        snapshot.into_iter().flat_map(Snapshot::parts)
    }

    /// The record with these bytes. `find` finds a part by its digest.
    ///
    /// # Errors
    /// The bytes are not those of a record, or a part that they name is missing.
    pub fn decode(
        bytes: &[u8],
        find: impl FnMut(Digest) -> Option<Part>,
    ) -> Result<Self, BadRecord> {
        let written: Written<Self, Vec<Signed<Checkpoint>>, Manifest> =
            postcard::from_bytes(bytes).map_err(|_| BadRecord::Unreadable)?;
        match written {
            Written::Other(record) => Ok(record),
            Written::Stable(proof, manifest) => {
                let snapshot = Snapshot::assemble(manifest, find).map_err(BadRecord::Part)?;
                Ok(Self::Stable { proof, snapshot })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{BadRecord, Record};
    use crate::id::Sequence;
    use crate::part::Part;
    use crate::replies::Replies;
    use crate::snapshot::Snapshot;

    fn stable(parts: &[&[u8]]) -> Record {
        let parts = parts.iter().map(|bytes| Part::from(*bytes)).collect();
        Record::Stable {
            proof: Vec::new(),
            snapshot: Snapshot::new(&Replies::default(), parts),
        }
    }

    #[test]
    fn a_record_names_its_parts_and_comes_back_with_them() {
        let other = Record::Executed(Sequence(7));
        assert_eq!(other.parts().count(), 0);
        assert_eq!(Record::decode(&other.encode(), |_| None), Ok(other));
        let stable = stable(&[&[1; 5000], &[2; 5000], &[1; 5000]]);
        let kept: BTreeMap<_, _> = stable.parts().map(|part| (part.digest(), part)).collect();
        let bytes = stable.encode();
        assert!(bytes.len() < 300, "{} bytes", bytes.len());
        let read = Record::decode(&bytes, |digest| kept.get(&digest).copied().cloned());
        assert_eq!(read, Ok(stable));
    }

    #[test]
    fn a_record_whose_part_is_missing_or_changed_is_refused() {
        let stable = stable(&[b"one"]);
        let one = Part::from(&b"one"[..]).digest();
        let bytes = stable.encode();
        let parts: Vec<Part> = stable.parts().cloned().collect();
        let find = |digest| parts.iter().find(|part| part.digest() == digest).cloned();
        let missing = Record::decode(&bytes, |digest| find(digest).filter(|_| digest != one));
        assert_eq!(missing, Err(BadRecord::Part(one)));
        let changed = Record::decode(&bytes, |digest| {
            let changed = Part::from(&b"two"[..]);
            if digest == one {
                Some(changed)
            } else {
                find(digest)
            }
        });
        assert_eq!(changed, Err(BadRecord::Part(one)));
        assert_eq!(
            Record::decode(&[9, 9], |_| None),
            Err(BadRecord::Unreadable)
        );
    }
}
