//! The primary proposes waiting requests (rule 7).

use super::Replica;
use crate::message::{Batch, Message, PrePrepare};
use crate::mutant::Mutant;

impl Replica {
    pub(super) fn propose(&mut self) {
        if !self.active || !self.is_primary() || !self.may_vote() {
            return;
        }
        while self.may_propose() {
            let batch = self.take_batch();
            self.propose_batch(batch);
        }
    }

    /// Proposes a batch for the next slot.
    pub(super) fn propose_batch(&mut self, batch: Batch) {
        self.last_proposed = self.last_proposed.next();
        let pre_prepare = PrePrepare {
            view: self.view,
            sequence: self.last_proposed,
            digest: batch.digest(),
        };
        self.broadcast(Message::PrePrepare(pre_prepare, batch));
    }

    fn take_batch(&mut self) -> Batch {
        let most = if self.is_mutant(Mutant::ProposesTooMuch) {
            usize::MAX
        } else {
            self.config.limits.batch
        };
        self.requests.take_unproposed(self.config.batch_limit, most)
    }

    /// Up to `slots_in_flight` full batches may be in flight at once. A smaller batch goes out only when nothing is in
    /// flight. Requests that arrive meanwhile share the next slot, because a slot costs the same number of messages
    /// however few requests it has.
    fn may_propose(&self) -> bool {
        let (waiting, bytes) = self.requests.unproposed();
        let full = waiting >= self.config.batch_limit || bytes >= self.config.limits.batch;
        let in_flight = self.last_proposed.0.saturating_sub(self.executed.0);
        let partial = waiting > 0 && in_flight == 0 && !self.is_mutant(Mutant::OnlyFullBatches);
        let in_window = self.last_proposed < self.high_watermark();
        (in_window || self.is_mutant(Mutant::ProposesAboveWindow))
            && in_flight < self.config.slots_in_flight
            && (full || partial)
    }
}
