//! Compares what the replicas have signed with each other (E1 to E3, E6 and E7 of rule 24). The log keeps the votes of the
//! current view, and for each replica a testimony of other views: votes that come late, stand in certificates, or come as a
//! commit proof.

use super::Replica;
use super::testimony::{Said, Statement};
use crate::evidence::{Evidence, forgets, is_past};
use crate::id::ReplicaId;
use crate::message::{Commit, NewView, PrePrepare, SignedMessage, ViewChange};
use crate::mutant::Mutant;
use crate::signature::Signed;

impl Replica {
    /// Compares a statement with what its signer has signed for the slot before, and accuses the signer if they
    /// contradict each other. Slots outside the window are not kept, so nothing is known of them.
    pub(super) fn compare(&mut self, statement: Said<'_>) {
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
        } else {
            self.suspect(statement);
        }
    }

    /// Compares a statement of another view than the current one, and keeps it.
    pub(super) fn testify(&mut self, statement: Statement) {
        if !self.in_window(statement.sequence()) || self.passes_over(&statement) {
            return;
        }
        self.compare(statement.said());
        self.log.keep_statement(statement);
    }

    /// Whether a mutant passes over a statement of another view.
    fn passes_over(&self, statement: &Statement) -> bool {
        match statement {
            Statement::PrePrepare(_) => false,
            Statement::Prepare(_) => self.is_mutant(Mutant::LatePreparesIgnored),
            Statement::Commit(_) => self.is_mutant(Mutant::LateCommitsIgnored),
        }
    }

    /// Compares a COMMIT with the VIEW-CHANGEs of its sender (E7).
    pub(super) fn compare_commit(&mut self, commit: &Signed<Commit>) {
        if let Some(evidence) = self.wishes_against(commit) {
            self.accuse(evidence);
        }
    }

    /// The proof that a COMMIT and a VIEW-CHANGE of its sender contradict each other.
    pub(super) fn wishes_against(&self, commit: &Signed<Commit>) -> Option<Evidence> {
        self.view_changes_of(commit.signer())
            .find_map(|view_change| against_commit(view_change, commit))
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
        self.suspect_wish(view_change);
    }

    /// Compares what stands in a VIEW-CHANGE that was checked: the proposals and PREPAREs of others.
    pub(super) fn compare_certificates(&mut self, view_change: &ViewChange) {
        for statement in certified(view_change) {
            self.testify(statement);
        }
    }

    /// Keeps what stands in the NEW-VIEW on disk, to compare. It was compared when it came, and nobody is accused of it
    /// again. A VIEW-CHANGE of it that comes once more is known, and is not looked into.
    pub(super) fn remember_new_view(
        &mut self,
        new_view: &NewView,
        proposals: &[Signed<PrePrepare>],
    ) {
        let certified = new_view
            .view_changes
            .iter()
            .flat_map(|view_change| certified(view_change.value()));
        let proposals = proposals.iter().cloned().map(Statement::PrePrepare);
        for statement in certified.chain(proposals) {
            if self.in_window(statement.sequence()) {
                self.log.keep_statement(statement);
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

/// The proposals and PREPAREs in the certificates of a VIEW-CHANGE.
fn certified(view_change: &ViewChange) -> impl Iterator<Item = Statement> + '_ {
    view_change.prepared.iter().flat_map(|certificate| {
        let proposal = Statement::PrePrepare(certificate.pre_prepare.clone());
        let prepares = certificate.prepares.iter().cloned();
        std::iter::once(proposal).chain(prepares.map(Statement::Prepare))
    })
}

/// The proof against the sender of a VIEW-CHANGE and a COMMIT that contradict each other.
pub(super) fn against_commit(
    view_change: &Signed<ViewChange>,
    commit: &Signed<Commit>,
) -> Option<Evidence> {
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
