use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{Sequence, View};
use crate::message::Checkpoint;
use crate::signature::{Signable, Signed};
use crate::snapshot::Manifest;

/// Asks for a piece of the state at a stable checkpoint (rule 19).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchState {
    /// n of the checkpoint.
    pub sequence: Sequence,
    /// The part with this digest; without one, the manifest.
    pub part: Option<Digest>,
}

impl Signable for FetchState {
    const DOMAIN: &'static str = "fetch-state";
}

/// A piece of the state. It proves itself against the checkpoint that 2f+1 replicas signed; who sends another is not
/// asked again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// n of the checkpoint that was asked for.
    pub sequence: Sequence,
    /// What was asked for.
    pub piece: Piece,
}

/// What a state is sent in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Piece {
    /// The digests of all parts.
    Manifest(Manifest),
    /// One part.
    Part(#[serde(with = "serde_bytes")] Vec<u8>),
}

impl Signable for State {
    const DOMAIN: &'static str = "state";
}

/// The sender's last stable checkpoint, for one that is behind it: the sender no longer has the slots below (rule 8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stable {
    /// 2f+1 matching CHECKPOINTs.
    pub proof: Vec<Signed<Checkpoint>>,
    /// What one needs besides that has lost its memory.
    pub recall: Option<Recall>,
}

/// Said to a replica that has lost its memory (rule 23).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recall {
    /// The life in which that one asks: what was said to an earlier life may be too old.
    pub life: u64,
    /// The highest view that the sender may have asked for.
    pub view: View,
}

impl Signable for Stable {
    const DOMAIN: &'static str = "stable";
}
