//! What the replicas have signed for one slot, compared with each other (E1 to E3 and E7 of rule 24). The log keeps the
//! votes of the current view. This file keeps those of other views, which may arrive late, stand in certificates, or come
//! as a commit proof.

use super::Replica;
use super::log::Slot;
use crate::digest::Digest;
use crate::evidence::{Evidence, forgets, is_past};
use crate::id::{ReplicaId, Sequence, View};
use crate::message::{Commit, NewView, PrePrepare, Prepare, SignedMessage, ViewChange};
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

impl Statement {
    pub(super) const fn signer(&self) -> ReplicaId {
        match self {
            Self::PrePrepare(proposal) => proposal.signer(),
            Self::Prepare(prepare) => prepare.signer(),
            Self::Commit(commit) => commit.signer(),
        }
    }

    pub(super) const fn sequence(&self) -> Sequence {
        match self {
            Self::PrePrepare(proposal) => proposal.value().sequence,
            Self::Prepare(prepare) => prepare.value().sequence,
            Self::Commit(commit) => commit.value().sequence,
        }
    }

    const fn view(&self) -> View {
        match self {
            Self::PrePrepare(proposal) => proposal.value().view,
            Self::Prepare(prepare) => prepare.value().view,
            Self::Commit(commit) => commit.value().view,
        }
    }

    const fn digest(&self) -> Digest {
        match self {
            Self::PrePrepare(proposal) => proposal.value().digest,
            Self::Prepare(prepare) => prepare.value().digest,
            Self::Commit(commit) => commit.value().digest,
        }
    }

