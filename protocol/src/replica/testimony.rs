//! What a replica has signed for one slot: its proposals and votes, of any view (rule 24).

use crate::digest::Digest;
use crate::evidence::Evidence;
use crate::id::{ReplicaId, Sequence, View};
use crate::message::{Commit, PrePrepare, Prepare};
use crate::signature::Signed;

/// The most views of which one slot keeps one replica's votes of one kind.
const VIEWS: usize = 4;

/// A proposal or a vote for a slot. A correct replica names one digest for a slot in a view, whatever it sends.
#[derive(Clone, Debug)]
pub(super) enum Statement {
    PrePrepare(Signed<PrePrepare>),
    Prepare(Signed<Prepare>),
    Commit(Signed<Commit>),
}

/// A statement that is kept elsewhere.
#[derive(Clone, Copy, Debug)]
pub(super) enum Said<'a> {
    PrePrepare(&'a Signed<PrePrepare>),
    Prepare(&'a Signed<Prepare>),
    Commit(&'a Signed<Commit>),
}

impl Statement {
    pub(super) const fn said(&self) -> Said<'_> {
        match self {
            Self::PrePrepare(proposal) => Said::PrePrepare(proposal),
            Self::Prepare(prepare) => Said::Prepare(prepare),
            Self::Commit(commit) => Said::Commit(commit),
        }
    }

    pub(super) fn signer(&self) -> ReplicaId {
        self.said().signer()
    }

    pub(super) fn sequence(&self) -> Sequence {
        self.said().sequence()
    }

    pub(super) fn view(&self) -> View {
        self.said().view()
    }
}

impl Said<'_> {
    pub(super) fn signer(self) -> ReplicaId {
        match self {
            Self::PrePrepare(proposal) => proposal.signer(),
            Self::Prepare(prepare) => prepare.signer(),
            Self::Commit(commit) => commit.signer(),
        }
    }

    pub(super) fn sequence(self) -> Sequence {
        match self {
            Self::PrePrepare(proposal) => proposal.value().sequence,
            Self::Prepare(prepare) => prepare.value().sequence,
            Self::Commit(commit) => commit.value().sequence,
        }
    }

    pub(super) fn view(self) -> View {
        match self {
            Self::PrePrepare(proposal) => proposal.value().view,
            Self::Prepare(prepare) => prepare.value().view,
            Self::Commit(commit) => commit.value().view,
        }
    }

    pub(super) fn digest(self) -> Digest {
        match self {
            Self::PrePrepare(proposal) => proposal.value().digest,
            Self::Prepare(prepare) => prepare.value().digest,
            Self::Commit(commit) => commit.value().digest,
        }
    }

    /// Whether both are of one kind.
    pub(super) fn is_like(self, other: Said<'_>) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }

    /// The proof against the signer of two statements for one slot, if they name two digests in one view. A PRE-PREPARE
    /// and a PREPARE prove nothing more: no correct replica sends both in one view (E4).
    pub(super) fn contradiction(self, later: Said<'_>) -> Option<Evidence> {
        let (a, b) = (self, later);
        if a.signer() != b.signer() || a.view() != b.view() || a.digest() == b.digest() {
            return None;
        }
        match (a, b) {
            (Said::PrePrepare(a), Said::PrePrepare(b)) => {
                Some(Evidence::TwoPrePrepares(a.clone(), b.clone()))
            }
            (Said::Prepare(a), Said::Prepare(b)) => {
                Some(Evidence::TwoPrepares(a.clone(), b.clone()))
            }
            (Said::Commit(a), Said::Commit(b)) => Some(Evidence::TwoCommits(a.clone(), b.clone())),
            (Said::PrePrepare(a), Said::Commit(b)) | (Said::Commit(b), Said::PrePrepare(a)) => {
                Some(Evidence::CommittedOtherProposal(a.clone(), b.clone()))
            }
            (Said::Prepare(a), Said::Commit(b)) | (Said::Commit(b), Said::Prepare(a)) => {
                Some(Evidence::CommittedOtherPrepare(a.clone(), b.clone()))
            }
            (Said::PrePrepare(_), Said::Prepare(_)) | (Said::Prepare(_), Said::PrePrepare(_)) => {
                None
            }
        }
    }
}

/// One replica's statements for one slot that the log does not keep elsewhere.
#[derive(Clone, Debug, Default)]
pub(super) struct Testimony {
    proposals: Kept<PrePrepare>,
    prepares: Kept<Prepare>,
    commits: Kept<Commit>,
}

impl Testimony {
    pub(super) fn keep(&mut self, statement: Statement) {
        let view = statement.view();
        match statement {
            Statement::PrePrepare(proposal) => self.proposals.keep(view, proposal),
            Statement::Prepare(prepare) => self.prepares.keep(view, prepare),
            Statement::Commit(commit) => self.commits.keep(view, commit),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.proposals.0.len() + self.prepares.0.len() + self.commits.0.len()
    }

    pub(super) fn commits(&self) -> impl Iterator<Item = &Signed<Commit>> {
        self.commits.all()
    }

    pub(super) fn statements(&self) -> impl Iterator<Item = Said<'_>> {
        let proposals = self.proposals.all().map(Said::PrePrepare);
        let prepares = self.prepares.all().map(Said::Prepare);
        let commits = self.commits.all().map(Said::Commit);
        proposals.chain(prepares).chain(commits)
    }
}

/// The first statement of each view, for few views. When all places are taken, the last one changes hands: so nobody
/// makes this replica forget what it heard first.
#[derive(Clone, Debug)]
struct Kept<T>(Vec<(View, Signed<T>)>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Kept<T> {
    fn keep(&mut self, view: View, statement: Signed<T>) {
        if self.0.iter().any(|(known, _)| *known == view) {
            return;
        }
        self.0.truncate(VIEWS - 1);
        self.0.push((view, statement));
    }

    fn all(&self) -> impl Iterator<Item = &Signed<T>> {
        self.0.iter().map(|(_, statement)| statement)
    }
}
