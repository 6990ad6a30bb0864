//! Why a node is refused. Each reason names both sides, so that a user sees what does not match.

use quorate_protocol::Duration;
use serde::{Deserialize, Serialize};

use crate::id::NodeId;
use crate::judge::Flaw;
use crate::settings::{Entry, Group};

/// Why a node refuses another one; it tells the other one so. `ours` is the refusing node's, `yours` the refused one's.
///
/// Its encoding is the same in all versions of the messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "`told` describes the variants")]
pub enum Refusal {
    Version { ours: u32, yours: u32 },
    Group { ours: Group, yours: Group },
    Nodes { ours: u32, yours: u32 },
    Entry { ours: Entry, yours: Entry },
    Secret,
    Invitation,
    SeatTaken { by: NodeId, and: NodeId },
    Full { met: u32 },
    Barred,
}

impl Refusal {
    /// The reason as the refusing node tells it of "it".
    #[must_use]
    pub fn told_by_refuser(&self) -> String {
        self.told(&THIS_NODE, &IT)
    }

    /// The reason as the refused node tells it.
    #[must_use]
    pub fn told_by_refused(&self) -> String {
        self.told(&IT, &THIS_NODE)
    }

    fn told(&self, refuser: &Side, refused: &Side) -> String {
        let (refusers, refuseds) = (refuser.possessive, refused.possessive);
        let (refuser, refused) = (refuser.name, refused.name);
        match self {
            Self::Version { ours, yours } => {
                format!("{refused} speaks version {yours}, {refuser} speaks version {ours}")
            }
            Self::Group { ours, yours } => {
                format!("{refuseds} group is {yours}, {refusers} group is {ours}")
            }
            Self::Nodes { ours, yours } => {
                format!("{refused} expects {yours} nodes, {refuser} expects {ours}")
            }
            Self::Entry { ours, yours } => {
                format!("{refuseds} group is {yours}, {refusers} group is {ours}")
            }
            Self::Secret => format!("{refused} does not know {refusers} secret"),
            Self::Invitation => {
                format!("{refused} has no valid invitation to {refusers} seats")
            }
            Self::SeatTaken { by, and } => {
                format!("{by} and {and} have used {refuseds} invitation before")
            }
            Self::Full { met } => format!("{refuser} knows {met} nodes already, and takes no more"),
            Self::Barred => format!("{refused} is proved to have signed two different things"),
        }
    }
}

/// How a line names one of the two sides.
struct Side {
    name: &'static str,
    possessive: &'static str,
}

const THIS_NODE: Side = Side {
    name: "this node",
    possessive: "this node's",
};

const IT: Side = Side {
    name: "it",
    possessive: "its",
};

/// What was wrong with an answer. Three bad answers, and who gave them is shut out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the error messages describe the variants")]
pub enum BadAnswer {
    #[error("{}", .0.told_by_refuser())]
    Refused(Refusal),
    #[error("it refuses this node: {}", .0.told_by_refused())]
    RefusesUs(Refusal),
    #[error("its key has not signed the challenge")]
    Signature,
    #[error("it names other addresses than the one from which it answers")]
    NotItsAddress,
    #[error("{expected} was expected there, and {found} answers")]
    OtherKey { expected: NodeId, found: NodeId },
    #[error("it sent {0}")]
    Flaw(Flaw),
    #[error("it sent bytes that are no message")]
    Unreadable,
}

/// A length of time in words, rounded up to whole seconds.
pub(crate) fn seconds(span: Duration) -> String {
    format!("{} s", span.0.div_ceil(1_000_000))
}
