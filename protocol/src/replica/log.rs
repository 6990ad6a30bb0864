//! The slots above the last stable checkpoint, and the bodies that they name.

use std::collections::{BTreeMap, BTreeSet};

use crate::certificate::PreparedCertificate;
use crate::digest::Digest;
use crate::id::{ReplicaId, Sequence, View};
use crate::message::{Batch, Commit, PrePrepare, Prepare};
use crate::signature::Signed;

use super::testimony::{Said, Statement, Testimony};

/// What this replica knows about one slot. Proposal and votes are of the current view. The prepared certificate is kept
/// from view to view until a later one replaces it (rule 10).
#[derive(Clone, Debug, Default)]
pub(super) struct Slot {
    pub(super) proposal: Option<Signed<PrePrepare>>,
    pub(super) prepares: BTreeMap<ReplicaId, Signed<Prepare>>,
    pub(super) commits: BTreeMap<ReplicaId, Signed<Commit>>,
    pub(super) prepared: Option<PreparedCertificate>,
    pub(super) committed: Option<Digest>,
    /// The quorum of COMMITs, all of one view, that commits the slot. It is kept for replicas that missed them.
    pub(super) proof: Vec<Signed<Commit>>,
    /// COMMITs of other views than the current one: the latest of each replica.
    pub(super) learned: BTreeMap<ReplicaId, Signed<Commit>>,
    /// What the replicas have signed in other views than the current one. It decides nothing; it only shows whether they
    /// contradict themselves (rule 24).
    past: BTreeMap<ReplicaId, Testimony>,
    /// The digests that this replica has agreed to in any view. A certificate may name them, so their bodies are kept
    /// (rule 3).
    pub(super) agreed: BTreeSet<Digest>,
    /// Votes whose signatures nobody has checked, at most one of a kind of each replica.
    pub(super) surplus: Vec<Statement>,
}

impl Slot {
    pub(super) fn proposed(&self) -> Option<Digest> {
        self.proposal
            .as_ref()
            .map(|proposal| proposal.value().digest)
    }

    pub(super) fn is_prepared_in(&self, view: View) -> bool {
        self.prepared
            .as_ref()
            .is_some_and(|certificate| certificate.view() == view)
    }

    /// The certificate of rule 4, if there are enough votes for it: the PRE-PREPARE and `needed` (2f) matching PREPAREs
    /// of backups. `prepares` never contains a PREPARE of the primary.
    pub(super) fn certificate(&self, needed: usize) -> Option<PreparedCertificate> {
        let pre_prepare = self.proposal.as_ref()?;
        let digest = pre_prepare.value().digest;
        let prepares = enough(self.prepares.values(), needed, |prepare| {
            prepare.digest == digest
        })?;
        Some(PreparedCertificate {
            pre_prepare: pre_prepare.clone(),
            prepares: prepares.into_iter().take(needed).collect(),
        })
    }

    /// The COMMITs that match the proposal, if there are at least `needed` (2f+1, rule 5).
    pub(super) fn commit_quorum(&self, needed: usize) -> Option<Vec<Signed<Commit>>> {
        enough(self.commits.values(), needed, |commit| {
            Some(commit.digest) == self.proposed()
        })
    }

    /// All known COMMITs of one replica for this slot, in any view.
    pub(super) fn commits_of(&self, from: ReplicaId) -> impl Iterator<Item = &Signed<Commit>> {
        let proved = self
            .proof
            .iter()
            .filter(move |commit| commit.signer() == from);
        let past = self.past.get(&from).into_iter();
        let past = past.flat_map(Testimony::commits);
        self.commits
            .get(&from)
            .into_iter()
            .chain(past)
            .chain(proved)
    }

    /// The COMMITs of other views that are equal to `like`, if there are at least `needed`.
    pub(super) fn learned_quorum(
        &self,
        needed: usize,
        like: Commit,
    ) -> Option<Vec<Signed<Commit>>> {
        enough(self.learned.values(), needed, |commit| *commit == like)
    }

