use serde::{Deserialize, Serialize};

use crate::id::Sequence;
use crate::signature::Signable;
use crate::snapshot::Manifest;

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
