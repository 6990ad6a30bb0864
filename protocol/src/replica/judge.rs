//! Cheap checks before signatures are checked (rule 28).

use super::on_pre_prepare::Timeliness;
use super::{Replica, view_changes};
use crate::certificate::{check_checkpoint, check_commits, check_view_change};
use crate::digest::Digest;
use crate::id::{ReplicaId, Sequence};
use crate::message::{
    Checkpoint, Committed, NewView, PrePrepare, Prepare, Proof, Proved, SignedMessage, Stable,
    ViewChange,
};
use crate::misbehaviour::{Misbehaviour, NewViewFlaw, PreparedFlaw};
use crate::mutant::Mutant;
use crate::signature::Signed;

impl Replica {
    /// Whether a message is worth the cost of checking its signatures: first its shape (whose it is, how long, how many
    /// distinct signers), then its relevance (whether this replica could use it now). The verdict proves nothing against
    /// anybody, because no signature was checked.
    ///
    /// # Errors
    /// [`Misbehaviour::NotNeeded`] if this replica has no use for the message now. That happens to correct senders too.
    /// Every other error means that no correct replica has made the message.
    pub fn judge(&self, message: &SignedMessage) -> Result<(), Misbehaviour> {
        if self.is_mutant(Mutant::JudgesNothing) {
            return Ok(());
        }
        self.check_shape(message)?;
        if !self.needs(message) {
            let signer = message.signer();
            return Err(Misbehaviour::NotNeeded { signer });
        }
        match message {
            SignedMessage::Proof(proof) => self.check_proof(proof),
            _ => Ok(()),
        }
    }

    fn check_shape(&self, message: &SignedMessage) -> Result<(), Misbehaviour> {
        let limits = &self.config.limits;
        let signer = message.signer();
        match message {
            SignedMessage::Request(m) => limits.check_request(m),
            SignedMessage::PrePrepare { pre_prepare, batch } => {
                self.check_primary(pre_prepare)?;
                limits.check_batch(signer, batch)
            }
            SignedMessage::ViewChange(m) => {
                let flaw = Misbehaviour::InvalidPrepared {
                    signer,
                    why: PreparedFlaw::TooManyPrepares,
                };
                self.has_shape(m).then_some(()).ok_or(flaw)
            }
            SignedMessage::NewView {
                new_view,
                pre_prepares,
            } => self.check_new_view_shape(new_view, pre_prepares),
            SignedMessage::Body(m) => limits.check_batch(signer, &m.value().batch),
            SignedMessage::Committed(m) => {
                let Committed { proof, batch } = m.value();
                check_commits(&self.config, proof)
                    .map_err(|why| Misbehaviour::InvalidCommitProof { signer, why })?;
                limits.check_batch(signer, batch)
            }
            SignedMessage::Stable(m) => {
                let Stable { proof, .. } = m.value();
                let stable = proof.first().map(|first| first.value().sequence);
                check_checkpoint(&self.config, stable.unwrap_or_default(), proof)
                    .map_err(|why| Misbehaviour::InvalidCheckpointProof { signer, why })
            }
            SignedMessage::Standing(m) => self.check_proved(signer, &m.value().proved),
            SignedMessage::State(m) => limits.check_piece(signer, &m.value().piece),
            SignedMessage::Query(m) => limits.check_query(m),
            SignedMessage::Answer(m) => limits.check_results(signer, [&m.value().result]),
            SignedMessage::Replies(m) => {
                let replies = m.value().replies.iter();
                limits.check_results(signer, replies.filter_map(|reply| reply.result.as_ref()))
            }
            // These are votes and questions: as long as their numbers and digests.
            SignedMessage::Prepare(_)
            | SignedMessage::Commit(_)
            | SignedMessage::Checkpoint(_)
            | SignedMessage::Fetch(_)
            | SignedMessage::FetchState(_)
            // What a proof holds is looked at once it is known to be the first of its kind.
            | SignedMessage::Proof(_) => Ok(()),
        }
    }