    /// The digests whose bodies this slot needs.
    fn named(&self) -> impl Iterator<Item = Digest> + '_ {
        let certified = self.prepared.as_ref().map(PreparedCertificate::digest);
        [self.proposed(), self.committed, certified]
            .into_iter()
            .flatten()
            .chain(self.agreed.iter().copied())
    }
}

impl Slot {
    /// Everything that is known of one replica for this slot, in any view.
    pub(super) fn statements_of(&self, from: ReplicaId) -> impl Iterator<Item = Said<'_>> {
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
            .map(Said::PrePrepare);
        let prepares = certified
            .flat_map(|certificate| &certificate.prepares)
            .filter(move |prepare| prepare.signer() == from)
            .chain(self.prepares.get(&from))
            .map(Said::Prepare);
        let commits = self
            .proof
            .iter()
            .filter(move |commit| commit.signer() == from)
            .chain(self.commits.get(&from))
            .map(Said::Commit);
        let past = self.past.get(&from).into_iter();
        let past = past.flat_map(Testimony::statements);
        proposals.chain(prepares).chain(commits).chain(past)
    }

    /// Whether its signer has voted in this way in the current view.
    pub(super) fn has_vote(&self, vote: &Statement) -> bool {
        match vote {
            Statement::PrePrepare(_) => self.proposal.is_some(),
            Statement::Prepare(vote) => self.prepares.contains_key(&vote.signer()),
            Statement::Commit(vote) => self.commits.contains_key(&vote.signer()),
        }
    }

    /// The number of proposals and votes of other views.
    fn statements(&self) -> usize {
        self.past.values().map(Testimony::len).sum()
    }

    fn keep_statement(&mut self, statement: Statement) {
        let known = self
            .statements_of(statement.signer())
            .any(|known| known.is_like(statement.said()) && known.view() == statement.view());
        if !known {
            let testimony = self.past.entry(statement.signer()).or_default();
            testimony.keep(statement);
        }
    }

    /// Replaces the prepared certificate. The earlier one decides nothing any more, and what it holds is kept to compare.
    fn keep_certificate(&mut self, certificate: PreparedCertificate) {
        let Some(earlier) = self.prepared.replace(certificate) else {
            return;
        };
        self.keep_statement(Statement::PrePrepare(earlier.pre_prepare));
        for prepare in earlier.prepares {
            self.keep_statement(Statement::Prepare(prepare));
        }
    }

    /// Moves the proposal and the votes of the view that ends to what is known of the past.
    fn remember_view(&mut self) {
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

/// The votes that match, if there are at least `needed`. Most calls come before there are, and copy nothing.
fn enough<'a, T: Clone + 'a>(
    votes: impl ExactSizeIterator<Item = &'a Signed<T>> + Clone,
    needed: usize,
    matches: impl Fn(&T) -> bool,
) -> Option<Vec<Signed<T>>> {
    if votes.len() < needed {
        return None;
    }
    let matching = votes.filter(|vote| matches(vote.value()));
    (matching.clone().count() >= needed).then(|| matching.cloned().collect())
}

#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    slots: BTreeMap<Sequence, Slot>,
    bodies: BTreeMap<Digest, Batch>,
    /// The bytes of all bodies.
    body_bytes: usize,
    /// The number of proposals and votes of other views.
    statements: usize,
}

impl Log {
    pub(super) fn slot(&self, sequence: Sequence) -> Option<&Slot> {
        self.slots.get(&sequence)
    }

    pub(super) fn slot_mut(&mut self, sequence: Sequence) -> &mut Slot {
        self.slots.entry(sequence).or_default()
    }

    /// The lowest slot.
    pub(super) fn first(&self) -> Option<Sequence> {
        self.slots.first_key_value().map(|(sequence, _)| *sequence)
    }

    /// The highest slot.
    pub(super) fn last(&self) -> Option<Sequence> {
        self.slots.last_key_value().map(|(sequence, _)| *sequence)
    }

