//! Who is proved faulty, and for what: what `status` says of it.

use std::mem::{Discriminant, discriminant};

use quorate_protocol::{Evidence, ReplicaId};
use quorate_wire::method::ProofStatus;

/// The first proof of each kind against each process, so there are at most as many as kinds and processes.
#[derive(Debug, Default)]
pub(crate) struct Proofs(Vec<Proof>);

#[derive(Debug)]
struct Proof {
    accused: ReplicaId,
    kind: Discriminant<Evidence>,
    what: String,
}

impl Proofs {
    /// Keeps what a proof says. False if there is one of its kind against the same process already.
    pub(crate) fn keep(&mut self, evidence: &Evidence) -> bool {
        let (accused, kind) = (evidence.accused(), discriminant(evidence));
        let known = |proof: &Proof| (proof.accused, proof.kind) == (accused, kind);
        if self.0.iter().any(known) {
            return false;
        }
        self.0.push(Proof {
            accused,
            kind,
            what: evidence.to_string(),
        });
        true
    }

    pub(crate) fn status(&self) -> Vec<ProofStatus> {
        let proofs = self.0.iter().map(|proof| ProofStatus {
            accused: proof.accused.to_string(),
            what: proof.what.clone(),
        });
        proofs.collect()
    }
}
