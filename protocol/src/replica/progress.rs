//! The timer that detects a primary without progress (C4.4, C4.5.2, rules 14 and 15).

use std::collections::BTreeMap;

use super::Replica;
use super::crowded::Crowded;
use super::lenience::{Lenience, REMEMBERED};
use crate::effect::{Effect, Timer};
use crate::id::{ClientId, ReplicaId, Sequence, Timestamp, View};
use crate::message::Request;
use crate::mutant::Mutant;
use crate::signature::Signed;
use crate::time::{Duration, Time};

/// What the view timer waits for, and how long it waits.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    /// The request that the timer runs for.
    pub(super) timed: Option<Timed>,
    pub(super) crowded: Crowded,
    /// How often the timer was made twice as long: once for each view change, less one for each request that was served quickly since.
    pub(super) attempts: u32,
    /// The last slot that the NEW-VIEW of this view gives.
    pub(super) settled: Sequence,
    /// The number of requests in a row that the primary has served slowly, or the T that they took, if these are more (rule 18).
    strikes: u32,
    /// The shortest of the times that these requests took.
    quickest: Duration,
    /// The primaries that this replica has left for being slow.
    slow: BTreeMap<ReplicaId, Pace>,
    /// How often this replica has left a primary for being slow.
    left: u32,
    /// The view and the last slot executed in it while a peer needs null slots, and since when nothing more executes.
    idle: Option<((View, Sequence), Time)>,
    /// The views that this replica has left because no null slot came. A liar can tell all but the primary that it has lost
    /// its memory.
    withheld: Lenience,
}

/// A request, and when its timer started.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timed {
    client: ClientId,
    timestamp: Timestamp,
    pub(super) speaker: ReplicaId,
    since: Time,
    /// The last slot that had executed then.
    pub(super) from: Sequence,
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
/// The part of its time that a primary may take for a request without being slow: a quarter.
const QUICK: u64 = 4;

impl Replica {
    /// How long this replica waits for progress, or for a view to start: T, doubled for each further view change in a row, and halved
    /// for each request that is served quickly.
    #[must_use]
    pub const fn patience(&self) -> Duration {
        self.config
            .view_timeout
            .doubled(self.progress.attempts.saturating_sub(1))
    }

    /// Starts the timer for the oldest waiting request, if this is a backup and no timer runs (rule 14).
    pub(super) fn start_progress_timer(&mut self) {
        if let Some(oldest) = self.requests.oldest(&self.progress.crowded.heads).cloned() {
            self.time(&oldest);
        }
    }

    /// Starts the timer for a request, if this is a backup and no timer runs.
    pub(super) fn time(&mut self, request: &Signed<Request>) {
        if !self.active || self.is_primary() || self.progress.timed.is_some() {
            return;
        }
        let Request {
            client, timestamp, ..
        } = *request.value();
        self.progress.timed = Some(Timed {
            client,
            timestamp,
            speaker: request.signer(),
            since: self.now,
            from: self.executed,
        });
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
        let Some(timed) = self.progress.timed else {
            return;
        };
        let waits = self.requests.waiting_of(timed.client).is_some();
        if self.active && !(waits && self.requests.is_new(timed.client, timed.timestamp)) {
            self.note_pace(timed.since);
            self.stop_progress_timer();
            if self.is_too_slow(timed.since) {
                return self.leave_slow_primary();
            }
            self.start_progress_timer();
        }
    }

    /// Waits half as long if the primary has served a request, timed since then, in a quarter of the time or less. What the last view
    /// had prepared proves nothing about this one. If any execution made the timer T again, then where requests take about T, for lack of
    /// processor time or for a slow network, each view would execute what the last one had prepared, and end before its own first slot.
    fn note_pace(&mut self, since: Time) {
        let took = self.now.0.saturating_sub(since.0);
        let is_of_this_view = self.executed > self.progress.settled;
        if is_of_this_view && took <= self.patience().0 / QUICK {
            self.progress.attempts = self.progress.attempts.saturating_sub(1);
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

    /// Whether the primary, which has served a request that was timed since then, serves one request after another slowly
    /// (Clement et al., "Making Byzantine Fault Tolerant Systems Tolerate Byzantine Faults", NSDI '09; rule 18). More than T/4 is slow. If the network itself is that slow,
    /// every primary is. So once f other primaries were slow too, at least one of these f+1 is correct, and the primary
    /// may take twice as long as the quickest of them.
    fn is_too_slow(&mut self, since: Time) -> bool {
        let took = Duration(self.now.0.saturating_sub(since.0));
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
        // One that took several T counts as several, so that a primary gains nothing from the patience of the others.
        let times = u32::try_from(took.0 / self.config.view_timeout.0.max(1)).unwrap_or(STRIKES);
        progress.strikes = progress.strikes.saturating_add(times.max(1));
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
        // Requests have executed. Slow primaries in a row must not have more and more time.
        self.progress.attempts = 0;
        self.progress.left = self.progress.left.saturating_add(1);
        self.start_view_change(self.view.next());
    }

    /// A new primary starts without strikes, and has all of its time for each crowded speaker.
    pub(super) fn forgive(&mut self) {
        self.progress.strikes = 0;
        self.progress.crowded.forgive();
    }
}
