//! Standing: a peer says how far it is, and is sent what it lacks (rule 17).

use super::Replica;
use crate::effect::Effect;
use crate::id::{ReplicaId, Sequence};
use crate::message::{Committed, Message, SignedMessage, Standing};
use crate::mutant::Mutant;

/// How many slots are sent again at a time.
const SLOTS_AT_A_TIME: usize = 32;

/// How far a peer was when it last told, and how far this replica was then.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stand {
    theirs: Sequence,
    ours: Sequence,
}

impl Replica {
    pub(super) fn on_standing(&mut self, from: ReplicaId, standing: Standing) {
        if from == self.own() || self.is_mutant(Mutant::LaggardLeftAlone) {
            return;
        }
        let now = Stand {
            theirs: standing.executed,
            ours: self.executed,
        };
        let before = self.standings.insert(from, now);
        // One that has restarted may even have gone back, and one that has taken over a state lacks the slots above it.
        let lags = before.is_some_and(|before| {
            standing.executed <= before.theirs || standing.executed < before.ours
        });
        let together = self.active && standing.active && standing.view == self.view;
        let behind = standing.view < self.view || (standing.view == self.view && !standing.active);
        let recall = standing.rejoins.and_then(|life| self.recall_for(life));
        if recall.is_some() || lags && standing.stable < self.low_watermark() {
            self.send_stable(from, recall);
        }
        if lags {
            self.resend_checkpoints(from, standing.stable);
            self.resend_committed(from, standing.executed);
        }
        if self.active && behind {
            self.resend_new_view(from);
        } else if together && lags {
            self.resend_slots(from, standing.executed);
        }
    }

    /// Sends this replica's own CHECKPOINTs again. Nobody may have heard enough of them to have a stable checkpoint that it
    /// could send, and with the window full and none stable nothing would ever be proposed again.
    fn resend_checkpoints(&mut self, to: ReplicaId, stable: Sequence) {
        if self.is_mutant(Mutant::CheckpointSaidOnce) {
            return;
        }
        for vote in self
            .checkpoints
            .own_votes(self.own(), stable, self.executed)
        {
            self.forward(to, SignedMessage::Checkpoint(vote));
        }
    }

    /// Sends what is committed, with its proof: whatever its view, the peer can execute it. Single COMMITs would not do, as
    /// the peer keeps one per sender and slot.
    fn resend_committed(&mut self, to: ReplicaId, executed: Sequence) {
        let mut effects = Vec::new();
        for (_, slot) in self.log.after(executed).take(SLOTS_AT_A_TIME) {
            let batch = slot.committed.and_then(|digest| self.log.body(digest));
            if let Some(batch) = batch
                && !slot.proof.is_empty()
            {
                let message = Message::Committed(Committed {
                    proof: slot.proof.clone(),
                    batch: batch.clone(),
                });
                effects.push(Effect::Send { to, message });
            }
        }
        self.effects.extend(effects);
    }

    /// Sends this view's proposal and this replica's own votes again for what is not committed yet, slot by slot.
    fn resend_slots(&mut self, to: ReplicaId, executed: Sequence) {
        let own = self.own();
        let mut messages = Vec::new();
        for (_, slot) in self.log.after(executed).take(SLOTS_AT_A_TIME) {
            let Some(proposal) = slot.proposal.as_ref().filter(|_| slot.committed.is_none()) else {
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
