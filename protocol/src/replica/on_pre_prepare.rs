//! PRE-PREPARE: the primary proposes a batch for a slot (C4.2, rules 2 and 3).

use super::Replica;
use super::testimony::{Said, Statement};
use crate::digest::Digest;
use crate::evidence::Evidence;
use crate::id::{Sequence, View};
use crate::message::{Batch, Message, PrePrepare, Prepare, SignedMessage, VerifiedMessage};
use crate::misbehaviour::Misbehaviour;
use crate::mutant::Mutant;
use crate::new_view;
use crate::record::Record;
use crate::signature::Verified;

/// How a message's view compares with this replica's.
pub(super) enum Timeliness {
    Current,
    Early,
    Late,
}

impl Replica {
    pub(super) fn timeliness(&self, view: View) -> Timeliness {
        if view == self.view && self.active {
            Timeliness::Current
        } else if view >= self.view {
            Timeliness::Early
        } else {
            Timeliness::Late
        }
    }

    pub(super) fn on_pre_prepare(&mut self, pre_prepare: Verified<PrePrepare>, batch: Batch) {
        let PrePrepare {
            view,
            sequence,
            digest,
        } = *pre_prepare.value();
        let signer = pre_prepare.signer();
        if signer != view.primary(self.config.quorum) {
            return self.reject(Misbehaviour::NotPrimary { signer, view });
        }
        match self.timeliness(view) {
            Timeliness::Late => {
                self.testify(Statement::PrePrepare(pre_prepare.into_signed()));
                return self.reject(Misbehaviour::WrongView { signer, view });
            }
            Timeliness::Early => return self.keep_early_proposal(pre_prepare, batch),
            Timeliness::Current => {}
        }
        if !self.in_window(sequence) {
            return self.reject(Misbehaviour::OutsideWindow { signer, sequence });
        }
        if self.contradicts_new_view(&pre_prepare) {
            self.testify(Statement::PrePrepare(pre_prepare.into_signed()));
            return self.reject(Misbehaviour::NotInNewView {
                signer,
                view,
                sequence,
            });
        }
        self.compare(Said::PrePrepare(pre_prepare.signed()));
        if let Err(large) = self.config.limits.check_batch(signer, &batch) {
            return self.reject(large);
        }
        if batch.digest() != digest && !self.is_mutant(Mutant::BodiesNotCompared) {
            return self.reject(Misbehaviour::BodyMismatch { signer, digest });
        }
        let earlier = self
            .log
            .slot(sequence)
            .and_then(|slot| slot.proposal.clone());
        match earlier {
            Some(earlier) if earlier.value().digest != digest => {
                self.reject(Misbehaviour::Equivocation {
                    signer,
                    view,
                    sequence,
                });
            }
            // This very proposal, or this one and another message, has proved its primary faulty.
            _ if self.disregards(signer) => {}
            Some(_) if self.log.body(digest).is_some() => {}
            Some(_) => self.take_body(digest, batch),
            None => {
                self.log.slot_mut(sequence).proposal = Some(pre_prepare.into_signed());
                if self.log.body(digest).is_some() {
                    // The other slots with this body, such as those of null batches, have what they need.
                    self.take_body_for(&[sequence], digest, batch);
                } else {
                    self.take_body(digest, batch);
                }
            }
        }
    }

    /// Whether the NEW-VIEW of the current view does not allow this proposal of its primary, which then is accused (E5). A
    /// replica that follows the NEW-VIEW in every slot, also in one that it has no proposal for, never helps to replace what
    /// has committed, unless the VIEW-CHANGEs in the NEW-VIEW leave it out and prove their senders faulty (E8).
    fn contradicts_new_view(&mut self, pre_prepare: &Verified<PrePrepare>) -> bool {
        let Some(SignedMessage::NewView { new_view, .. }) = &self.view_changes.new_view else {
            return false;
        };
        let PrePrepare {
            sequence, digest, ..
        } = *pre_prepare.value();
        if new_view::admits(new_view.value(), sequence, digest)
            || self.is_mutant(Mutant::NewViewNotFollowed)
        {
            return false;
        }
        let (new_view, proposal) = (new_view.clone(), pre_prepare.signed().clone());
        self.accuse(Evidence::ProposedAgainstNewView(new_view, proposal));
        true
    }

    /// Keeps a proposal of a view that has not started here, if it can be one of that view.
    fn keep_early_proposal(&mut self, pre_prepare: Verified<PrePrepare>, batch: Batch) {
        let PrePrepare {
            view,
            sequence,
            digest,
        } = *pre_prepare.value();
        let signer = pre_prepare.signer();
        if !self.is_ahead(sequence) {
            return self.reject(Misbehaviour::OutsideWindow { signer, sequence });
        }
        if let Err(large) = self.config.limits.check_batch(signer, &batch) {
            return self.reject(large);
        }
        if batch.digest() != digest && !self.is_mutant(Mutant::BodiesNotCompared) {
            return self.reject(Misbehaviour::BodyMismatch { signer, digest });
        }
        let bytes = pre_prepare.weight() + batch.weight();
        let message = VerifiedMessage::PrePrepare { pre_prepare, batch };
        self.early.keep(view, message, bytes);
    }

    /// Keeps a new body whose digest was checked, and continues with every slot that waits for it.
    pub(super) fn take_body(&mut self, digest: Digest, batch: Batch) {
        let waiting = self.log.proposed_at(digest);
        self.take_body_for(&waiting, digest, batch);
    }

    /// Keeps a body whose digest was checked, and continues with these slots, in which it is proposed.
    fn take_body_for(&mut self, slots: &[Sequence], digest: Digest, batch: Batch) {
        for request in batch.requests() {
            self.requests.wait_for(self.now, request);
        }
        self.requests.mark_proposed(&batch);
        self.log.keep_body(digest, batch);
        self.start_progress_timer();
        // Between views, the log still has the proposals of the view that was left. Nobody may vote for them (rule 10).
        if self.active || self.is_mutant(Mutant::VotesBetweenViews) {
            for sequence in slots {
                self.agree(*sequence, digest);
            }
        }
        // A slot may be known to be committed before its body arrives.
        self.execute_next();
    }

    /// Agrees to a proposal whose body is here (rule 3). The primary sends no PREPARE: its PRE-PREPARE counts instead
    /// (rule 4).
    pub(super) fn agree(&mut self, sequence: Sequence, digest: Digest) {
        let slot = self.log.slot_mut(sequence);
        slot.agreed.insert(digest);
        let proposal = slot.proposal.clone();
        if let (Some(pre_prepare), Some(batch)) = (proposal, self.log.body(digest).cloned()) {
            self.persist(Record::Accepted { pre_prepare, batch });
        }
        let prepares = !self.is_primary() || self.is_mutant(Mutant::PrimaryPrepareCounts);
        if prepares && self.may_vote() {
            self.broadcast(Message::Prepare(Prepare {
                view: self.view,
                sequence,
                digest,
            }));
        }
        self.check_prepared(sequence);
    }
}