    /// What a proof shows does not depend on who sends it, so nothing but its content is checked before its signatures.
    fn check_proof(&self, proof: &Signed<Proof>) -> Result<(), Misbehaviour> {
        let evidence = &proof.value().evidence;
        if evidence.holds(&self.config) {
            return Ok(());
        }
        Err(Misbehaviour::FalseProof {
            signer: proof.signer(),
            accused: evidence.accused(),
        })
    }

    /// Nobody is proved faulty who is not one of the n replicas.
    fn check_proved(&self, signer: ReplicaId, proved: &Proved) -> Result<(), Misbehaviour> {
        if proved.accused().all(|one| one.0 < self.config.quorum.n()) {
            return Ok(());
        }
        Err(Misbehaviour::StrangerProved { signer })
    }

    fn has_shape(&self, view_change: &Signed<ViewChange>) -> bool {
        view_changes::has_shape(&self.config, view_change.value())
    }

    fn check_primary(&self, pre_prepare: &Signed<PrePrepare>) -> Result<(), Misbehaviour> {
        let (signer, view) = (pre_prepare.signer(), pre_prepare.value().view);
        if signer == view.primary(self.config.quorum) {
            return Ok(());
        }
        Err(Misbehaviour::NotPrimary { signer, view })
    }

    /// A NEW-VIEW whose content is wrong proves its primary faulty (E5), so only its sizes count here.
    fn check_new_view_shape(
        &self,
        new_view: &Signed<NewView>,
        pre_prepares: &[Signed<PrePrepare>],
    ) -> Result<(), Misbehaviour> {
        let signer = new_view.signer();
        let NewView {
            view,
            view_changes,
            chosen,
        } = new_view.value();
        let window = self.config.window;
        if view_changes.len() > self.config.quorum.n() as usize
            || chosen.len() as u64 > window
            || pre_prepares.len() as u64 > window
            || !view_changes.iter().all(|one| self.has_shape(one))
        {
            let why = NewViewFlaw::InvalidViewChange;
            return Err(Misbehaviour::InvalidNewView { signer, why });
        }
        if signer != view.primary(self.config.quorum) {
            let view = *view;
            return Err(Misbehaviour::NotPrimary { signer, view });
        }
        Ok(())
    }

    fn needs(&self, message: &SignedMessage) -> bool {
        match message {
            // They decide by whose they are, and that one is proved faulty (rule 30).
            SignedMessage::PrePrepare { .. }
            | SignedMessage::Prepare(_)
            | SignedMessage::Commit(_)
            | SignedMessage::Checkpoint(_)
            | SignedMessage::ViewChange(_)
            | SignedMessage::NewView { .. }
                if self.disregards(message.signer()) =>
            {
                false
            }
            SignedMessage::PrePrepare { pre_prepare, .. } => self.needs_proposal(pre_prepare),
            SignedMessage::Prepare(m) => self.needs_prepare(m),
            SignedMessage::Checkpoint(m) => self.needs_checkpoint(m),
            SignedMessage::ViewChange(m) => self.needs_view_change(m),
            SignedMessage::NewView { new_view, .. } => self.needs_new_view(new_view),
            SignedMessage::Request(m) => {
                self.requests.takes(m, &self.config.limits)
                    || self.is_mutant(Mutant::WaitingUnbounded)
            }
            SignedMessage::Fetch(m) => {
                self.log.body(m.value().digest).is_some() && self.may_ask(m.signer())
            }
            SignedMessage::Query(_) | SignedMessage::FetchState(_) => {
                self.may_ask(message.signer())
            }
            SignedMessage::Body(m) => {
                let missing = self.log.missing_bodies();
                !missing.is_empty() && missing.contains(&m.value().batch.digest())
            }
            SignedMessage::State(m) => self.needs_state(m.signer(), m.value().sequence),
            SignedMessage::Committed(m) => self.needs_committed(m.value()),
            SignedMessage::Stable(m) => self.needs_stable(m.value()),
            SignedMessage::Proof(m) => self.dossier.lacks(&m.value().evidence),
            // Each of these costs one signature check, or is evidence against its signer.
            SignedMessage::Commit(_)
            | SignedMessage::Standing(_)
            | SignedMessage::Replies(_)
            | SignedMessage::Answer(_) => true,
        }
    }

