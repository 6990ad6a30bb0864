//! PREPARE: a backup agrees to a proposal (C4.2, rule 4).

use super::Replica;
use super::on_pre_prepare::Timeliness;
use super::testimony::{Said, Statement};
use crate::evidence::Evidence;
use crate::id::Sequence;
use crate::message::{Commit, Message, Prepare, VerifiedMessage};
use crate::misbehaviour::Misbehaviour;
use crate::mutant::Mutant;
use crate::record::Record;
use crate::signature::Verified;

impl Replica {
    pub(super) fn on_prepare(&mut self, prepare: Verified<Prepare>) {
        let Prepare {
            view,
            sequence,
            digest,
        } = *prepare.value();
        let signer = prepare.signer();
        if signer == view.primary(self.config.quorum)
            && !self.is_mutant(Mutant::PrimaryPrepareCounts)
        {
            self.accuse(Evidence::PrimaryPrepared(prepare.into_signed()));
            return self.reject(Misbehaviour::PrimaryPrepared { signer });
        }
        match self.timeliness(view) {
            Timeliness::Late => return self.testify(Statement::Prepare(prepare.into_signed())),
            Timeliness::Early => {
                if self.is_ahead(sequence) {
                    let bytes = prepare.weight();
                    let message = VerifiedMessage::Prepare(prepare);
                    self.early.keep(view, message, bytes);
                }
                return;
            }
            Timeliness::Current => {}
        }
        if !self.in_window(sequence) {
            return;
        }
        self.compare(Said::Prepare(prepare.signed()));
        let is_disregarded = self.disregards(signer);
        let slot = self.log.slot_mut(sequence);
        if let Some(earlier) = slot.prepares.get(&signer) {
            if earlier.value().digest != digest {
                self.reject(Misbehaviour::ConflictingVotes {
                    signer,
                    view,
                    sequence,
                });
            }
            return;
        }
        if is_disregarded {
            return;
        }
        slot.prepares.insert(signer, prepare.into_signed());
        self.check_prepared(sequence);
    }

    /// Sends COMMIT when the slot becomes prepared in this view (rule 5).
    pub(super) fn check_prepared(&mut self, sequence: Sequence) {
        let view = self.view;
        let more = usize::from(self.is_mutant(Mutant::OnePrepareMore));
        let needed = self.config.quorum.prepares() + more;
        let slot = self.log.slot_mut(sequence);
        if slot.is_prepared_in(view) {
            return;
        }
        let Some(mut certificate) = slot.certificate(needed) else {
            return;
        };
        certificate.prepares.truncate(needed - more);
        let digest = certificate.digest();
        if self.log.body(digest).is_none() {
            return;
        }
        self.log.keep_certificate(certificate.clone());
        self.persist(Record::Prepared(certificate));
        if self.may_vote() {
            self.broadcast(Message::Commit(Commit {
                view,
                sequence,
                digest,
            }));
        }
        self.check_committed(sequence);
    }
}
