//! The proofs that a replica keeps: one of each kind against each replica, for good (rule 24). Whoever it has proved faulty counts
//! no more, until its operator pardons it (rule 30).

use std::collections::BTreeMap;
use std::fmt;

use super::Replica;
use crate::effect::Effect;
use crate::evidence::{Evidence, Kind, Pardon};
use crate::id::ReplicaId;
use crate::message::{Message, Proof, Proved, VerifiedMessage};
use crate::mutant::Mutant;
use crate::record::Record;

/// The first proof of each kind against each replica. So there are at most as many as kinds and replicas, and as many again that
/// are pardoned.
type Proofs = BTreeMap<(ReplicaId, Kind), Evidence>;

/// The proofs, and who is convicted by them.
#[derive(Clone, Default)]
pub(super) struct Dossier {
    /// The proofs that act.
    proofs: Proofs,
    /// The proofs that acted until their replica was pardoned.
    pardoned: Proofs,
    /// The last pardon of each replica.
    pardons: BTreeMap<ReplicaId, Pardon>,
    /// For each replica, by its index, whether a proof against it acts. It follows from `proofs`, and is looked up for each vote.
    convicted: Vec<bool>,
}

/// Which proofs these are, not how they read: one of a kind does as much as another.
impl fmt::Debug for Dossier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = formatter.debug_struct("Dossier");
        all.field("proofs", &self.proofs.keys());
        all.field("pardoned", &self.pardoned.keys());
        all.field("pardons", &self.pardons).finish()
    }
}

impl Dossier {
    pub(super) fn all(&self) -> impl Iterator<Item = &Evidence> {
        self.proofs.values()
    }

    pub(super) fn lacks(&self, evidence: &Evidence) -> bool {
        !self
            .proofs
            .contains_key(&(evidence.accused(), evidence.kind()))
            && !self.forgives(evidence)
    }

    /// Whether a pardon covers a proof, or has already ended what follows from it.
    fn forgives(&self, evidence: &Evidence) -> bool {
        let key = (evidence.accused(), evidence.kind());
        let pardon = self.pardons.get(&key.0);
        pardon.is_some_and(|pardon| evidence.is_forgiven(pardon))
            || self.pardoned.get(&key) == Some(evidence)
    }

    pub(super) fn convicts(&self, replica: ReplicaId) -> bool {
        self.convicted.get(replica.0 as usize) == Some(&true)
    }

    pub(super) fn keep(&mut self, evidence: Evidence) {
        let accused = evidence.accused();
        self.proofs
            .entry((accused, evidence.kind()))
            .or_insert(evidence);
        self.note_convicted(accused);
    }

    /// The proofs against a replica act no more. They are kept, unless an earlier one of their kind is kept already.
    pub(super) fn pardon(&mut self, replica: ReplicaId, pardon: Pardon) {
        let (theirs, others): (Proofs, Proofs) = std::mem::take(&mut self.proofs)
            .into_iter()
            .partition(|((accused, _), _)| *accused == replica);
        self.proofs = others;
        for (key, evidence) in theirs {
            self.pardoned.entry(key).or_insert(evidence);
        }
        self.pardons.insert(replica, pardon);
        self.note_convicted(replica);
    }

    fn note_convicted(&mut self, replica: ReplicaId) {
        let index = replica.0 as usize;
        if self.convicted.len() <= index {
            self.convicted.resize(index + 1, false);
        }
        let convicted = self.all().any(|one| one.accused() == replica);
        if let Some(known) = self.convicted.get_mut(index) {
            *known = convicted;
        }
    }

    pub(super) fn bytes(&self) -> usize {
        let all = self.proofs.values().chain(self.pardoned.values());
        all.map(Evidence::weight).sum()
    }

    /// Which proofs act here.
    pub(super) fn proved(&self) -> Proved {
        self.proofs.keys().copied().collect()
    }

    /// The first proof that somebody with these lacks.
    fn lacking(&self, proved: &Proved) -> Option<&Evidence> {
        self.all()
            .find(|one| !proved.has(one.accused(), one.kind()))
    }

    /// The records that restore it.
    pub(super) fn records(&self) -> impl Iterator<Item = Record> {
        let proof = |one: &Evidence| Record::Proof(Box::new(one.clone()));
        let pardon = |(replica, pardon): (&ReplicaId, &Pardon)| Record::Pardon(*replica, *pardon);
        let pardoned = self.pardoned.values().map(proof);
        let pardons = self.pardons.iter().map(pardon);
        pardoned.chain(pardons).chain(self.all().map(proof))
    }
}

impl Replica {
    /// The proofs against other replicas that act here: the first of each kind against each.
    pub fn proofs(&self) -> impl Iterator<Item = &Evidence> {
        self.dossier.all()
    }

    /// The proofs that act no more, because their replicas were pardoned: the first of each kind against each.
    pub fn pardoned(&self) -> impl Iterator<Item = &Evidence> {
        self.dossier.pardoned.values()
    }

