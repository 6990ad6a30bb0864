//! The timer that notices a primary without progress (C4.4, C4.5.2, rules 14 and 15).

use super::Replica;
use crate::effect::{Effect, Timer};
use crate::id::{ClientId, Timestamp};
use crate::time::{Duration, Time};

/// What the view timer waits for, and how patient it has become.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    /// The request that the timer runs for.
    pub(super) timed: Option<(ClientId, Timestamp)>,
    /// Since when.
    since: Time,
    /// How many view changes came one after another with nothing executed between them.
    pub(super) attempts: u32,
    /// How many requests in a row the primary has served slowly (rule 18).
    strikes: u32,
    /// How often a primary was left for being slow: each time the next may be slower.
    leniency: u32,
}

/// How many requests in a row a primary may serve slowly.
const STRIKES: u32 = 8;

impl Replica {
    /// T, doubled for each further view change in a row.
    pub(super) const fn patience(&self) -> Duration {
        self.config
            .view_timeout
            .doubled(self.progress.attempts.saturating_sub(1))
    }

    /// Starts the timer if a backup waits and it does not run yet (rule 14).
    pub(super) fn start_progress_timer(&mut self) {
        if let Some((client, timestamp)) = self.requests.oldest() {
            self.time(client, timestamp);
        }
    }

    /// Starts the timer for a request, if this is a backup and it does not run yet.
    pub(super) fn time(&mut self, client: ClientId, timestamp: Timestamp) {
        if !self.active || self.is_primary() || self.progress.timed.is_some() {
            return;
        }
        self.progress.timed = Some((client, timestamp));
        self.progress.since = self.now;
        let at = self.now + self.patience();
        self.effects.push(Effect::SetTimer {
            timer: Timer::View,
            at,
        });
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
            if self.is_too_slow() {
                self.progress.leniency += 1;
                return self.start_view_change(self.view.next());
            }
            self.start_progress_timer();
        }
    }

    /// Whether the primary serves just before each timer runs out, time after time (Clement et al., "Making Byzantine Fault
    /// Tolerant Systems Tolerate Byzantine Faults", NSDI '09; rule 18). Slow is more than half of T. Where the network
    /// itself is that slow, every primary is: so each that is left for it makes the measure laxer for the next, up to T.
    fn is_too_slow(&mut self) -> bool {
        let whole = self.config.view_timeout.0;
        let limit = Duration(whole / 2).doubled(self.progress.leniency);
        let took = self.now.0.saturating_sub(self.progress.since.0);
        self.progress.strikes = if took > limit.0.min(whole) {
            self.progress.strikes + 1
        } else {
            0
        };
        self.progress.strikes >= STRIKES
    }

    /// A new primary starts without strikes.
    pub(super) fn forgive(&mut self) {
        self.progress.strikes = 0;
    }
}
