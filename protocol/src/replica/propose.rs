//! The primary gives slots to what waits (rule 7).

use super::Replica;
use crate::id::Sequence;
use crate::message::{Message, PrePrepare};

impl Replica {
    pub(super) fn propose(&mut self) {
        if !self.active || !self.is_primary() {
            return;
        }
        while self.last_proposed < self.last_proposable() {
            let batch = self.requests.take_unproposed(self.config.batch_limit);
            if batch.requests.is_empty() {
                return;
            }
            self.last_proposed = self.last_proposed.next();
            let pre_prepare = PrePrepare {
                view: self.view,
                sequence: self.last_proposed,
                digest: batch.digest(),
            };
            self.broadcast(Message::PrePrepare(pre_prepare, batch));
        }
    }

    /// What waits longer than a few slots is better off in one batch than in many slots.
    fn last_proposable(&self) -> Sequence {
        let in_flight = Sequence(self.executed.0.saturating_add(self.config.slots_in_flight));
        in_flight.min(self.high_watermark())
    }
}
