//! Signed messages that no correct replica signs (rule 24). Everyone who has the public keys can check them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::certificate::PreparedCertificate;
use crate::config::Config;
use crate::digest::Digest;
use crate::id::{Sequence, View};
pub use crate::message::evidence::{Evidence, Kind};
use crate::message::{Commit, NewView, PrePrepare, Prepare, ViewChange};
use crate::misbehaviour::Misbehaviour;
use crate::mutant::Mutant;
use crate::new_view;
use crate::signature::{Keys, Signable, Signed};

impl Evidence {
    /// Whether the messages prove what they are shown for. Their signatures were checked when they arrived.
    #[must_use]
    pub fn holds(&self, config: &Config) -> bool {
        match self {
            Self::TwoPrePrepares(a, b) => name_two_digests(a, b),
            Self::TwoPrepares(a, b) => name_two_digests(a, b),
            Self::TwoCommits(a, b) => name_two_digests(a, b),
            Self::PrimaryPrepared(prepare) => {
                prepare.signer() == prepare.value().view.primary(config.quorum)
            }
            Self::WrongNewView(new_view) => new_view::check(config, new_view).is_err(),
            Self::ProposedAgainstNewView(new_view, proposal) => {
                let (start, proposed) = (new_view.value(), proposal.value());
                new_view.signer() == proposal.signer()
                    && start.view == proposed.view
                    && new_view::check(config, new_view).is_ok()
                    && !new_view::admits(start, proposed.sequence, proposed.digest)
            }
            Self::CommittedOtherProposal(a, b) => name_two_digests(a, b),
            Self::CommittedOtherPrepare(a, b) => name_two_digests(a, b),
            Self::TwoViewChanges(a, b) => {
                a.signer() == b.signer() && contradict(config, a.value(), b.value())
            }
            Self::TwoNewViews(a, b) => {
                let (x, y) = (a.value(), b.value());
                a.signer() == b.signer() && x.view == y.view && x != y
            }
            Self::ForgottenCommit(commit, view_change) => {
                commit.signer() == view_change.signer()
                    && forgets(view_change.value(), commit.value())
            }
            Self::CommitBelowCheckpoint(commit, view_change) => {
                commit.signer() == view_change.signer()
                    && is_past(view_change.value(), commit.value())
            }
        }
    }
}

impl Evidence {
    /// Whether one of its messages is of before a pardon. A lie after the pardon takes two later messages, or one that is a lie by
    /// itself.
    pub(crate) fn is_forgiven(&self, pardon: &Pardon) -> bool {
        fn names(pardon: &Pardon, message: &Signed<impl Names>) -> bool {
            let (view, sequence, _) = message.value().names();
            pardon.view >= view && pardon.sequence >= sequence
        }
        let asks = |message: &Signed<ViewChange>| pardon.view >= message.value().view;
        let starts = |message: &Signed<NewView>| pardon.view >= message.value().view;
        match self {
            Self::TwoPrePrepares(a, b) => names(pardon, a) || names(pardon, b),
            Self::TwoPrepares(a, b) => names(pardon, a) || names(pardon, b),
            Self::TwoCommits(a, b) => names(pardon, a) || names(pardon, b),
            Self::PrimaryPrepared(a) => names(pardon, a),
            Self::WrongNewView(a) => starts(a),
            Self::ProposedAgainstNewView(a, b) => starts(a) || names(pardon, b),
            Self::CommittedOtherProposal(a, b) => names(pardon, a) || names(pardon, b),
            Self::CommittedOtherPrepare(a, b) => names(pardon, a) || names(pardon, b),
            Self::TwoViewChanges(a, b) => asks(a) || asks(b),
            Self::TwoNewViews(a, b) => starts(a) || starts(b),
            Self::ForgottenCommit(a, b) | Self::CommitBelowCheckpoint(a, b) => {
                names(pardon, a) || asks(b)
            }
        }
    }
}

/// How far a replica and the one that it pardoned were when its operator pardoned that one. What it has signed of views and slots up to
/// there proves nothing more against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pardon {
    /// The last view that one of the two was in or had asked for.
    pub view: View,
    /// The last slot of which one of the two knew anything.
    pub sequence: Sequence,
}

impl Keys {
    /// Checks the signatures of what the accused has signed.
    ///
    /// # Errors
    /// One is not valid, so the evidence proves nothing.
    pub fn check_evidence(&mut self, evidence: &Evidence) -> Result<(), Misbehaviour> {
        match evidence {
            Evidence::TwoPrePrepares(a, b) => self.check_all([a, b]),
            Evidence::TwoPrepares(a, b) => self.check_all([a, b]),
            Evidence::TwoCommits(a, b) => self.check_all([a, b]),
            Evidence::TwoViewChanges(a, b) => self.check_all([a, b]),
            Evidence::TwoNewViews(a, b) => self.check_all([a, b]),
            Evidence::PrimaryPrepared(a) => self.check_all([a]),
            Evidence::WrongNewView(a) => self.check_all([a]),
            Evidence::ProposedAgainstNewView(a, b) => self.check_both(a, b),
            Evidence::CommittedOtherProposal(a, b) => self.check_both(a, b),
            Evidence::CommittedOtherPrepare(a, b) => self.check_both(a, b),
            Evidence::ForgottenCommit(a, b) | Evidence::CommitBelowCheckpoint(a, b) => {
                self.check_both(a, b)
            }
        }
    }

