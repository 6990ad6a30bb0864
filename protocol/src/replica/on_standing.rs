//! Standing: a peer says how far it is, and is sent what it lacks (rule 17).

use super::Replica;
use crate::id::{ReplicaId, Sequence};
use crate::message::{SignedMessage, Standing};

/// How many slots are sent again at a time.
const SLOTS_AT_A_TIME: usize = 32;

impl Replica {
    pub(super) fn on_standing(&mut self, from: ReplicaId, standing: Standing) {
        if from == self.own() || !self.active {
            return;
        }
        let before = self.standings.insert(from, standing.executed);
        let lacks_view =
            standing.view < self.view || (standing.view == self.view && !standing.active);
        if lacks_view {
            self.resend_new_view(from);
        } else if standing.view == self.view && before == Some(standing.executed) {
            self.resend_slots(from, standing.executed);
        }
    }

    /// Sends this view's proposal and this replica's own votes again, slot by slot.
    fn resend_slots(&mut self, to: ReplicaId, executed: Sequence) {
        let own = self.own();
        let mut messages = Vec::new();
        for (_, slot) in self.log.after(executed).take(SLOTS_AT_A_TIME) {
            let Some(proposal) = &slot.proposal else {
                continue;
            };
            if let Some(batch) = self.log.body(proposal.value().digest) {
                messages.push(SignedMessage::PrePrepare {
                    pre_prepare: proposal.clone(),
                    batch: batch.clone(),
                });
            }
            messages.extend(slot.prepares.get(&own).cloned().map(SignedMessage::Prepare));
            messages.extend(slot.commits.get(&own).cloned().map(SignedMessage::Commit));
        }
        for message in messages {
            self.forward(to, message);
        }
    }
}
