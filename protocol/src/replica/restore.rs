//! Starting again with what is on disk (rule 22).

use super::Replica;
use super::rejoin::Rejoin;
use super::transfer::Target;
use crate::config::Config;
use crate::effect::Effect;
use crate::id::{Sequence, View};
use crate::message::{Batch, Commit, Message, Prepare, SignedMessage};
use crate::new_view;
use crate::record::Record;
use crate::signature::Signed;

impl Replica {
    /// The replica whose disk has `records`, in the order in which it wrote them.
    #[must_use]
    pub fn restore(config: Config, records: impl IntoIterator<Item = Record>) -> Self {
        let mut replica = Self::new(config);
        for record in records {
            replica.read(record);
        }
        replica
    }

    /// The shortest list of records that restores this replica. It replaces everything written before.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        let mut records = Vec::new();
        if self.rejoins() {
            records.push(Record::Silent);
        } else if self.first_view > View(0) {
            records.push(Record::VotesFrom(self.first_view));
        }
        if let Some(snapshot) = self.checkpoints.snapshot(self.low_watermark()) {
            records.push(Record::Stable {
                proof: self.checkpoints.proof(),
                snapshot: snapshot.clone(),
            });
        }
        if self.told > self.low_watermark() {
            records.push(Record::Executed(self.told));
        }
        let new_view = self.view_changes.new_view.clone();
        records.extend(new_view.map(|new_view| Record::NewView(Box::new(new_view))));
        for (sequence, slot) in self.log.after(self.low_watermark()) {
            for digest in &slot.agreed {
                let Some(batch) = self.log.body(*digest).cloned() else {
                    continue;
                };
                records.push(match &slot.proposal {
                    Some(pre_prepare) if pre_prepare.value().digest == *digest => {
                        Record::Accepted {
                            pre_prepare: pre_prepare.clone(),
                            batch,
                        }
                    }
                    _ => Record::Body { sequence, batch },
                });
            }
            records.extend(slot.prepared.clone().map(Record::Prepared));
        }
        let sent = self.view_changes.sent.clone();
        records.extend(sent.filter(|_| !self.active).map(Record::ViewChange));
        records.extend(self.dossier.records());
        records
    }

    fn read(&mut self, record: Record) {
        match record {
            Record::Accepted { pre_prepare, batch } => {
                let sequence = pre_prepare.value().sequence;
                if self.active && pre_prepare.value().view == self.view {
                    self.last_proposed = self.last_proposed.max(sequence);
                    self.log.slot_mut(sequence).proposal = Some(pre_prepare);
                    for request in batch.requests() {
                        self.requests.wait_for(self.now, request);
                    }
                    self.requests.mark_proposed(&batch);
                }
                self.read_body(sequence, batch);
            }
            Record::Body { sequence, batch } => self.read_body(sequence, batch),
            Record::Proof(evidence) => self.dossier.keep(*evidence),
            Record::Pardon(replica, pardon) => self.dossier.pardon(replica, pardon),
            Record::Executed(sequence) => self.told = self.told.max(sequence),
            Record::Prepared(certificate) => {
                self.log.keep_certificate(certificate);
            }
            Record::ViewChange(view_change) => {
                self.view = view_change.view;
                self.active = false;
                self.view_changes.sent = Some(view_change);
            }
            Record::NewView(message) => self.read_new_view(*message),
            Record::Silent => self.rejoin = Some(Rejoin::default()),
            Record::VotesFrom(view) => {
                self.rejoin = None;
                self.first_view = view;
            }
            Record::Stable { proof, snapshot } => {
                let (Some(checkpoint), Ok(replies)) =
                    (proof.first().map(Signed::value), snapshot.replies())
                else {
                    return;
                };
                let target = Target {
                    sequence: checkpoint.sequence,
                    digest: checkpoint.digest,
                    proof,
                };
                self.executed = target.sequence;
                self.last_proposed = self.last_proposed.max(target.sequence);
                self.requests.replace_replies(replies);
                self.checkpoints
                    .replace_snapshots(target.sequence, snapshot);
                self.stabilize(target);
                self.effects.clear();
            }
        }
    }

    fn read_body(&mut self, sequence: Sequence, batch: Batch) {
        let digest = batch.digest();
        self.log.slot_mut(sequence).agreed.insert(digest);
        self.log.keep_body(digest, batch);
    }

    fn read_new_view(&mut self, message: SignedMessage) {
        let SignedMessage::NewView {
            new_view,
            pre_prepares,
        } = &message
        else {
            return;
        };
        self.view = new_view.value().view;
        self.active = true;
        self.log.leave_view(true);
        self.requests.forget_proposed();
        let low = new_view::min_sequence(&new_view.value().view_changes);
        // This replica's own checkpoint may be above all of them.
        self.last_proposed = pre_prepares
            .last()
            .map_or(low, |last| last.value().sequence)
            .max(self.low_watermark());
        self.remember_new_view(new_view.value(), pre_prepares);
        self.view_changes.new_view = Some(message);
    }

    /// The first input. A restored replica installs its state and repeats its votes of the current view, because the
    /// others may never have got them.
    pub(super) fn on_start(&mut self) {
        let sequence = self.low_watermark();
        if let Some(snapshot) = self.checkpoints.snapshot(sequence) {
            self.effects.push(Effect::InstallState {
                sequence,
                parts: snapshot.service(),
            });
        }
        if self.view > View(0) {
            self.effects.push(Effect::ViewChanged {
                view: self.view,
                active: self.active,
            });
        }
        if self.rejoins() {
            self.persist(Record::Silent);
        }
        self.repeat_votes();
        self.resend_view_change();
        self.start_progress_timer();
        let has_a_past = self.rejoins() || !self.records().is_empty();
        if has_a_past {
            self.say_standing();
        }
        self.set_status_timer();
        self.leave_proved_primary();
    }

    pub(super) fn repeat_votes(&mut self) {
        if !self.active || !self.may_vote() {
            return;
        }
        let view = self.view;
        let mut votes = Vec::new();
        for (sequence, slot) in self.log.after(self.low_watermark()) {
            let Some(digest) = slot
                .proposed()
                .filter(|digest| slot.agreed.contains(digest))
            else {
                continue;
            };
            if !self.is_primary() {
                votes.push(Message::Prepare(Prepare {
                    view,
                    sequence,
                    digest,
                }));
            }
            if slot.is_prepared_in(view) {
                votes.push(Message::Commit(Commit {
                    view,
                    sequence,
                    digest,
                }));
            }
        }
        for vote in votes {
            self.broadcast(vote);
        }
    }
}