    pub(super) fn after(&self, sequence: Sequence) -> impl Iterator<Item = (Sequence, &Slot)> {
        self.slots
            .range(sequence.next()..)
            .map(|(n, slot)| (*n, slot))
    }

    pub(super) fn slots_mut_after(
        &mut self,
        sequence: Sequence,
    ) -> impl Iterator<Item = &mut Slot> {
        self.slots
            .range_mut(sequence.next()..)
            .map(|(_, slot)| slot)
    }

    /// The slots whose proposal has this digest.
    pub(super) fn proposed_at(&self, digest: Digest) -> Vec<Sequence> {
        self.slots
            .iter()
            .filter(|(_, slot)| slot.proposed() == Some(digest))
            .map(|(n, _)| *n)
            .collect()
    }

    pub(super) fn body(&self, digest: Digest) -> Option<&Batch> {
        self.bodies.get(&digest)
    }

    /// The numbers of slots and bodies.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.slots.len(), self.bodies.len())
    }

    /// The bytes of all bodies.
    pub(super) const fn body_bytes(&self) -> usize {
        self.body_bytes
    }

    /// The number of proposals and votes of other views, and of unchecked votes.
    pub(super) fn statements(&self) -> usize {
        let surplus = self.slots.values().map(|slot| slot.surplus.len());
        self.statements + surplus.sum::<usize>()
    }

    /// Keeps a statement of another view than the current one.
    pub(super) fn keep_statement(&mut self, statement: Statement) {
        self.change(statement.sequence(), |slot| slot.keep_statement(statement));
    }

    /// Replaces the prepared certificate of its slot.
    pub(super) fn keep_certificate(&mut self, certificate: PreparedCertificate) {
        self.change(certificate.sequence(), |slot| {
            slot.keep_certificate(certificate);
        });
    }

    /// Changes what a slot keeps of other views.
    fn change(&mut self, sequence: Sequence, change: impl FnOnce(&mut Slot)) {
        let slot = self.slots.entry(sequence).or_default();
        let before = slot.statements();
        change(slot);
        let after = slot.statements();
        self.statements = self.statements + after - before;
    }

    fn count_statements(&mut self) {
        self.statements = self.slots.values().map(Slot::statements).sum();
    }

    pub(super) fn keep_body(&mut self, digest: Digest, batch: Batch) {
        self.body_bytes += batch.weight();
        let before = self.bodies.insert(digest, batch);
        self.body_bytes -= before.map_or(0, |before| before.weight());
    }

    /// The digests that are proposed or committed but whose body is missing (rule 3).
    pub(super) fn missing_bodies(&self) -> BTreeSet<Digest> {
        let named = self
            .slots
            .values()
            .flat_map(|slot| [slot.proposed(), slot.committed])
            .flatten();
        named
            .filter(|digest| !self.bodies.contains_key(digest))
            .collect()
    }

    /// P of a VIEW-CHANGE (rule 10).
    pub(super) fn prepared(&self) -> Vec<PreparedCertificate> {
        self.slots
            .values()
            .filter_map(|slot| slot.prepared.clone())
            .collect()
    }

    /// The proposals and votes of the view that ends count no more. Only a mutant removes the certificates too.
    pub(super) fn leave_view(&mut self, keeps_certificates: bool) {
        for slot in self.slots.values_mut() {
            slot.remember_view();
            slot.prepared.take_if(|_| !keeps_certificates);
        }
        self.count_statements();
    }

    /// Drops everything at or below a stable checkpoint (rule 8).
    pub(super) fn drop_through(&mut self, stable: Sequence) {
        self.slots = self.slots.split_off(&stable.next());
        self.count_statements();
        self.drop_unnamed_bodies();
    }

    /// Drops the bodies that no slot names any more.
    pub(super) fn drop_unnamed_bodies(&mut self) {
        let named: BTreeSet<Digest> = self.slots.values().flat_map(Slot::named).collect();
        self.bodies.retain(|digest, _| named.contains(digest));
        self.body_bytes = self.bodies.values().map(Batch::weight).sum();
    }
}
