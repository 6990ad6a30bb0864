//! CHECKPOINT: when a quorum has the same state, the slots up to it leave the log (C4.3, rules 8 and 9).

use std::collections::BTreeMap;

use super::Replica;
use super::transfer::Target;
use crate::digest::Digest;
use crate::effect::Effect;
use crate::id::{ReplicaId, Sequence};
use crate::message::{Checkpoint, Message};
use crate::mutant::Mutant;
use crate::part::Part;
use crate::record::Record;
use crate::signature::Signed;
use crate::snapshot::Snapshot;

/// The last stable checkpoint with its proof, the votes for later ones, and this replica's states at them.
#[derive(Clone, Debug, Default)]
pub(super) struct Checkpoints {
    stable: Sequence,
    proof: Vec<Signed<Checkpoint>>,
    votes: BTreeMap<Sequence, BTreeMap<ReplicaId, Signed<Checkpoint>>>,
    /// This replica's own states from the stable checkpoint on. Replicas that are behind fetch them.
    snapshots: BTreeMap<Sequence, Snapshot>,
}

impl Checkpoints {
    pub(super) const fn stable(&self) -> Sequence {
        self.stable
    }

    pub(super) fn proof(&self) -> Vec<Signed<Checkpoint>> {
        self.proof.clone()
    }

    /// Whether a replica has voted for a later checkpoint.
    pub(super) fn has_vote(&self, sequence: Sequence, from: ReplicaId) -> bool {
        self.votes
            .get(&sequence)
            .is_some_and(|votes| votes.contains_key(&from))
    }

    /// The number of kept votes for later checkpoints.
    pub(super) fn votes(&self) -> usize {
        self.votes.values().map(BTreeMap::len).sum()
    }

    /// This replica's votes for checkpoints above one slot, up to and including another.
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

    /// The bytes of the largest kept state.
    pub(super) fn state_bytes(&self) -> usize {
        let states = self.snapshots.values().map(Snapshot::bytes);
        states.max().unwrap_or_default()
    }

    /// A part with this digest, from any kept state.
    pub(super) fn part(&self, digest: Digest) -> Option<&Part> {
        self.snapshots
            .values()
            .find_map(|snapshot| snapshot.part(digest))
    }

    /// Replaces all states by the one that was fetched. This replica's later states are dropped, since they may follow
    /// from a wrong one.
    pub(super) fn replace_snapshots(&mut self, sequence: Sequence, snapshot: Snapshot) {
        self.snapshots = BTreeMap::from([(sequence, snapshot)]);
    }
}

/// What the votes for one checkpoint show.
enum Verdict {
    /// A quorum has the digest of this replica's own state.
    Stable(Target),
    /// A quorum has another digest than this replica.
    Diverged(Target),
    /// A quorum has a state that this replica has not reached.
    Ahead(Target),
}

impl Replica {
    pub(super) fn on_checkpoint_taken(&mut self, sequence: Sequence, parts: Vec<Part>) {
        debug_assert_eq!(
            sequence, self.executed,
            "the host took a checkpoint of another state than it was asked for"
        );
        let snapshot = Snapshot::new(self.requests.replies(), parts);
        let digest = snapshot.digest();
        self.checkpoints.snapshots.insert(sequence, snapshot);
        self.broadcast(Message::Checkpoint(Checkpoint { sequence, digest }));
    }

    pub(super) fn on_checkpoint(&mut self, checkpoint: Signed<Checkpoint>) {
        let (sequence, signer) = (checkpoint.value().sequence, checkpoint.signer());
        if !self.expects_checkpoint(sequence) {
            return;
        }
        let own = self.own();
        let votes = self.checkpoints.votes.entry(sequence).or_default();
        if signer == own {
            // A later vote replaces an earlier one: the state may have been repaired in between.
            votes.insert(signer, checkpoint);
        } else {
            votes.entry(signer).or_insert(checkpoint);
        }
        self.count_votes(sequence);
    }

    /// Whether votes for a checkpoint at this slot are kept.
    pub(super) fn expects_checkpoint(&self, sequence: Sequence) -> bool {
        self.is_ahead(sequence) && sequence.0.is_multiple_of(self.config.checkpoint_interval)
    }

    /// A checkpoint is stable here when a quorum that includes this replica has the same digest. If this replica is
    /// behind, it keeps its slots until it has executed them. If its digest differs, its state must be repaired (rule
    /// 9).
    fn count_votes(&mut self, sequence: Sequence) {
        match self.verdict(sequence) {
            Some(Verdict::Stable(target)) => self.conclude(target, true),
            Some(Verdict::Diverged(target)) => self.conclude(target, false),
            Some(Verdict::Ahead(target)) => self.hear_of_state(target),
            None => {}
        }
    }

    /// Handles the proof that a checkpoint which this replica has executed is stable elsewhere. If the states agree, it
    /// is stable here too, even though this replica missed the votes. Otherwise this state must be repaired (rule 9).
    pub(super) fn compare_with_own(&mut self, target: Target) {
        let sequence = target.sequence;
        let Some(own) = self.checkpoints.snapshot(sequence) else {
            return;
        };
        if sequence <= self.low_watermark() {
            return;
        }
        let agrees = own.digest() == target.digest;
        self.conclude(target, agrees);
    }

    /// This replica has executed the checkpoint that a quorum has signed. If the states agree, the checkpoint is stable
    /// here. Otherwise this replica's state is wrong.
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
        // This replica's own vote may also come from an earlier life of it, or from a thief of its key. So it counts
        // only for slots that this replica has executed.
        let believed = sequence <= self.executed || self.is_mutant(Mutant::BelievesOwnCheckpoint);
        let own = votes.get(&self.own()).filter(|_| believed);
        Some(match own {
            Some(own) if own.value().digest == digest => Verdict::Stable(target),
            Some(_) => Verdict::Diverged(target),
            None => Verdict::Ahead(target),
        })
    }

    /// Moves the window and drops everything at or below the checkpoint (rule 8).
    pub(super) fn stabilize(&mut self, target: Target) {
        let sequence = target.sequence;
        self.checkpoints.stable = sequence;
        self.checkpoints.proof = target.proof;
        self.checkpoints.votes = self.checkpoints.votes.split_off(&sequence.next());
        self.checkpoints.snapshots = self.checkpoints.snapshots.split_off(&sequence);
        self.log.drop_through(sequence);
        self.forget_view_changes();
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
