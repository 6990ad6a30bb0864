//! The timer that detects a primary without progress (C4.4, C4.5.2, rules 14 and 15).

use std::collections::BTreeMap;

use super::Replica;
use crate::effect::{Effect, Timer};
use crate::id::{ClientId, ReplicaId, Sequence, Timestamp, View};
use crate::mutant::Mutant;
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
    /// The shortest of the times that these requests took.
    quickest: Duration,
    /// The primaries that this replica has left for being slow.
    slow: BTreeMap<ReplicaId, Pace>,
    /// How often this replica has left a primary for being slow.
    left: u32,
    /// The view and the last slot executed in it while a peer needs null slots, and since when nothing more executes.
    idle: Option<((View, Sequence), Time)>,
    /// The views that this replica has left because no null slot came.
    withheld: Withheld,
}

/// How often this replica has left a view for a peer without memory.
#[derive(Clone, Copy, Debug, Default)]
struct Withheld {
    /// How often, up to [`DOUBLINGS`].
    left: u32,
    /// When last.
    at: Time,
}

impl Withheld {
    /// How long a primary may let a peer without memory wait. A liar can tell all but the primary that it has lost its
    /// memory. So each view that is left for nothing makes the others wait twice as long (rule 28).
    const fn patience(self, now: Time, timeout: Duration) -> Duration {
        timeout.doubled(self.recent(now, timeout))
    }

    const fn recent(self, now: Time, timeout: Duration) -> u32 {
        let remembered = Duration(timeout.0.saturating_mul(REMEMBERED));
        if now.0 < self.at.0.saturating_add(remembered.0) {
            self.left
        } else {
            0
        }
    }

    fn count(&mut self, now: Time, timeout: Duration) {
        self.left = DOUBLINGS.min(self.recent(now, timeout) + 1);
        self.at = now;
    }
}

/// How slow a primary was.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// The least time that it took for one of its last requests.
    took: Duration,
    /// When it was left.
    at: Time,
}

/// The number of requests in a row that a primary may serve slowly.
const STRIKES: u32 = 8;
/// The part of T that a primary may take for a request without being slow: a quarter.
const QUICK: u64 = 4;
/// How long a slow primary is remembered, in T. Each one that is left doubles this, up to 64 times.
const REMEMBERED: u64 = 64;
/// How often the time doubles that a peer without memory may have to wait.
const DOUBLINGS: u32 = 5;

impl Replica {
    /// How long this replica waits for progress, or for a view to start: T, doubled for each further view change in a row.
    #[must_use]
    pub const fn patience(&self) -> Duration {
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

    /// Called after an execution. If the timed request has executed, or never will, starts the timer for the oldest request that still
    /// waits, or stops it.
    pub(super) fn note_progress(&mut self) {
        let Some((client, timestamp)) = self.progress.timed else {
            return;
        };
        let waits = self.requests.waiting_of(client).is_some();
        if self.active && !(waits && self.requests.is_new(client, timestamp)) {
            self.progress.attempts = 0;
            self.stop_progress_timer();
            if self.is_too_slow() {
                return self.leave_slow_primary();
            }
            self.start_progress_timer();
        }
    }

    /// Called at each status timer. A primary is left if nothing executes for T while a peer needs null slots. It may be
    /// faulty, or its null slot may need the vote of a replica that has left this view alone. A null batch has no request,
    /// so it starts no timer.
    pub(super) fn watch_null_slots(&mut self) {
        let (now, timeout) = (self.now, self.config.view_timeout);
        let waits = self.active
            && !self.is_primary()
            && !self.rejoins()
            && self.progress.timed.is_none()
            && self.somebody_needs_nulls();
        let reached = (self.view, self.executed);
        match self.progress.idle {
            Some((before, since)) if waits && before == reached => {
                if now >= since + self.progress.withheld.patience(now, timeout) {
                    self.progress.idle = None;
                    self.progress.withheld.count(now, timeout);
                    self.start_view_change(self.view.next());
                }
            }
            _ => self.progress.idle = waits.then_some((reached, now)),
        }
    }

    /// Whether the primary serves one request after another slowly (Clement et al., "Making Byzantine Fault Tolerant
    /// Systems Tolerate Byzantine Faults", NSDI '09; rule 18). More than T/4 is slow. If the network itself is that slow,
    /// every primary is. So once f other primaries were slow too, at least one of these f+1 is correct, and the primary
    /// may take twice as long as the quickest of them.
    fn is_too_slow(&mut self) -> bool {
        let took = Duration(self.now.0.saturating_sub(self.progress.since.0));
        let slow = self.slow_from().is_some_and(|limit| took > limit)
            && !self.is_mutant(Mutant::SlowPrimaryKept);
        let progress = &mut self.progress;
        if !slow {
            progress.strikes = 0;
            return false;
        }
        progress.quickest = match progress.strikes {
            0 => took,
            _ => took.min(progress.quickest),
        };
        progress.strikes += 1;
        progress.strikes >= STRIKES
    }

    /// The longest time in which a primary may serve a request without being slow. `None` if f is 0: then every primary is
    /// correct.
    fn slow_from(&self) -> Option<Duration> {
        let f = self.config.quorum.f() as usize;
        let quick = Duration(self.config.view_timeout.0 / QUICK);
        let primary = self.primary();
        let doublings = self.progress.left.saturating_sub(1).min(6);
        let remembered =
            Duration(self.config.view_timeout.0.saturating_mul(REMEMBERED)).doubled(doublings);
        let others: Vec<Duration> = self
            .progress
            .slow
            .iter()
            .filter(|(other, pace)| **other != primary && self.now < pace.at + remembered)
            .map(|(_, pace)| pace.took)
            .collect();
        let quickest = others.iter().min().filter(|_| others.len() >= f);
        (f > 0).then(|| quickest.map_or(quick, |took| quick.max(took.doubled(1))))
    }

    fn leave_slow_primary(&mut self) {
        let pace = Pace {
            took: self.progress.quickest,
            at: self.now,
        };
        self.progress.slow.insert(self.primary(), pace);
        self.progress.left = self.progress.left.saturating_add(1);
        self.start_view_change(self.view.next());
    }

    /// A new primary starts without strikes.
    pub(super) fn forgive(&mut self) {
        self.progress.strikes = 0;
    }
}
