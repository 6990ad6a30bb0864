//! Signed messages that no correct replica signs, as they are kept and sent. What they prove is judged in [`crate::evidence`].

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Commit, NewView, PrePrepare, Prepare, ViewChange};
use crate::id::ReplicaId;
use crate::signature::Signed;

/// What kind of lie a proof shows, by its number in rule 24. E8 is found by [`crate::forensics`], which gives proofs of the other
/// kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "Evidence describes them")]
pub enum Kind {
    E1,
    E2,
    E3,
    E4,
    E5,
    E6,
    E7,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::E1,
        Self::E2,
        Self::E3,
        Self::E4,
        Self::E5,
        Self::E6,
        Self::E7,
    ];
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, formatter)
    }
}

/// Proof that a replica is faulty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Evidence {
    /// E1: two PRE-PREPAREs for one view and slot with different digests.
    TwoPrePrepares(Signed<PrePrepare>, Signed<PrePrepare>),
    /// E2: two PREPAREs for one view and slot with different digests.
    TwoPrepares(Signed<Prepare>, Signed<Prepare>),
    /// E3: two COMMITs for one view and slot with different digests.
    TwoCommits(Signed<Commit>, Signed<Commit>),
    /// E4: a PREPARE signed by that view's primary.
    PrimaryPrepared(Signed<Prepare>),
    /// E5: a NEW-VIEW whose V is invalid, or whose O does not follow from its V.
    WrongNewView(Signed<NewView>),
    /// E5: a NEW-VIEW, and a PRE-PREPARE of the same primary and view for a slot that the NEW-VIEW settles, or with another
    /// digest than it has for the slot.
    ProposedAgainstNewView(Signed<NewView>, Signed<PrePrepare>),
    /// E3: a PRE-PREPARE, and a COMMIT of the same replica, view and slot with another digest. A replica commits only
    /// what it has proposed or agreed to.
    CommittedOtherProposal(Signed<PrePrepare>, Signed<Commit>),
    /// E3: a PREPARE, and a COMMIT of the same replica, view and slot with another digest.
    CommittedOtherPrepare(Signed<Prepare>, Signed<Commit>),
    /// E6: two VIEW-CHANGEs for one view that no single memory has made, and no memory that was lost in between.
    TwoViewChanges(Signed<ViewChange>, Signed<ViewChange>),
    /// E6: two different NEW-VIEWs for one view.
    TwoNewViews(Signed<NewView>, Signed<NewView>),
    /// E7: a COMMIT and a VIEW-CHANGE for a later view. The VIEW-CHANGE has no stable checkpoint at or above the
    /// COMMIT's slot, no certificate for the COMMIT's digest in its view, and no certificate of a later view for the
    /// slot.
    ForgottenCommit(Signed<Commit>, Signed<ViewChange>),
    /// E7: a COMMIT, and a VIEW-CHANGE for its view or an earlier one whose stable checkpoint is at or above the COMMIT's
    /// slot. A replica no longer votes in such a slot.
    CommitBelowCheckpoint(Signed<Commit>, Signed<ViewChange>),
}

impl Evidence {
    /// The replica that this proves faulty.
    #[must_use]
    pub fn accused(&self) -> ReplicaId {
        match self {
            Self::TwoPrePrepares(first, _) | Self::CommittedOtherProposal(first, _) => {
                first.signer()
            }
            Self::TwoPrepares(first, _)
            | Self::PrimaryPrepared(first)
            | Self::CommittedOtherPrepare(first, _) => first.signer(),
            Self::TwoCommits(first, _)
            | Self::ForgottenCommit(first, _)
            | Self::CommitBelowCheckpoint(first, _) => first.signer(),
            Self::WrongNewView(new_view)
            | Self::TwoNewViews(new_view, _)
            | Self::ProposedAgainstNewView(new_view, _) => new_view.signer(),
            Self::TwoViewChanges(first, _) => first.signer(),
        }
    }

    /// Its number in rule 24.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::TwoPrePrepares(..) => Kind::E1,
            Self::TwoPrepares(..) => Kind::E2,
            Self::TwoCommits(..)
            | Self::CommittedOtherProposal(..)
            | Self::CommittedOtherPrepare(..) => Kind::E3,
            Self::PrimaryPrepared(_) => Kind::E4,
            Self::WrongNewView(_) | Self::ProposedAgainstNewView(..) => Kind::E5,
            Self::TwoViewChanges(..) | Self::TwoNewViews(..) => Kind::E6,
            Self::ForgottenCommit(..) | Self::CommitBelowCheckpoint(..) => Kind::E7,
        }
    }

    /// The most bytes that its encoding takes.
    #[must_use]
    pub fn weight(&self) -> usize {
        let (first, second) = match self {
            Self::TwoPrePrepares(a, b) => (a.weight(), b.weight()),
            Self::TwoPrepares(a, b) => (a.weight(), b.weight()),
            Self::TwoCommits(a, b) => (a.weight(), b.weight()),
            Self::PrimaryPrepared(a) => (a.weight(), 0),
            Self::WrongNewView(a) => (a.weight(), 0),
            Self::ProposedAgainstNewView(a, b) => (a.weight(), b.weight()),
            Self::CommittedOtherProposal(a, b) => (a.weight(), b.weight()),
            Self::CommittedOtherPrepare(a, b) => (a.weight(), b.weight()),
            Self::TwoViewChanges(a, b) => (a.weight(), b.weight()),
            Self::TwoNewViews(a, b) => (a.weight(), b.weight()),
            Self::ForgottenCommit(a, b) | Self::CommitBelowCheckpoint(a, b) => {
                (a.weight(), b.weight())
            }
        };
        1 + first + second
    }

    /// The bytes of this proof: the signed messages as they came.
    ///
    /// # Panics
    /// Never: plain data can be encoded in memory.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "encoding plain data into a growing buffer cannot fail"
    )]
    pub fn encode(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("plain data encodes")
    }

    /// The signed messages that make the proof, as they travel.
    #[must_use]
    pub fn messages(&self) -> Vec<Vec<u8>> {
        match self {
            Self::TwoPrePrepares(a, b) => vec![a.encode(), b.encode()],
            Self::TwoPrepares(a, b) => vec![a.encode(), b.encode()],
            Self::TwoCommits(a, b) => vec![a.encode(), b.encode()],
            Self::PrimaryPrepared(a) => vec![a.encode()],
            Self::WrongNewView(a) => vec![a.encode()],
            Self::ProposedAgainstNewView(a, b) => vec![a.encode(), b.encode()],
            Self::CommittedOtherProposal(a, b) => vec![a.encode(), b.encode()],
            Self::CommittedOtherPrepare(a, b) => vec![a.encode(), b.encode()],
            Self::TwoViewChanges(a, b) => vec![a.encode(), b.encode()],
            Self::TwoNewViews(a, b) => vec![a.encode(), b.encode()],
            Self::ForgottenCommit(a, b) | Self::CommitBelowCheckpoint(a, b) => {
                vec![a.encode(), b.encode()]
            }
        }
    }

    /// The proof with these bytes. Nothing of it is checked: see [`crate::Keys::check_evidence`] and [`Evidence::holds`].
    ///
    /// # Errors
    /// The bytes are not those of a proof.
    pub fn decode(bytes: &[u8]) -> Result<Self, postcard::Error> {
        match postcard::take_from_bytes(bytes)? {
            (evidence, []) => Ok(evidence),
            _ => Err(postcard::Error::SerdeDeCustom),
        }
    }
}
