//! COMMIT: a replica has prepared a slot and agrees to execute it (C4.2, rule 5).

use super::Replica;
use super::on_pre_prepare::Timeliness;
use super::testimony::{Said, Statement};
use crate::id::Sequence;
use crate::message::{Commit, VerifiedMessage};
use crate::misbehaviour::Misbehaviour;
use crate::mutant::Mutant;
use crate::signature::{Signed, Verified};

impl Replica {
    pub(super) fn on_commit(&mut self, commit: Verified<Commit>) {
        let Commit {
            view,
            sequence,
            digest,
        } = *commit.value();
        let signer = commit.signer();
        self.compare_commit(commit.signed());
        match self.timeliness(view) {
            Timeliness::Late => return self.learn(commit.into_signed()),
            Timeliness::Early => {
                self.learn(commit.signed().clone());
                if self.is_ahead(sequence) && !self.disregards(signer) {
                    let bytes = commit.weight();
                    let message = VerifiedMessage::Commit(commit);
                    self.early.keep(view, message, bytes);
                }
                return;
            }
            Timeliness::Current => {}
        }
        if !self.in_window(sequence) {
            return;
        }
        self.compare(Said::Commit(commit.signed()));
        let is_disregarded = self.disregards(signer);
        let slot = self.log.slot_mut(sequence);
        if let Some(earlier) = slot.commits.get(&signer) {
            if earlier.value().digest != digest {
                self.reject(Misbehaviour::ConflictingVotes {
                    signer,
                    view,
                    sequence,
                });
            }
            return;
        }
        if is_disregarded {
            return;
        }
        slot.commits.insert(signer, commit.into_signed());
        self.check_committed(sequence);
    }

    fn commits_needed(&self) -> usize {
        let fewer = usize::from(self.is_mutant(Mutant::CommitsTooFew));
        self.config.quorum.size() - fewer
    }

    /// committed-local: prepared in this view, and a quorum of COMMITs.
    pub(super) fn check_committed(&mut self, sequence: Sequence) {
        let (view, needed) = (self.view, self.commits_needed());
        let slot = self.log.slot_mut(sequence);
        if slot.committed.is_some() || !slot.is_prepared_in(view) {
            return;
        }
        if let Some(proof) = slot.commit_quorum(needed) {
            slot.committed = slot.proposed();
            slot.proof = proof;
            self.execute_next();
        }
    }

    /// A quorum of COMMITs of one view proves that a slot is committed, also to a replica in another view or between
    /// views. That replica executes the slot without voting. Otherwise a replica that left a healthy view alone would
    /// stay behind until all others left it too. This rule is ours; the paper does not have it.
    fn learn(&mut self, commit: Signed<Commit>) {
        let (needed, like) = (self.commits_needed(), *commit.value());
        if !self.in_window(like.sequence) {
            return;
        }
        self.testify(Statement::Commit(commit.clone()));
        if self.disregards(commit.signer()) {
            return;
        }
        let slot = self.log.slot_mut(like.sequence);
        let newer = |known: &Signed<Commit>| like.view >= known.value().view;
        if slot.committed.is_some() || !slot.learned.get(&commit.signer()).is_none_or(newer) {
            return;
        }
        slot.learned.insert(commit.signer(), commit);
        if let Some(proof) = slot.learned_quorum(needed, like) {
            slot.committed = Some(like.digest);
            slot.proof = proof;
            slot.learned.clear();
            self.execute_next();
        }
    }
}
