//! Two signed messages that no correct replica signs both of (rule 24). Anyone can check them.

use crate::id::ReplicaId;
use crate::message::{Commit, PrePrepare, Prepare};
use crate::signature::Signed;

/// What proves a replica faulty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// E1: two PRE-PREPAREs for one view and slot with different digests.
    TwoPrePrepares(Signed<PrePrepare>, Signed<PrePrepare>),
    /// E2: two PREPAREs for one view and slot with different digests.
    TwoPrepares(Signed<Prepare>, Signed<Prepare>),
    /// E3: two COMMITs for one view and slot with different digests.
    TwoCommits(Signed<Commit>, Signed<Commit>),
    /// E4: a PREPARE signed by that view's primary.
    PrimaryPrepared(Signed<Prepare>),
}

impl Evidence {
    /// Whom it proves faulty.
    #[must_use]
    pub const fn accused(&self) -> ReplicaId {
        match self {
            Self::TwoPrePrepares(first, _) => first.signer(),
            Self::TwoPrepares(first, _) | Self::PrimaryPrepared(first) => first.signer(),
            Self::TwoCommits(first, _) => first.signer(),
        }
    }
}