    /// A proposal that came before is needed for its body only. Another one for the same slot is evidence.
    fn needs_proposal(&self, pre_prepare: &Signed<PrePrepare>) -> bool {
        let PrePrepare {
            view,
            sequence,
            digest,
        } = *pre_prepare.value();
        match self.timeliness(view) {
            Timeliness::Early => self.is_ahead(sequence),
            Timeliness::Late => self.in_window(sequence),
            Timeliness::Current => self.in_window(sequence) && !self.has_proposal(sequence, digest),
        }
    }

    fn has_proposal(&self, sequence: Sequence, digest: Digest) -> bool {
        let slot = self.log.slot(sequence);
        slot.is_some_and(|slot| slot.proposed() == Some(digest)) && self.log.body(digest).is_some()
    }

    fn needs_prepare(&self, prepare: &Signed<Prepare>) -> bool {
        let Prepare { view, sequence, .. } = *prepare.value();
        let of_primary = prepare.signer() == view.primary(self.config.quorum);
        of_primary || self.is_ahead(sequence)
    }

    fn needs_checkpoint(&self, checkpoint: &Signed<Checkpoint>) -> bool {
        let sequence = checkpoint.value().sequence;
        let signer = checkpoint.signer();
        self.expects_checkpoint(sequence) && !self.checkpoints.has_vote(sequence, signer)
    }

    /// A VIEW-CHANGE that is kept here decides nothing more. It is then a question for the NEW-VIEW. One of wrong content
    /// can only contradict another one of its sender.
    fn needs_view_change(&self, view_change: &Signed<ViewChange>) -> bool {
        let (from, wanted) = (view_change.signer(), view_change.value().view);
        let late = wanted < self.view || wanted == self.view && self.active;
        if self.view_changes_of(from).any(|known| known == view_change) {
            return late && self.active && self.may_resend_new_view(from);
        }
        let same_view = |known: &Signed<ViewChange>| known.value().view == wanted;
        check_view_change(&self.config, view_change).is_ok()
            || self.view_changes_of(from).any(same_view)
    }

    /// One of the current view, or of the view before, can contradict the one that is known here.
    fn needs_new_view(&self, new_view: &Signed<NewView>) -> bool {
        let view = new_view.value().view;
        if let Some(SignedMessage::NewView {
            new_view: known, ..
        }) = &self.view_changes.new_view
            && known == new_view
        {
            return false;
        }
        view.next() >= self.view
    }

    fn needs_state(&self, from: ReplicaId, sequence: Sequence) -> bool {
        let fetching = self.transfer.under_way.as_ref();
        fetching.is_some_and(|fetching| {
            fetching.target.sequence == sequence || fetching.is_owed_by(from)
        })
    }

    fn needs_committed(&self, committed: &Committed) -> bool {
        let Some(commit) = committed.proof.first().map(|first| *first.value()) else {
            return false;
        };
        let known = self
            .log
            .slot(commit.sequence)
            .and_then(|slot| slot.committed);
        let has_it = known == Some(commit.digest) && self.log.body(commit.digest).is_some();
        self.in_window(commit.sequence) && !has_it
    }

    fn needs_stable(&self, stable: &Stable) -> bool {
        let first = stable.proof.first();
        let later = first.is_some_and(|first| first.value().sequence > self.low_watermark());
        later || stable.recall.is_some() && self.rejoins()
    }
}
