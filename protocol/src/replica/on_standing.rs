//! Standing: a peer says how far it is, and is sent what it lacks (rule 17).

use super::Replica;
use crate::effect::Effect;
use crate::id::{ReplicaId, Sequence};
use crate::message::{Body, Commit, Message, SignedMessage, Standing};
use crate::signature::Signed;

/// How many slots are sent again at a time.
const SLOTS_AT_A_TIME: usize = 32;

impl Replica {
    pub(super) fn on_standing(&mut self, from: ReplicaId, standing: Standing) {
        if from == self.own() {
            return;
        }
        let before = self.standings.insert(from, standing.executed);
        // One that has restarted may even have gone back.
        let stands_still = before.is_some_and(|before| standing.executed <= before);
        let together = self.active && standing.active && standing.view == self.view;
        let behind = standing.view < self.view || (standing.view == self.view && !standing.active);
        if standing.rejoins || stands_still && standing.executed < self.low_watermark() {
            self.send_stable(from);
        }
        if stands_still {
            self.resend_committed(from, standing.executed, together);
        }
        if self.active && behind {
            self.resend_new_view(from);
        } else if together && stands_still {
            self.resend_slots(from, standing.executed);
        }
    }

    /// Sends the proof of what is committed, and the bodies: whatever its view, the peer can execute it. What is committed
    /// in the view that both are in needs no proof, since the votes of that view are sent again.
    fn resend_committed(&mut self, to: ReplicaId, executed: Sequence, together: bool) {
        let mut effects = Vec::new();
        let of_this_view = |commit: &Signed<Commit>| together && commit.value().view == self.view;
        for (_, slot) in self.log.after(executed).take(SLOTS_AT_A_TIME) {
            if slot.proof.first().is_none_or(of_this_view) {
                continue;
            }
            let forward = |commit: &Signed<Commit>| Effect::Forward {
                to,
                message: Box::new(SignedMessage::Commit(commit.clone())),
            };
            effects.extend(slot.proof.iter().map(forward));
            if let Some(batch) = slot.committed.and_then(|digest| self.log.body(digest)) {
                let message = Message::Body(Body {
                    batch: batch.clone(),
                });
                effects.push(Effect::Send { to, message });
            }
        }
        self.effects.extend(effects);
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
