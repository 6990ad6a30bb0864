//! Standing: a peer says how far it is, and is sent what it lacks (rule 17).

use super::Replica;
use crate::effect::Effect;
use crate::id::{ReplicaId, Sequence};
use crate::message::{Committed, Message, SignedMessage, Standing};
use crate::mutant::Mutant;

/// How many slots are sent again at a time. Who has executed them all says so at once, and is sent the next.
const SLOTS_AT_A_TIME: usize = 32;

/// What is known of how far a peer is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    executed: Sequence,
    /// The last slot that it was sent again, while there are more above it that it lacks.
    sent: Option<Sequence>,
}

impl Replica {
    pub(super) fn on_standing(&mut self, from: ReplicaId, standing: Standing) {
        if from == self.own() || self.is_mutant(Mutant::LaggardLeftAlone) {
            return;
        }
        let before = self.standings.get(&from).copied();
        // One that has restarted may even have gone back.
        let stands_still = before.is_some_and(|before| standing.executed <= before.executed);
        // Whoever has just taken over a state lacks what others have executed above it. A correct replica that is merely a
        // little slow stands exactly at its stable checkpoint only now and then, and is helped once for each.
        let took_over = standing.executed == standing.stable
            && before.map_or(Sequence(0), |before| before.executed) < standing.stable;
        let wants_more = before
            .and_then(|before| before.sent)
            .is_some_and(|sent| standing.executed >= sent);
        let lags = stands_still || took_over || wants_more;
        let together = self.active && standing.active && standing.view == self.view;
        let behind = standing.view < self.view || (standing.view == self.view && !standing.active);
        let recall = standing.rejoins.and_then(|life| self.recall_for(life));
        if recall.is_some() || stands_still && standing.stable < self.low_watermark() {
            self.send_stable(from, recall);
        }
        if stands_still {
            self.resend_checkpoints(from, standing.stable);
        }
        let sent = if lags {
            self.resend_committed(from, standing.executed)
        } else {
            before.and_then(|before| before.sent)
        };
        let executed = standing.executed;
        self.standings.insert(from, Known { executed, sent });
        if self.active && behind {
            self.resend_new_view(from);
        } else if together && lags {
            self.resend_slots(from, executed);
        }
    }

    /// Says that all the slots that others send again at a time have been executed: they send the next.
    pub(super) fn ask_for_more(&mut self) {
        let all = Sequence(self.said.0.saturating_add(SLOTS_AT_A_TIME as u64));
        if self.helped && self.executed >= all {
            self.say_standing();
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
    /// the peer keeps one per sender and slot. Gives the last slot looked at, if there may be more above it.
    fn resend_committed(&mut self, to: ReplicaId, executed: Sequence) -> Option<Sequence> {
        let mut effects = Vec::new();
        let mut looked_at = None;
        for (sequence, slot) in self.log.after(executed).take(SLOTS_AT_A_TIME) {
            looked_at = Some(sequence);
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
        looked_at.filter(|&sequence| sequence < self.executed)
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
