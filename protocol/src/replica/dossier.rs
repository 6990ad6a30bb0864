//! The proofs that a replica keeps: one of each kind against each replica, for good (rule 24).

use std::collections::BTreeMap;
use std::fmt;

use super::Replica;
use crate::effect::Effect;
use crate::evidence::{Evidence, Kind};
use crate::id::ReplicaId;
use crate::message::{Message, Proof, Proved};
use crate::mutant::Mutant;
use crate::record::Record;

/// The first proof of each kind against each replica. So there are at most as many as kinds and replicas.
#[derive(Clone, Default)]
pub(super) struct Dossier(BTreeMap<(ReplicaId, Kind), Evidence>);

/// Which proofs these are, not how they read: one of a kind does as much as another.
impl fmt::Debug for Dossier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

impl Dossier {
    pub(super) fn all(&self) -> impl Iterator<Item = &Evidence> {
        self.0.values()
    }

    pub(super) fn lacks(&self, evidence: &Evidence) -> bool {
        !self.0.contains_key(&(evidence.accused(), evidence.kind()))
    }

    pub(super) fn keep(&mut self, evidence: Evidence) {
        self.0
            .entry((evidence.accused(), evidence.kind()))
            .or_insert(evidence);
    }

    pub(super) fn bytes(&self) -> usize {
        self.all().map(Evidence::weight).sum()
    }

    /// Which proofs these are.
    pub(super) fn proved(&self) -> Proved {
        self.0.keys().copied().collect()
    }

    /// The first proof that somebody with these lacks.
    fn lacking(&self, proved: &Proved) -> Option<&Evidence> {
        self.all()
            .find(|one| !proved.has(one.accused(), one.kind()))
    }
}

impl Replica {
    /// The proofs against other replicas that it keeps: the first of each kind against each.
    pub fn proofs(&self) -> impl Iterator<Item = &Evidence> {
        self.dossier.all()
    }

    /// This replica has seen a lie. If it is the first of its kind against its signer, keeps the proof and shows it to the others.
    pub(super) fn accuse(&mut self, evidence: Evidence) {
        if self.dossier.lacks(&evidence) {
            self.convict(evidence.clone());
            if self.fits(&evidence) && !self.is_mutant(Mutant::ProofKeptBack) {
                self.broadcast(Message::Proof(Proof { evidence }));
            }
        }
    }

    /// Keeps a proof whose signatures were checked, and which holds.
    pub(super) fn convict(&mut self, evidence: Evidence) {
        if !self.dossier.lacks(&evidence) {
            return;
        }
        if !self.is_mutant(Mutant::ProofNotOnDisk) {
            self.persist(Record::Proof(Box::new(evidence.clone())));
        }
        self.dossier.keep(evidence.clone());
        self.effects.push(Effect::Accuse(Box::new(evidence)));
    }

    /// Sends a peer a proof that it lacks, if its allowance has room for it. The next one follows its next standing.
    pub(super) fn send_lacking_proof(&mut self, to: ReplicaId, proved: &Proved) {
        let lacking = self.dossier.lacking(proved).cloned();
        let lacking = lacking.filter(|_| !self.is_mutant(Mutant::ProofKeptBack));
        if let Some(evidence) = lacking
            && self.fits(&evidence)
            && self.may_send(to, evidence.weight())
        {
            let message = Message::Proof(Proof { evidence });
            self.effects.push(Effect::Send { to, message });
        }
    }

    /// Whether a message has room for a proof. Two large NEW-VIEWs may have none: then only those know the lie who have seen it.
    fn fits(&self, evidence: &Evidence) -> bool {
        const AROUND: usize = 4096;
        evidence.weight() + AROUND <= self.config.limits.message
    }
}
