//! Stable: a peer no longer has the slots that this replica lacks (rules 8 and 19).

use super::Replica;
use super::transfer::Target;
use crate::certificate::check_checkpoint;
use crate::id::{ReplicaId, Sequence};
use crate::message::{Checkpoint, Stable};
use crate::misbehaviour::{CheckpointFlaw, Misbehaviour};
use crate::signature::Signed;

impl Replica {
    pub(super) fn on_stable(&mut self, from: ReplicaId, message: Stable) {
        let Stable { proof, recall } = message;
        let stable = proof
            .first()
            .map_or(Sequence(0), |first| first.value().sequence);
        match self.adopt_proof(proof) {
            Ok(()) => self.hear_while_rejoining(from, stable, recall),
            Err(why) => self.reject(Misbehaviour::InvalidCheckpointProof { signer: from, why }),
        }
    }

    /// Accepts a proof that a checkpoint is stable. If an older state is being fetched, fetches this one instead: the
    /// others may no longer have the older one.
    pub(super) fn adopt_proof(
        &mut self,
        proof: Vec<Signed<Checkpoint>>,
    ) -> Result<(), CheckpointFlaw> {
        let Some(&Checkpoint { sequence, digest }) = proof.first().map(Signed::value) else {
            return Ok(());
        };
        check_checkpoint(&self.config, sequence, &proof)?;
        let older = |fetched: Sequence| fetched < sequence;
        let gone = self
            .transfer
            .under_way
            .as_ref()
            .is_some_and(|fetching| older(fetching.target.sequence));
        let target = Target {
            sequence,
            digest,
            proof,
        };
        if gone {
            self.fetch_state(target, false);
        } else if sequence <= self.executed {
            self.compare_with_own(target);
        } else {
            self.hear_of_state(target);
            // The sender has seen that this replica makes no progress, and it has none of the slots that this replica
            // lacks.
            self.fetch_latest_state();
        }
        Ok(())
    }
}
