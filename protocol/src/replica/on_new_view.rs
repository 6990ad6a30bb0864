//! NEW-VIEW: the primary of another view starts it (C4.4, rules 12 and 13).

use super::Replica;
use crate::effect::Effect;
use crate::evidence::Evidence;
use crate::message::{Batch, NewView, PrePrepare, SignedMessage};
use crate::misbehaviour::{Misbehaviour, NewViewFlaw};
use crate::mutant::Mutant;
use crate::new_view;
use crate::record::Record;
use crate::signature::{Signed, Verified};

impl Replica {
    pub(super) fn on_new_view(
        &mut self,
        new_view: &Verified<NewView>,
        pre_prepares: Vec<Verified<PrePrepare>>,
    ) {
        let (signer, view) = (new_view.signer(), new_view.value().view);
        if signer != view.primary(self.config.quorum) {
            return self.reject(Misbehaviour::NotPrimary { signer, view });
        }
        let is_late = view < self.view || (view == self.view && self.active);
        if let Some(SignedMessage::NewView {
            new_view: known, ..
        }) = &self.view_changes.new_view
        {
            let evidence = Evidence::TwoNewViews(known.clone(), new_view.signed().clone());
            if evidence.holds(&self.config) {
                self.accuse(evidence);
            }
        }
        let flaw = new_view::check(&self.config, new_view).inspect_err(|_| {
            self.accuse(Evidence::WrongNewView(new_view.signed().clone()));
        });
        if flaw.is_ok() {
            let proposals = pre_prepares.iter().map(Verified::signed);
            self.compare_new_view(new_view.value(), proposals);
        }
        if is_late {
            return;
        }
        if let Err(why) = flaw.and_then(|()| check_proposals(new_view, &pre_prepares)) {
            self.reject(Misbehaviour::InvalidNewView { signer, why });
            // Wait until a quorum has left the older views. Otherwise one faulty primary could make this replica ask
            // alone for a view two above the others' (rule 15).
            if view == self.view && self.view_changes.quorum_seen {
                self.start_view_change(view.next());
            }
            return;
        }
        // What stands in it may have proved its sender faulty, or the primary of the view that this replica then left.
        if view < self.view || self.disregards(signer) {
            return;
        }
        self.enter_view(new_view, pre_prepares);
    }

    fn enter_view(
        &mut self,
        new_view: &Verified<NewView>,
        pre_prepares: Vec<Verified<PrePrepare>>,
    ) {
        self.view = new_view.value().view;
        self.active = self.is_mutant(Mutant::ProposesTooSoon);
        self.stop_progress_timer();
        self.effects.push(Effect::ViewChanged {
            view: self.view,
            active: true,
        });
        self.forgive();
        self.requests.forget_proposed();
        let keeps = !self.is_mutant(Mutant::DropsOldCertificates);
        self.log.leave_view(keeps);
        let pre_prepares: Vec<_> = pre_prepares
            .into_iter()
            .map(Verified::into_signed)
            .collect();
        let started = SignedMessage::NewView {
            new_view: new_view.signed().clone(),
            pre_prepares: pre_prepares.clone(),
        };
        self.persist(Record::NewView(Box::new(started.clone())));
        self.view_changes.new_view = Some(started);
        self.view_changes.sent_on.clear();
        self.adopt_checkpoint(new_view);

        let low = new_view::min_sequence(&new_view.value().view_changes);
        // This replica's own checkpoint may be above all of them.
        self.last_proposed = pre_prepares
            .last()
            .map_or(low, |last| last.value().sequence)
            .max(self.low_watermark());
        self.progress.settled = self.last_proposed;
        // Not earlier: `adopt_checkpoint` can make a checkpoint stable, which lets a primary propose, and it would
        // reuse a slot.
        self.active = true;
        for pre_prepare in &pre_prepares {
            self.accept_chosen(pre_prepare);
        }
        self.log.drop_unnamed_bodies();
        let view = self.view;
        self.view_changes.end_through(view);
        self.fetch_missing();
        for message in self.early.take(view) {
            self.on_message(message);
        }
        if self.requests.waiting() == 0 {
            self.progress.attempts = 0;
        }
        self.start_progress_timer();
        self.propose();
    }

    /// Handles the checkpoint that the view starts from. A replica that has not reached it fetches the state, because
    /// the others no longer have the slots (rule 13).
    fn adopt_checkpoint(&mut self, new_view: &Signed<NewView>) {
        let view_changes = &new_view.value().view_changes;
        let low = new_view::min_sequence(view_changes);
        let proof = view_changes
            .iter()
            .find(|v| v.value().stable == low)
            .map(|v| v.value().checkpoint_proof.clone());
        for checkpoint in proof.into_iter().flatten() {
            self.on_checkpoint(checkpoint);
        }
        if low > self.executed {
            self.fetch_latest_state();
        }
    }

    /// Accepts one proposal of the NEW-VIEW, and agrees to it if its body is here. A slot that has executed goes
    /// through the phases again, but does not execute again (rule 13).
    fn accept_chosen(&mut self, pre_prepare: &Signed<PrePrepare>) {
        let PrePrepare {
            sequence, digest, ..
        } = *pre_prepare.value();
        let above = sequence > self.high_watermark() && self.is_mutant(Mutant::AgreesAboveWindow);
        if !self.in_window(sequence) && !above {
            return;
        }
        self.log.slot_mut(sequence).proposal = Some(pre_prepare.clone());
        if digest == Batch::null().digest() {
            self.log.keep_body(digest, Batch::null());
        }
        if let Some(batch) = self.log.body(digest) {
            self.requests.mark_proposed(batch);
            self.agree(sequence, digest);
        }
    }
}

/// Checks that the PRE-PREPAREs beside a NEW-VIEW are those of its O. The NEW-VIEW's signature does not cover them, so
/// somebody else may have replaced them. A mismatch therefore proves nothing against the primary.
fn check_proposals(
    new_view: &Signed<NewView>,
    pre_prepares: &[Verified<PrePrepare>],
) -> Result<(), NewViewFlaw> {
    let signed = pre_prepares.iter().map(|one| (one.signer(), *one.value()));
    if !signed.eq(new_view
        .value()
        .proposals()
        .map(|proposal| (new_view.signer(), proposal)))
    {
        return Err(NewViewFlaw::UnsignedProposals);
    }
    Ok(())
}