    /// Whether both are of one kind.
    fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// The proof against the signer of two statements for one slot, if they name two digests in one view. A PRE-PREPARE
    /// and a PREPARE prove nothing more: no correct replica sends both in one view (E4).
    fn contradiction(&self, later: &Self) -> Option<Evidence> {
        let (a, b) = (self, later);
        if a.signer() != b.signer() || a.view() != b.view() || a.digest() == b.digest() {
            return None;
        }
        match (a.clone(), b.clone()) {
            (Self::PrePrepare(a), Self::PrePrepare(b)) => Some(Evidence::TwoPrePrepares(a, b)),
            (Self::Prepare(a), Self::Prepare(b)) => Some(Evidence::TwoPrepares(a, b)),
            (Self::Commit(a), Self::Commit(b)) => Some(Evidence::TwoCommits(a, b)),
            (Self::PrePrepare(a), Self::Commit(b)) | (Self::Commit(b), Self::PrePrepare(a)) => {
                Some(Evidence::CommittedOtherProposal(a, b))
            }
            (Self::Prepare(a), Self::Commit(b)) | (Self::Commit(b), Self::Prepare(a)) => {
                Some(Evidence::CommittedOtherPrepare(a, b))
            }
            (Self::PrePrepare(_), Self::Prepare(_)) | (Self::Prepare(_), Self::PrePrepare(_)) => {
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
    fn keep(&mut self, statement: Statement) {
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

    fn statements(&self) -> impl Iterator<Item = Statement> + '_ {
        let proposals = self.proposals.all().cloned().map(Statement::PrePrepare);
        let prepares = self.prepares.all().cloned().map(Statement::Prepare);
        let commits = self.commits.all().cloned().map(Statement::Commit);
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

impl Slot {
    /// Everything that is known of one replica for this slot, in any view.
    fn statements_of(&self, from: ReplicaId) -> impl Iterator<Item = Statement> + '_ {
        let certified = self.prepared.iter();
        let proposals = self
            .proposal
            .iter()
            .chain(
                certified
                    .clone()
                    .map(|certificate| &certificate.pre_prepare),
            )
            .filter(move |proposal| proposal.signer() == from)
            .cloned()
            .map(Statement::PrePrepare);
        let prepares = certified
            .flat_map(|certificate| &certificate.prepares)
            .filter(move |prepare| prepare.signer() == from)
            .chain(self.prepares.get(&from))
            .cloned()
            .map(Statement::Prepare);
        let commits = self
            .proof
            .iter()
            .filter(move |commit| commit.signer() == from)
            .chain(self.commits.get(&from))
            .cloned()
            .map(Statement::Commit);
        let past = self.past.get(&from).into_iter();
        let past = past.flat_map(Testimony::statements);
        proposals.chain(prepares).chain(commits).chain(past)
    }

    pub(super) fn keep_statement(&mut self, statement: Statement) {
        let known = self
            .statements_of(statement.signer())
            .any(|known| known.is_like(&statement) && known.view() == statement.view());
        if !known {
            let testimony = self.past.entry(statement.signer()).or_default();
            testimony.keep(statement);
        }
    }

    /// Moves the proposal and the votes of the view that ends to what is known of the past.
    pub(super) fn remember_view(&mut self) {
        let proposal = self.proposal.take().map(Statement::PrePrepare);
        let prepares = std::mem::take(&mut self.prepares).into_values();
        let commits = std::mem::take(&mut self.commits).into_values();
        let ended = proposal
            .into_iter()
            .chain(prepares.map(Statement::Prepare))
            .chain(commits.map(Statement::Commit));
        for statement in ended {
            self.keep_statement(statement);
        }
    }
}

impl Replica {
    /// Compares a statement with what its signer has signed for the slot before, and accuses the signer if they
    /// contradict each other. Slots outside the window are not kept, so nothing is known of them.
    pub(super) fn compare(&mut self, statement: &Statement) {
        let Some(slot) = self.log.slot(statement.sequence()) else {
            return;
        };
        // Two messages of one kind are the plainer proof.
        let contradicted = slot
            .statements_of(statement.signer())
            .filter_map(|known| Some((!known.is_like(statement), known.contradiction(statement)?)))
            .min_by_key(|(of_two_kinds, _)| *of_two_kinds);
        if let Some((_, evidence)) = contradicted {
            self.accuse(evidence);
        }
    }

    /// Compares a statement of another view than the current one, and keeps it.
    pub(super) fn testify(&mut self, statement: Statement) {
        if !self.in_window(statement.sequence()) {
            return;
        }
        self.compare(&statement);
        self.log
            .slot_mut(statement.sequence())
            .keep_statement(statement);
    }

    /// Compares a COMMIT with the VIEW-CHANGEs of its sender (E7).
    pub(super) fn compare_commit(&mut self, commit: &Signed<Commit>) {
        let evidence = self
            .view_changes_of(commit.signer())
            .find_map(|view_change| against_commit(view_change, commit));
        if let Some(evidence) = evidence {
            self.accuse(evidence);
        }
    }

    /// Compares a VIEW-CHANGE with the other messages of its sender (E6 and E7).
    pub(super) fn compare_view_change(&mut self, view_change: &Signed<ViewChange>) {
        let from = view_change.signer();
        let contradicted = self
            .view_changes_of(from)
            .map(|known| Evidence::TwoViewChanges(known.clone(), view_change.clone()))
            .find(|evidence| evidence.holds(&self.config));
        let left_out = self
            .log
            .after(self.low_watermark())
            .flat_map(|(_, slot)| slot.commits_of(from))
            .find_map(|commit| against_commit(view_change, commit));
        for evidence in contradicted.into_iter().chain(left_out) {
            self.accuse(evidence);
        }
    }

    /// Compares what stands in a VIEW-CHANGE that was checked: the proposals and PREPAREs of others.
    pub(super) fn compare_certificates(&mut self, view_change: &ViewChange) {
        for certificate in &view_change.prepared {
            self.testify(Statement::PrePrepare(certificate.pre_prepare.clone()));
            for prepare in &certificate.prepares {
                self.testify(Statement::Prepare(prepare.clone()));
            }
        }
    }

    /// Compares the VIEW-CHANGEs of a NEW-VIEW whose content was checked, and its proposals.
    pub(super) fn compare_new_view<'a>(
        &mut self,
        new_view: &NewView,
        proposals: impl Iterator<Item = &'a Signed<PrePrepare>>,
    ) {
        for view_change in &new_view.view_changes {
            self.compare_view_change(view_change);
            self.compare_certificates(view_change.value());
        }
        for proposal in proposals {
            self.testify(Statement::PrePrepare(proposal.clone()));
        }
    }

    /// The VIEW-CHANGEs of one replica that are kept: the latest one that counts, the latest of those that have
    /// ended, and the one behind the current view.
    pub(super) fn view_changes_of(
        &self,
        from: ReplicaId,
    ) -> impl Iterator<Item = &Signed<ViewChange>> {
        let started = match &self.view_changes.new_view {
            Some(SignedMessage::NewView { new_view, .. }) => &new_view.value().view_changes[..],
            _ => &[],
        };
        let heard = self.view_changes.heard.get(&from);
        let ended = self.view_changes.ended.get(&from);
        let behind = started.iter().filter(move |one| one.signer() == from);
        heard.into_iter().chain(ended).chain(behind)
    }
}

/// The proof against the sender of a VIEW-CHANGE and a COMMIT that contradict each other.
fn against_commit(view_change: &Signed<ViewChange>, commit: &Signed<Commit>) -> Option<Evidence> {
    if forgets(view_change.value(), commit.value()) {
        let (commit, view_change) = (commit.clone(), view_change.clone());
        Some(Evidence::ForgottenCommit(commit, view_change))
    } else if is_past(view_change.value(), commit.value()) {
        let (commit, view_change) = (commit.clone(), view_change.clone());
        Some(Evidence::CommitBelowCheckpoint(commit, view_change))
    } else {
        None
    }
}
