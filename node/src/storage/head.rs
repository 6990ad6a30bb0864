//! What a record file says of itself: whose records it holds. The records of another process or of
//! another cluster, or made under other rules, would make a correct process contradict itself, or hide from it what it has executed.

use quorate_protocol::{ClusterId, Digest, ReplicaId};
use serde::{Deserialize, Serialize};

use crate::common::{Common, Differs};

/// The version of the file. It grows when a file written before can no longer be read.
const VERSION: u32 = 6;

/// Whose records a file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The cluster.
    pub cluster: ClusterId,
    /// The process.
    pub process: ReplicaId,
    /// What it has in common with the other processes.
    pub common: Common,
}

/// The head of a record file, in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    v: u32,
    owner: Owner,
    /// How often the process was started with this file or with earlier ones.
    starts: u64,
}

/// What a head of any version begins with.
#[derive(Deserialize)]
struct Version {
    v: u32,
}

/// Why a process must not use a record file.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error(
        "another version of this program wrote it: go on with that version, or choose another --data-dir"
    )]
    OtherVersion,
    #[error("its first entry cannot be read")]
    Damaged,
    #[error(
        "it holds the records of process {} in cluster {}, and this is process {} in cluster {}: put each file back into its own place. \
         A process whose own file is lost joins again as one that lost its memory: move this file away",
        found.process, name_of(found.cluster), wanted.process, name_of(wanted.cluster)
    )]
    OtherOwner {
        found: Box<Owner>,
        wanted: Box<Owner>,
    },
    #[error(transparent)]
    OtherRules(#[from] Differs),
    #[error(
        "it is an old copy: {found} starts of the process are counted in it, and {counted} beside it. A process that forgets what it \
         has said is faulty: put the newest file back, or move this one away, and the process joins again as one that lost its memory"
    )]
    OldCopy { found: u64, counted: u64 },
}

impl Head {
    /// The head of a file that is used from start number `starts` on.
    pub(super) const fn new(owner: Owner, starts: u64) -> Self {
        Self {
            v: VERSION,
            owner,
            starts,
        }
    }

    pub(super) fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }

    pub(super) fn from_json(json: &[u8]) -> Result<Self, Refusal> {
        let version: Version = serde_json::from_slice(json).map_err(|_| Refusal::Damaged)?;
        if version.v != VERSION {
            return Err(Refusal::OtherVersion);
        }
        serde_json::from_slice(json).map_err(|_| Refusal::Damaged)
    }

    /// How often the process was started before, if it may use the file. `counted`: what the file beside it says, whose count
    /// is written later at each start (see [`crate::starts`]).
    pub(super) fn starts_for(self, wanted: &Owner, counted: u64) -> Result<u64, Refusal> {
        let found = self.owner;
        if (found.cluster, found.process) != (wanted.cluster, wanted.process) {
            return Err(Refusal::OtherOwner {
                found: Box::new(found),
                wanted: Box::new(wanted.clone()),
            });
        }
        found.common.check(&wanted.common)?;
        if self.starts < counted {
            return Err(Refusal::OldCopy {
                found: self.starts,
                counted,
            });
        }
        Ok(self.starts)
    }
}

/// A cluster's id, short enough for a message.
fn name_of(cluster: ClusterId) -> Digest {
    Digest(cluster.0)
}
