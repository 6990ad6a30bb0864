//! CHECKPOINT: what is stable at a quorum is dropped from the log (C4.3, rules 8 and 9).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Replica;
use super::transfer::Target;
use crate::digest::Digest;
use crate::effect::Effect;
use crate::id::{ReplicaId, Sequence};
use crate::message::{Checkpoint, Message};
use crate::mutant::Mutant;
use crate::record::Record;
use crate::signature::Signed;
use crate::snapshot::Snapshot;

/// The last stable checkpoint with its proof, the votes for later ones, and the states behind them.
#[derive(Clone, Debug, Default)]
pub(super) struct Checkpoints {
    stable: Sequence,
    proof: Vec<Signed<Checkpoint>>,
    votes: BTreeMap<Sequence, BTreeMap<ReplicaId, Signed<Checkpoint>>>,
    /// This replica's own states, from the stable checkpoint on, for those that are behind.
    snapshots: BTreeMap<Sequence, Snapshot>,
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

    /// What a replica has said of its own states above one slot, through another.
    pub(super) fn own_votes(
        &self,
        own: ReplicaId,
        above: Sequence,
        through: Sequence,
    ) -> Vec<Signed<Checkpoint>> {
        self.votes
            .range(above.next()..)
            .take_while(|(sequence, _)| **sequence <= through)
            .filter_map(|(_, votes)| votes.get(&own).cloned())
            .collect()
    }

    pub(super) fn snapshot(&self, sequence: Sequence) -> Option<&Snapshot> {
        self.snapshots.get(&sequence)
    }

    /// A part of any state that is kept.
    pub(super) fn part(&self, digest: Digest) -> Option<&Arc<[u8]>> {
        self.snapshots
            .values()
            .find_map(|snapshot| snapshot.part(digest))
    }

    /// Puts what was fetched in the place of what this replica had; its own later states came from a wrong one.
    pub(super) fn replace_snapshots(&mut self, sequence: Sequence, snapshot: Snapshot) {
        self.snapshots = BTreeMap::from([(sequence, snapshot)]);
    }
}

/// What the votes at one checkpoint say.
enum Verdict {
    /// A quorum has this replica's own digest.
    Stable(Target),
    /// A quorum has another one.
    Diverged(Target),
    /// A quorum has one, and this replica is not that far.
    Ahead(Target),
}

impl Replica {
    pub(super) fn on_checkpoint_taken(&mut self, sequence: Sequence, parts: Vec<Arc<[u8]>>) {
        debug_assert_eq!(
            sequence, self.executed,
            "a checkpoint of another state than was asked for"
        );
        let snapshot = Snapshot::new(self.requests.replies(), parts);
        let digest = snapshot.manifest().digest();
        self.checkpoints.snapshots.insert(sequence, snapshot);
        self.broadcast(Message::Checkpoint(Checkpoint { sequence, digest }));
    }

    pub(super) fn on_checkpoint(&mut self, checkpoint: Signed<Checkpoint>) {
        let (sequence, signer) = (checkpoint.value().sequence, checkpoint.signer());
        let furthest = self.config.high_watermark(self.high_watermark());
        let expected = sequence > self.low_watermark()
            && sequence <= furthest
            && sequence.0.is_multiple_of(self.config.checkpoint_interval);
        if !expected {
            return;
        }
        let own = self.own();
        let votes = self.checkpoints.votes.entry(sequence).or_default();
        if signer == own {
            // A state that was repaired is not the one that this replica voted for before.
            votes.insert(signer, checkpoint);
        } else {
            votes.entry(signer).or_insert(checkpoint);
        }
        self.judge(sequence);
    }

    /// A checkpoint is stable here when a quorum, this replica included, has the same digest. A replica that is behind
    /// keeps its slots until it has executed them, and one that differs has to be repaired (rule 9).
    fn judge(&mut self, sequence: Sequence) {
        match self.verdict(sequence) {
            Some(Verdict::Stable(target)) => self.conclude(target, true),
            Some(Verdict::Diverged(target)) => self.conclude(target, false),
            Some(Verdict::Ahead(target)) => self.hear_of_state(target),
            None => {}
        }
    }

    /// A checkpoint at or below this replica's execution is stable elsewhere: it is here too if the states agree, even
    /// though the votes for it were missed; otherwise this state has to be repaired (rule 9).
    pub(super) fn compare_with_own(&mut self, target: Target) {
        let sequence = target.sequence;
        let Some(own) = self.checkpoints.snapshot(sequence) else {
            return;
        };
        if sequence <= self.low_watermark() {
            return;
        }
        let agrees = own.manifest().digest() == target.digest;
        self.conclude(target, agrees);
    }

    /// This replica has executed through a checkpoint that a quorum vouches for: it is stable here if the states agree, and
    /// this one's is wrong if they do not.
    fn conclude(&mut self, target: Target, agrees: bool) {
        if agrees {
            self.stabilize(target);
            self.propose();
        } else if !self.transfer.repairs() {
            let sequence = target.sequence;
            self.effects.push(Effect::Diverged { sequence });
            self.fetch_state(target, true);
        }
    }

    fn verdict(&self, sequence: Sequence) -> Option<Verdict> {
        let votes = self.checkpoints.votes.get(&sequence)?;
        let agreeing = |digest: Digest| {
            votes
                .values()
                .filter(move |vote| vote.value().digest == digest)
        };
        let digest = votes
            .values()
            .map(|vote| vote.value().digest)
            .find(|digest| agreeing(*digest).count() >= self.config.quorum.size())?;
        let target = Target {
            sequence,
            digest,
            proof: agreeing(digest).cloned().collect(),
        };
        // One's own vote may come back from an earlier life, or from somebody who has stolen the key.
        let believed = sequence <= self.executed || self.is_mutant(Mutant::BelievesOwnCheckpoint);
        let own = votes.get(&self.own()).filter(|_| believed);
        Some(match own {
            Some(own) if own.value().digest == digest => Verdict::Stable(target),
            Some(_) => Verdict::Diverged(target),
            None => Verdict::Ahead(target),
        })
    }

    /// Moves the window and drops what is at or below the checkpoint (rule 8).
    pub(super) fn stabilize(&mut self, target: Target) {
        let sequence = target.sequence;
        self.checkpoints.stable = sequence;
        self.checkpoints.proof = target.proof;
        self.checkpoints.votes = self.checkpoints.votes.split_off(&sequence.next());
        self.checkpoints.snapshots = self.checkpoints.snapshots.split_off(&sequence);
        self.log.drop_through(sequence);
        self.transfer.forget_through(sequence);
        if let Some(snapshot) = self.checkpoints.snapshot(sequence) {
            let record = Record::Stable {
                proof: self.checkpoints.proof(),
                snapshot: snapshot.clone(),
            };
            self.persist(record);
        }
        self.vote_again();
    }
}
