//! The timer that notices a primary without progress (C4.4, C4.5.2, rules 14 and 15).

use super::Replica;
use crate::effect::{Effect, Timer};
use crate::id::{ClientId, Timestamp};
use crate::time::Duration;

/// What the view timer waits for, and how patient it has become.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The request that the timer runs for.
    pub(super) timed: Option<(ClientId, Timestamp)>,
    /// How many view changes came one after another with nothing executed between them.
    pub(super) attempts: u32,
}

impl Replica {
    /// T, doubled for each further view change in a row.
    pub(super) const fn patience(&self) -> Duration {
        self.config
            .view_timeout
            .doubled(self.progress.attempts.saturating_sub(1))
    }

    /// Starts the timer if a backup waits and it does not run yet (rule 14).
    pub(super) fn start_progress_timer(&mut self) {
        if !self.active || self.is_primary() || self.progress.timed.is_some() {
            return;
        }
        self.progress.timed = self.requests.oldest();
        if self.progress.timed.is_some() {
            let at = self.now + self.patience();
            self.effects.push(Effect::SetTimer {
                timer: Timer::View,
                at,
            });
        }
    }

    pub(super) fn stop_progress_timer(&mut self) {
        self.progress.timed = None;
        self.effects.push(Effect::CancelTimer(Timer::View));
    }

    /// Something has executed: if it is what the timer ran for, the timer starts again for what still waits, or stops.
    pub(super) fn note_progress(&mut self) {
        let Some((client, timestamp)) = self.progress.timed else {
            return;
        };
        if self.active && !self.requests.is_new(client, timestamp) {
            self.progress.attempts = 0;
            self.stop_progress_timer();
            self.start_progress_timer();
        }
    }
}