    /// Whether this replica keeps a proof against another one that acts: what decides by whose it is then counts no more (rule 30).
    /// What a replica says itself always counts at itself.
    #[must_use]
    pub fn convicts(&self, replica: ReplicaId) -> bool {
        self.dossier.convicts(replica) && replica != self.own()
    }

    /// Whether a message decides nothing because its signer is proved faulty. A signature of the same replica in a certificate of
    /// another one counts as ever.
    pub(super) fn is_disregarded(&self, message: &VerifiedMessage) -> bool {
        let decides = matches!(
            message,
            VerifiedMessage::PrePrepare { .. }
                | VerifiedMessage::Prepare(_)
                | VerifiedMessage::Commit(_)
                | VerifiedMessage::Checkpoint(_)
                | VerifiedMessage::ViewChange(_)
                | VerifiedMessage::NewView { .. }
        );
        decides && self.disregards(message.signer())
    }

    /// Whether the votes, proposals and NEW-VIEWs of a replica decide nothing here.
    pub(super) fn disregards(&self, signer: ReplicaId) -> bool {
        self.convicts(signer) && !self.is_accomplice && !self.is_mutant(Mutant::ProvedVoteCounts)
    }

    /// Makes the replica an accomplice of all liars, or correct again. An accomplice keeps proofs, but does not act on them, and shows
    /// nobody any. Otherwise two liars would stop each other, and what they do would not be the worst that they can do.
    pub const fn set_accomplice(&mut self, is_accomplice: bool) {
        self.is_accomplice = is_accomplice;
    }

    /// This replica has seen a lie. If it is the first of its kind against its signer, keeps the proof and shows it to the others.
    pub(super) fn accuse(&mut self, evidence: Evidence) {
        if self.dossier.lacks(&evidence) {
            self.file(evidence.clone());
            if self.fits(&evidence) && self.shows_proofs() {
                self.broadcast(Message::Proof(Proof { evidence }));
            }
            self.leave_proved_primary();
        }
    }

    /// Keeps a proof whose signatures were checked, and which holds.
    pub(super) fn convict(&mut self, evidence: Evidence) {
        if self.dossier.lacks(&evidence) {
            self.file(evidence);
            self.leave_proved_primary();
        }
    }

    /// Keeps a proof on disk and here, and tells the host.
    fn file(&mut self, evidence: Evidence) {
        if !self.is_mutant(Mutant::ProofNotOnDisk) {
            self.persist(Record::Proof(Box::new(evidence.clone())));
        }
        self.dossier.keep(evidence.clone());
        self.effects.push(Effect::Accuse(Box::new(evidence)));
    }

    /// Asks for the next view if the primary of this one is proved faulty: at once, but between views only after a quorum has left
    /// the older ones, as after the timer (rule 15). So a proof costs at most one view change for each view of its replica. Correct
    /// primaries would have needed no more time, so the next ones get no more.
    pub(super) fn leave_proved_primary(&mut self) {
        let may_leave = self.active || self.view_changes.quorum_seen;
        let is_proved = self.convicts(self.primary()) && !self.is_accomplice;
        if may_leave && is_proved && !self.is_mutant(Mutant::ProvedPrimaryKept) {
            let attempts = self.progress.attempts;
            self.start_view_change(self.view.next());
            self.progress.attempts = attempts;
        }
    }

    /// The operator of this process takes the proofs against a replica as settled: they act no more. It counts again from now on, until
    /// there is a proof all of whose messages are of later slots or views. The same holds where there is no proof yet: the second message
    /// of a lie may be on its way.
    pub(super) fn on_pardon(&mut self, replica: ReplicaId, signed: Pardon) {
        let asked = self.view_changes_of(replica).map(|one| one.value().view);
        let pardon = Pardon {
            view: asked.fold(self.view.max(signed.view), std::cmp::Ord::max),
            sequence: self.last_slot().max(signed.sequence),
        };
        if !self.is_mutant(Mutant::PardonNotOnDisk) {
            self.persist(Record::Pardon(replica, pardon));
        }
        self.dossier.pardon(replica, pardon);
    }

    /// Sends a peer a proof that it lacks, if its allowance has room for it. The next one follows its next standing.
    pub(super) fn send_lacking_proof(&mut self, to: ReplicaId, proved: &Proved) {
        let lacking = self.dossier.lacking(proved).cloned();
        let lacking = lacking.filter(|_| self.shows_proofs());
        if let Some(evidence) = lacking
            && self.fits(&evidence)
            && self.may_send(to, evidence.weight())
        {
            let message = Message::Proof(Proof { evidence });
            self.effects.push(Effect::Send { to, message });
        }
    }

    fn shows_proofs(&self) -> bool {
        !self.is_accomplice && !self.is_mutant(Mutant::ProofKeptBack)
    }

    /// Whether a message has room for a proof. Two large NEW-VIEWs may have none: then only those know the lie who have seen it.
    fn fits(&self, evidence: &Evidence) -> bool {
        const AROUND: usize = 4096;
        evidence.weight() + AROUND <= self.config.limits.message
    }
}
