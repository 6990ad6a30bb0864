//! Standing: a peer says how far it is, and is sent what it lacks (rule 17).

use super::Replica;
use crate::config::Config;
use crate::effect::Effect;
use crate::id::{ReplicaId, Sequence};
use crate::message::{Committed, Message, SignedMessage, Standing};
use crate::mutant::Mutant;
use crate::time::{Duration, Time};

/// Slots are sent again in parts that end at a multiple of this, whoever sends them: who has executed a part says so at once,
/// and is sent the next.
const PART: u64 = 32;

/// What is known of how far a peer is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    executed: Sequence,
    /// When it said so.
    at: Time,
    /// The end of the part that it was sent, while there is more above.
    sent: Option<Sequence>,
}

impl Known {
    /// Whether its next word shows that it has made no progress since; one that has restarted may even have gone back.
    fn stands_still(self, standing: &Standing) -> bool {
        standing.executed <= self.executed
    }

    /// Whether it was stopped or cut off since, so that how far it was then tells nothing of how fast it is.
    fn was_silent(self, now: Time, config: &Config) -> bool {
        now >= self.at + Duration(config.status_interval.0.saturating_mul(2))
    }
}

impl Replica {
    pub(super) fn on_standing(&mut self, from: ReplicaId, standing: Standing) {
        if from == self.own() || self.is_mutant(Mutant::LaggardLeftAlone) {
            return;
        }
        let executed = standing.executed;
        let before = self.standings.get(&from).copied();
        let sent = before.and_then(|before| before.sent);
        let stands_still = before.is_some_and(|before| before.stands_still(&standing));
        // Whoever has just taken over a state lacks what others have executed above it.
        let took_over = executed == standing.stable
            && before.map_or(Sequence(0), |before| before.executed) < standing.stable;
        let lags = stands_still
            || took_over
            || sent == Some(executed)
            || before.is_some_and(|before| before.was_silent(self.now, &self.config));
        let together = self.active && standing.active && standing.view == self.view;
        let behind = standing.view < self.view || (standing.view == self.view && !standing.active);
        let recall = standing.rejoins.and_then(|life| self.recall_for(life));
        let low = self.low_watermark();
        if recall.is_some() || stands_still && standing.stable < low || lags && executed < low {
            self.send_stable(from, recall);
        }
        if stands_still {
            self.resend_checkpoints(from, standing.stable);
        }
        let sent = if lags {
            self.resend_committed(from, executed)
        } else {
            sent
        };
        let at = self.now;
        self.standings.insert(from, Known { executed, at, sent });
        if self.active && behind {
            self.resend_new_view(from);
        } else if together && lags {
            self.resend_slots(from, executed);
        }
    }

    /// Says, if others send slots again, that a part of them is executed.
    pub(super) fn ask_for_more(&mut self) {
        if self.helped && self.executed.0.is_multiple_of(PART) {
            self.helped = false;
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
    /// the peer keeps one per sender and slot. Gives the end of this part, if there is more above.
    fn resend_committed(&mut self, to: ReplicaId, executed: Sequence) -> Option<Sequence> {
        let parts = (executed.0 / PART).saturating_add(1);
        let end = Sequence(parts.saturating_mul(PART));
        let mut effects = Vec::new();
        for (_, slot) in self.log.after(executed).take_while(|(n, _)| *n <= end) {
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
        let mut above = self.log.after(end);
        let more = above.any(|(_, slot)| slot.committed.is_some() || slot.proposal.is_some());
        more.then_some(end)
    }

    /// Sends this view's proposal and this replica's own votes again for what is not committed yet, slot by slot.
    fn resend_slots(&mut self, to: ReplicaId, executed: Sequence) {
        let own = self.own();
        let last = Sequence(executed.0.saturating_add(PART));
        let mut messages = Vec::new();
        for (_, slot) in self.log.after(executed).take_while(|(n, _)| *n <= last) {
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
