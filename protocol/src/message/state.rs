use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{Sequence, View};
use crate::message::Checkpoint;
use crate::signature::{Signable, Signed};
use crate::snapshot::Manifest;

/// Asks for the manifest, or for one part, of the state at a stable checkpoint (rule 19).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchState {
    /// n of the checkpoint.
    pub sequence: Sequence,
    /// The digest of the part. `None` asks for the manifest.
    pub part: Option<Digest>,
}

impl Signable for FetchState {
    const DOMAIN: &'static str = "fetch-state";
}

/// A piece of the state. The receiver checks it against the checkpoint that 2f+1 replicas signed. It stops asking a
/// sender of wrong pieces as long as others are left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// n of the checkpoint that was asked for.
    pub sequence: Sequence,
    /// The piece.
    pub piece: Piece,
}

/// A piece of a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Piece {
    /// The manifest: the digests of all parts.
    Manifest(Manifest),
    /// One part.
    Part(#[serde(with = "serde_bytes")] Vec<u8>),
}

impl Signable for State {
    const DOMAIN: &'static str = "state";
}

/// The sender's last stable checkpoint, for a replica that is behind it. The sender no longer has the slots at or below
/// it (rule 8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stable {
    /// 2f+1 matching CHECKPOINTs.
    pub proof: Vec<Signed<Checkpoint>>,
    /// The answer to a replica that has lost its memory; otherwise `None`.
    pub recall: Option<Recall>,
}

/// What a replica tells one that has lost its memory (rule 23).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recall {
    /// The life of the replica that asks. An answer to an earlier life may be too old.
    pub life: u64,
    /// The highest view that the sender is in, asks for, or may have asked for in an earlier life.
    pub view: View,
}

impl Signable for Stable {
    const DOMAIN: &'static str = "stable";
}
