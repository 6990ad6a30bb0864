//! Standing: a peer says how far it is, and gets what it lacks (rule 17).

use super::Replica;
use crate::config::Config;
use crate::effect::Effect;
use crate::id::{ReplicaId, Sequence};
use crate::message::{Committed, Memory, Message, SignedMessage, Standing};
use crate::mutant::Mutant;
use crate::signature::Signed;
use crate::time::{Duration, Time};

/// Missed slots are sent in stretches. Every sender ends a stretch at a multiple of this number. A replica that has
/// executed a stretch says so at once and gets the next.
const STRETCH: u64 = 32;

/// How far a peer was, by its last message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    executed: Sequence,
    memory: Memory,
    /// When that message arrived.
    at: Time,
    /// The end of the stretch that the peer was sent, if there are more slots above.
    sent: Option<Sequence>,
}

impl Known {
    /// Whether the peer has made no progress since. After a restart it may even be further back.
    fn stands_still(self, standing: &Standing) -> bool {
        standing.executed <= self.executed
    }

    /// Whether the peer was stopped or cut off since then. In that case its old position says nothing about its speed.
    fn was_silent(self, now: Time, config: &Config) -> bool {
        now >= self.at + Duration(config.status_interval.0.saturating_mul(2))
    }

    /// Whether the peer is without memory, and still there to say so.
    pub(super) fn needs_nulls(self, now: Time, config: &Config) -> bool {
        matches!(self.memory, Memory::Lost { .. }) && !self.was_silent(now, config)
    }
}

impl Replica {
    pub(super) fn on_standing(&mut self, from: ReplicaId, standing: &Standing) {
        if from == self.own() || self.is_mutant(Mutant::LaggardLeftAlone) {
            return;
        }
        let executed = standing.executed;
        let before = self.standings.get(&from).copied();
        let sent = before.and_then(|before| before.sent);
        let stands_still = before.is_some_and(|before| before.stands_still(standing));
        // A peer that has just taken over a state lacks the slots that others have executed above it.
        let took_over = executed == standing.stable
            && before.map_or(Sequence(0), |before| before.executed) < standing.stable;
        let lags = stands_still
            || took_over
            || sent == Some(executed)
            || before.is_some_and(|before| before.was_silent(self.now, &self.config));
        let together = self.active && standing.active && standing.view == self.view;
        let behind = standing.view < self.view || (standing.view == self.view && !standing.active);
        let recall = self.recall_for(standing.memory);
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
        let memory = standing.memory;
        let known = Known {
            executed,
            memory,
            at,
            sent,
        };
        self.standings.insert(from, known);
        if self.active && behind {
            self.resend_new_view(from);
        } else if together && lags {
            self.resend_slots(from, executed);
        }
        self.help_to_vote_again(from, standing.memory);
        self.send_lacking_proof(from, &standing.proved);
    }

    /// Sends this replica's standing after it has executed a stretch of the slots that others send again.
    pub(super) fn ask_for_more(&mut self) {
        if self.helped && self.executed.0.is_multiple_of(STRETCH) {
            self.helped = false;
            self.say_standing();
        }
    }

    /// Sends this replica's own CHECKPOINTs again. Perhaps no replica has heard enough of them to have a stable
    /// checkpoint to send. Once the window is full, nothing could be proposed any more.
    fn resend_checkpoints(&mut self, to: ReplicaId, stable: Sequence) {
        if self.is_mutant(Mutant::CheckpointSaidOnce) {
            return;
        }
        for vote in self
            .checkpoints
            .own_votes(self.own(), stable, self.executed)
        {
            self.resend(to, SignedMessage::Checkpoint(vote));
        }
    }

    /// Sends committed slots with their proofs. The peer can execute them in any view. Single COMMITs would not help,
    /// because the peer keeps only one per sender and slot. Returns the end of this stretch, if there are more slots
    /// above.
    fn resend_committed(&mut self, to: ReplicaId, executed: Sequence) -> Option<Sequence> {
        let stretches = (executed.0 / STRETCH).saturating_add(1);
        let end = Sequence(stretches.saturating_mul(STRETCH));
        let mut missed = Vec::new();
        for (sequence, slot) in self.log.after(executed).take_while(|(n, _)| *n <= end) {
            let batch = slot.committed.and_then(|digest| self.log.body(digest));
            if let Some(batch) = batch
                && !slot.proof.is_empty()
            {
                let (proof, batch) = (slot.proof.clone(), batch.clone());
                missed.push((sequence, Committed { proof, batch }));
            }
        }
        let mut reached = executed;
        for (sequence, committed) in missed {
            let proof: usize = committed.proof.iter().map(Signed::weight).sum();
            if !self.may_send(to, proof + committed.batch.weight()) {
                return Some(reached);
            }
            reached = sequence;
            let message = Message::Committed(committed);
            self.effects.push(Effect::Send { to, message });
        }
        let mut above = self.log.after(end);
        let more = above.any(|(_, slot)| slot.committed.is_some() || slot.proposal.is_some());
        more.then_some(end)
    }

    /// Sends this view's proposals and this replica's own votes again, for slots that are not committed yet.
    fn resend_slots(&mut self, to: ReplicaId, executed: Sequence) {
        let own = self.own();
        let last = Sequence(executed.0.saturating_add(STRETCH));
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
            self.resend(to, message);
        }
    }

    /// Sends a message on that was sent before, if the peer's allowance has room for it.
    fn resend(&mut self, to: ReplicaId, message: SignedMessage) {
        if self.may_send(to, message.weight()) {
            self.forward(to, message);
        }
    }
}
