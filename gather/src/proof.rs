//! Two signatures of one key that no correct node gives. Anybody can check such a proof.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::hello::Hello;
use crate::id::{NodeId, PublicKey};
use crate::signed::{Signed, encode};
use crate::vote::{Phase, Vote};

/// Two statements of one key that exclude each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Proof {
    /// Two HELLOs with one sequence number, or with two seats.
    Hellos(Signed<Hello>, Signed<Hello>),
    /// Two votes in one phase of one attempt.
    Votes(Signed<Vote>, Signed<Vote>),
}

impl Proof {
    /// Compares two HELLOs.
    pub(crate) fn of_hellos(one: &Signed<Hello>, other: &Signed<Hello>) -> Option<Self> {
        let (a, b) = (&one.value, &other.value);
        let seat = |hello: &Hello| hello.claim.as_ref().map(|claim| claim.seat);
        let excluded = (a.sequence == b.sequence && a != b) || seat(a) != seat(b);
        (one.key == other.key && excluded).then(|| Self::Hellos(one.clone(), other.clone()))
    }

    /// Compares two votes.
    pub(crate) fn of_votes(one: &Signed<Vote>, other: &Signed<Vote>) -> Option<Self> {
        let (a, b) = (&one.value, &other.value);
        let same_question = (a.phase, a.attempt) == (b.phase, b.attempt);
        (one.key == other.key && same_question && a.cluster != b.cluster)
            .then(|| Self::Votes(one.clone(), other.clone()))
    }

    /// Whether the two statements exclude each other, whatever their signatures.
    pub(crate) fn excludes(&self) -> bool {
        match self {
            Self::Hellos(one, other) => Self::of_hellos(one, other).is_some(),
            Self::Votes(one, other) => Self::of_votes(one, other).is_some(),
        }
    }

    /// The key that signed both.
    #[must_use]
    pub const fn key(&self) -> PublicKey {
        match self {
            Self::Hellos(one, _) => one.key,
            Self::Votes(one, _) => one.key,
        }
    }

    /// A HELLO of the node that signed both, if the proof has one.
    pub(crate) const fn hello(&self) -> Option<&Signed<Hello>> {
        match self {
            Self::Hellos(one, _) => Some(one),
            Self::Votes(..) => None,
        }
    }

    /// The node that signed both.
    #[must_use]
    pub fn accused(&self) -> NodeId {
        NodeId::of(&self.key())
    }

    /// The proof as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let accused = self.accused();
        match self {
            Self::Hellos(one, other) if one.value.sequence == other.value.sequence => write!(
                f,
                "{accused} signed two different HELLOs with number {}",
                one.value.sequence
            ),
            Self::Hellos(..) => write!(f, "{accused} signed HELLOs for two seats"),
            Self::Votes(one, _) => {
                let name = match one.value.phase {
                    Phase::Roster => "ROSTERs",
                    Phase::Found => "FOUNDs",
                };
                write!(
                    f,
                    "{accused} signed two {name} in attempt {}",
                    one.value.attempt.saturating_add(1)
                )
            }
        }
    }
}