    fn check_both<A: Signable, B: Signable>(
        &mut self,
        a: &Signed<A>,
        b: &Signed<B>,
    ) -> Result<(), Misbehaviour> {
        self.check_all([a])?;
        self.check_all([b])
    }
}

/// What the accused did, in words: `two proposals for slot 1 in view 0`.
impl fmt::Display for Evidence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slot = |what, view: View, sequence: Sequence| {
            format!("{what} for slot {} in view {}", sequence.0, view.0)
        };
        let words = match self {
            Self::TwoPrePrepares(first, _) => {
                let first = first.value();
                slot("two proposals", first.view, first.sequence)
            }
            Self::TwoPrepares(first, _) => {
                let first = first.value();
                slot("two PREPAREs", first.view, first.sequence)
            }
            Self::TwoCommits(first, _) => {
                let first = first.value();
                slot("two COMMITs", first.view, first.sequence)
            }
            Self::PrimaryPrepared(prepare) => {
                let prepare = prepare.value();
                slot("a PREPARE as primary", prepare.view, prepare.sequence)
            }
            Self::WrongNewView(new_view) => {
                format!("a wrong NEW-VIEW for view {}", new_view.value().view.0)
            }
            Self::ProposedAgainstNewView(_, proposal) => {
                let proposal = proposal.value();
                slot(
                    "a proposal against its NEW-VIEW",
                    proposal.view,
                    proposal.sequence,
                )
            }
            Self::TwoViewChanges(first, _) => {
                format!("two VIEW-CHANGEs for view {}", first.value().view.0)
            }
            Self::TwoNewViews(first, _) => {
                format!("two NEW-VIEWs for view {}", first.value().view.0)
            }
            Self::ForgottenCommit(commit, view_change) => format!(
                "a VIEW-CHANGE for view {} without its COMMIT for slot {}",
                view_change.value().view.0,
                commit.value().sequence.0
            ),
            Self::CommittedOtherProposal(_, commit) => {
                let commit = commit.value();
                slot(
                    "a COMMIT that differs from its proposal",
                    commit.view,
                    commit.sequence,
                )
            }
            Self::CommittedOtherPrepare(_, commit) => {
                let commit = commit.value();
                slot(
                    "a COMMIT that differs from its PREPARE",
                    commit.view,
                    commit.sequence,
                )
            }
            Self::CommitBelowCheckpoint(commit, view_change) => format!(
                "a COMMIT for slot {}, which its VIEW-CHANGE for view {} counts as settled",
                commit.value().sequence.0,
                view_change.value().view.0
            ),
        };
        formatter.write_str(&words)
    }
}

/// A proposal or a vote: it names a digest for a slot in a view.
trait Names {
    fn names(&self) -> (View, Sequence, Digest);
}

impl Names for PrePrepare {
    fn names(&self) -> (View, Sequence, Digest) {
        (self.view, self.sequence, self.digest)
    }
}

impl Names for Prepare {
    fn names(&self) -> (View, Sequence, Digest) {
        (self.view, self.sequence, self.digest)
    }
}

impl Names for Commit {
    fn names(&self) -> (View, Sequence, Digest) {
        (self.view, self.sequence, self.digest)
    }
}

/// Whether one replica has named two digests for one slot in one view.
fn name_two_digests<A: Names, B: Names>(a: &Signed<A>, b: &Signed<B>) -> bool {
    let ((view, sequence, digest), other) = (a.value().names(), b.value().names());
    a.signer() == b.signer() && (view, sequence) == (other.0, other.1) && digest != other.2
}

/// Whether two VIEW-CHANGEs of one replica contradict each other: same view, different content. The VIEW-CHANGEs of two
/// lives may differ, but the later life sends none before its stable checkpoint has passed every slot that the earlier
/// one can have named (rule 23). A number of another life therefore excuses nothing else.
fn contradict(config: &Config, a: &ViewChange, b: &ViewChange) -> bool {
    let (earlier, later) = if a.life <= b.life { (a, b) } else { (b, a) };
    let passed = later.stable >= config.high_watermark(earlier.stable)
        || config.is_mutant(Mutant::AnotherLifeExcuses);
    let forgotten = later.life > earlier.life && passed;
    a.view == b.view && a != b && !forgotten
}

/// Whether a VIEW-CHANGE hides what its sender had prepared before it sent the COMMIT. It hides it if it has neither
/// that certificate, nor one of a later view for the slot, nor a stable checkpoint at or above the slot.
pub(crate) fn forgets(view_change: &ViewChange, commit: &Commit) -> bool {
    let shows = |certificate: &PreparedCertificate| {
        certificate.sequence() == commit.sequence
            && (certificate.view() > commit.view
                || certificate.view() == commit.view && certificate.digest() == commit.digest)
    };
    view_change.view > commit.view
        && view_change.stable < commit.sequence
        && !view_change.prepared.iter().any(shows)
}

/// Whether the sender of a VIEW-CHANGE already has a stable checkpoint at or above the slot of its COMMIT. Such a
/// replica no longer votes in that slot.
pub(crate) fn is_past(view_change: &ViewChange, commit: &Commit) -> bool {
    view_change.view <= commit.view && view_change.stable >= commit.sequence
}
