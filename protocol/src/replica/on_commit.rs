//! COMMIT: a replica agrees to execute (C4.2, rule 5).

use super::Replica;
use super::on_pre_prepare::Timeliness;
use crate::evidence::Evidence;
use crate::id::Sequence;
use crate::message::{Commit, VerifiedMessage};
use crate::misbehaviour::Misbehaviour;
use crate::signature::Verified;

impl Replica {
    pub(super) fn on_commit(&mut self, commit: Verified<Commit>) {
        let Commit {
            view,
            sequence,
            digest,
        } = *commit.value();
        let signer = commit.signer();
        match self.timeliness(view) {
            Timeliness::Late => return,
            Timeliness::Early => return self.early.keep(view, VerifiedMessage::Commit(commit)),
            Timeliness::Current => {}
        }
        if !self.in_window(sequence) {
            return;
        }
        let slot = self.log.slot_mut(sequence);
        if let Some(earlier) = slot.commits.get(&signer) {
            if earlier.value().digest != digest {
                let evidence = Evidence::TwoCommits(earlier.clone(), commit.into_signed());
                self.accuse(evidence);
                self.reject(Misbehaviour::ConflictingVotes {
                    signer,
                    view,
                    sequence,
                });
            }
            return;
        }
        slot.commits.insert(signer, commit.into_signed());
        self.check_committed(sequence);
    }

    /// committed-local = prepared in this view, and a quorum of COMMITs.
    pub(super) fn check_committed(&mut self, sequence: Sequence) {
        let (view, quorum) = (self.view, self.config.quorum);
        let slot = self.log.slot_mut(sequence);
        if slot.committed.is_none() && slot.is_prepared_in(view) && slot.has_commit_quorum(quorum) {
            slot.committed = slot.proposed();
            self.execute_next();
        }
    }
}
