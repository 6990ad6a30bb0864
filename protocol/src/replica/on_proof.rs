//! Proof: a peer shows that a replica is faulty (rule 24).

use super::Replica;
use crate::id::ReplicaId;
use crate::message::Proof;
use crate::misbehaviour::Misbehaviour;

impl Replica {
    pub(super) fn on_proof(&mut self, from: ReplicaId, proof: Proof) {
        let Proof { evidence } = proof;
        // Another one of its kind may have come since it was judged.
        if !self.dossier.lacks(&evidence) {
            return;
        }
        if !evidence.holds(&self.config) {
            return self.reject(Misbehaviour::FalseProof {
                signer: from,
                accused: evidence.accused(),
            });
        }
        self.convict(evidence);
    }
}
