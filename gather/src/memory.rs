//! What a node must remember over a restart: what it has signed, and what it keeps to.

use serde::{Deserialize, Serialize};

use crate::certificate::Alone;
use crate::hello::Hello;
use crate::id::{NodeId, PublicKey};
use crate::judge::Flaw;
use crate::settings::{Charter, SettingsError};
use crate::signed::Signed;
use crate::vote::Vote;

/// What a node must have on disk before it says anything that follows from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Memory {
    pub(crate) version: u32,
    pub(crate) charter: Charter,
    pub(crate) key: PublicKey,
    /// The seat that the node was invited to.
    pub(crate) seat: Option<PublicKey>,
    /// The number of the newest HELLO.
    pub(crate) sequence: u64,
    pub(crate) attempt: u64,
    /// The newest votes of this node, each with its roster.
    pub(crate) votes: Vec<(Signed<Vote>, Vec<Signed<Hello>>)>,
    pub(crate) lock: Option<Alone>,
    pub(crate) founding: Option<Alone>,
    /// The HELLOs of members that are newer than those of the founding.
    pub(crate) newer: Vec<Signed<Hello>>,
}

/// Why a node cannot go on with what it remembers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the error messages describe the variants")]
pub enum RestoreError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("the memory of the founding cannot be read: start with an empty data directory")]
    Unreadable,
    #[error(
        "the memory of the founding has version {found}, this program reads version {wanted}: start with an empty data directory"
    )]
    Version { found: u32, wanted: u32 },
    #[error(
        "the memory of the founding is that of {found}, and this node is {wanted}: do not mix two data directories"
    )]
    OtherKey { found: NodeId, wanted: NodeId },
    #[error(
        "the memory of the founding is for the group {}, {} nodes, {}; this start asks for the group {}, {} nodes, {}: \
         start as before, or with an empty data directory",
        found.group, found.nodes, found.entry, wanted.group, wanted.nodes, wanted.entry
    )]
    OtherCharter {
        found: Box<Charter>,
        wanted: Box<Charter>,
    },
    #[error(
        "the memory of the founding is for another invitation to the same cluster: start with the invitation from before, or \
         with an empty data directory"
    )]
    OtherSeat,
    #[error("the memory of the founding has {0}: start with an empty data directory")]
    Flaw(Flaw),
}
