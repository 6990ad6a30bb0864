use std::sync::Arc;

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
    Part(#[serde(with = "shared_bytes")] Arc<[u8]>),
}

/// Encodes shared bytes as `serde_bytes` encodes a `Vec<u8>`.
mod shared_bytes {
    use std::sync::Arc;

    use serde::{Deserialize as _, Deserializer, Serializer};
    use serde_bytes::ByteBuf;

    pub(super) fn serialize<S: Serializer>(
        bytes: &Arc<[u8]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<[u8]>, D::Error> {
        Ok(ByteBuf::deserialize(deserializer)?.into_vec().into())
    }
}

impl Piece {
    /// Its length in bytes.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Manifest(manifest) => {
                manifest.parts().count() * size_of::<crate::digest::Digest>()
            }
            Self::Part(part) => part.len(),
        }
    }
}

impl Signable for State {
    const DOMAIN: &'static str = "state";
}
