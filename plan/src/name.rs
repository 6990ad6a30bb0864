//! A process in a plan's text.

use quorate_fault::Dice;
use quorate_protocol::{ParseReplicaIdError, ReplicaId};
use serde::{Deserialize, Serialize};

/// A process, written as its name: P, Q, ...
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Name(pub ReplicaId);

impl Name {
    /// The process with this index.
    #[must_use]
    pub const fn of(index: u32) -> Self {
        Self(ReplicaId(index))
    }

    /// One of `n` processes, each as likely as the others.
    pub(crate) fn drawn(dice: &mut Dice, n: u32) -> Self {
        Self::of(u32::try_from(dice.below(u64::from(n))).unwrap_or_default())
    }

    /// Its place among all processes.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0.0 as usize
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0.to_string()
    }
}

impl TryFrom<String> for Name {
    type Error = ParseReplicaIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}
