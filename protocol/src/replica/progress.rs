//! The timer that detects a primary without progress (C4.4, C4.5.2, rules 14 and 15).

use super::Replica;
use crate::effect::{Effect, Timer};
use crate::id::{ClientId, Timestamp};
use crate::time::{Duration, Time};

/// What the view timer waits for, and how long it waits.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    /// The request that the timer runs for.
    pub(super) timed: Option<(ClientId, Timestamp)>,
    /// When the timer started.
    since: Time,
    /// The number of view changes in a row without an execution in between.
    pub(super) attempts: u32,
    /// The number of requests in a row that the primary has served slowly (rule 18).
    strikes: u32,
    /// How often this replica has left a primary for being slow. The next primary may be slower each time.
    leniency: u32,
}

/// The number of requests in a row that a primary may serve slowly.
const STRIKES: u32 = 8;

impl Replica {
    /// T, doubled for each further view change in a row.
    pub(super) const fn patience(&self) -> Duration {
        self.config
            .view_timeout
            .doubled(self.progress.attempts.saturating_sub(1))
    }

    /// Starts the timer for the oldest waiting request, if this is a backup and no timer runs (rule 14).
    pub(super) fn start_progress_timer(&mut self) {
        if let Some((client, timestamp)) = self.requests.oldest() {
            self.time(client, timestamp);
        }
    }

    /// Starts the timer for a request, if this is a backup and no timer runs.
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

    /// Called after an execution. If the timed request has executed, starts the timer for the oldest request that still
    /// waits, or stops it.
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

    /// Whether the primary serves each request just before its timer runs out (Clement et al., "Making Byzantine Fault
    /// Tolerant Systems Tolerate Byzantine Faults", NSDI '09; rule 18). Slower than T/2 is slow. If the network itself
    /// is that slow, every primary is. So each primary that is left for slowness doubles the limit for the next, up to
    /// T.
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
