//! Committed: a slot that this replica missed, with its proof (rule 17).

use super::Replica;
use super::testimony::Statement;
use crate::certificate::check_commits;
use crate::id::ReplicaId;
use crate::message::Committed;
use crate::misbehaviour::Misbehaviour;
use crate::mutant::Mutant;

impl Replica {
    pub(super) fn on_committed(&mut self, from: ReplicaId, committed: Committed) {
        let Committed { proof, batch } = committed;
        let commit = match check_commits(&self.config, &proof) {
            Ok(commit) => commit,
            Err(why) => return self.reject(Misbehaviour::InvalidCommitProof { signer: from, why }),
        };
        if let Err(large) = self.config.limits.check_batch(from, &batch) {
            return self.reject(large);
        }
        let (sequence, digest) = (commit.sequence, commit.digest);
        if batch.digest() != digest {
            return self.reject(Misbehaviour::BodyMismatch {
                signer: from,
                digest,
            });
        }
        let known = self.log.slot(sequence).and_then(|slot| slot.committed);
        let ignored = known.is_some() && self.is_mutant(Mutant::CommitProofIgnored);
        if !self.in_window(sequence) || ignored {
            return;
        }
        for commit in &proof {
            self.compare_commit(commit);
            self.testify(Statement::Commit(commit.clone()));
        }
        let slot = self.log.slot_mut(sequence);
        if slot.committed.is_some_and(|known| known != digest) {
            return self.reject(Misbehaviour::OtherCommitProof {
                signer: from,
                sequence,
            });
        }
        if sequence <= self.executed {
            return;
        }
        slot.committed = Some(digest);
        slot.proof = proof;
        slot.learned.clear();
        self.log.keep_body(digest, batch);
        self.helped = true;
        self.execute_next();
    }
}
