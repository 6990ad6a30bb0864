//! CHECKPOINT: what is stable at a quorum is dropped from the log (C4.3, rules 8 and 9).

use std::collections::BTreeMap;

use super::Replica;
use crate::digest::Digest;
use crate::id::{ReplicaId, Sequence};
use crate::message::{Checkpoint, Message};
use crate::signature::Signed;

/// The last stable checkpoint with its proof, and the votes for later ones.
#[derive(Debug, Default)]
pub(super) struct Checkpoints {
    stable: Sequence,
    proof: Vec<Signed<Checkpoint>>,
    votes: BTreeMap<Sequence, BTreeMap<ReplicaId, Signed<Checkpoint>>>,
}

impl Checkpoints {
    pub(super) const fn stable(&self) -> Sequence {
        self.stable
    }

    pub(super) fn proof(&self) -> Vec<Signed<Checkpoint>> {
        self.proof.clone()
    }

    /// How many votes for later checkpoints are kept.
    pub(super) fn votes(&self) -> usize {
        self.votes.values().map(BTreeMap::len).sum()
    }
}

impl Replica {
    pub(super) fn on_checkpoint_taken(&mut self, sequence: Sequence, state: Digest) {
        let digest = Digest::of(&[
            b"checkpoint",
            &state.0,
            &self.requests.reply_table_digest().0,
        ]);
        self.broadcast(Message::Checkpoint(Checkpoint { sequence, digest }));
    }

    pub(super) fn on_checkpoint(&mut self, checkpoint: Signed<Checkpoint>) {
        let sequence = checkpoint.value().sequence;
        let furthest = self.config.high_watermark(self.high_watermark());
        let expected = sequence > self.low_watermark()
            && sequence <= furthest
            && sequence.0.is_multiple_of(self.config.checkpoint_interval);
        if !expected {
            return;
        }
        let votes = self.checkpoints.votes.entry(sequence).or_default();
        votes.entry(checkpoint.signer()).or_insert(checkpoint);
        self.check_stable(sequence);
    }

    /// A checkpoint is stable here when a quorum, this replica included, has the same digest. A replica that is behind
    /// keeps its slots until it has executed them (rule 9).
    fn check_stable(&mut self, sequence: Sequence) {
        let Some(votes) = self.checkpoints.votes.get(&sequence) else {
            return;
        };
        let Some(own) = votes.get(&self.own()) else {
            return;
        };
        // One's own vote may come back from an earlier life, or from somebody who has stolen the key.
        if sequence > self.executed {
            return;
        }
        let proof: Vec<_> = votes
            .values()
            .filter(|vote| vote.value() == own.value())
            .cloned()
            .collect();
        if proof.len() < self.config.quorum.size() {
            return;
        }
        self.checkpoints.stable = sequence;
        self.checkpoints.proof = proof;
        self.checkpoints.votes = self.checkpoints.votes.split_off(&sequence.next());
        self.log.drop_through(sequence);
        self.propose();
    }
}
