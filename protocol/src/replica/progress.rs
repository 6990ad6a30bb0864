//! The timer that detects a primary without progress (C4.4, C4.5.2, rules 14 and 15).

use std::collections::BTreeMap;

use super::Replica;
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
    pub(super) timed: Option<(ClientId, Timestamp)>,
    /// When the timer started.
    since: Time,
    /// Who speaks for that request, and the last slot that had executed when the timer started.
    from: Option<(ReplicaId, Sequence)>,
    /// The speakers whose requests are timed one by one, and more slowly, because others of theirs execute meanwhile.
    crowded: BTreeMap<ReplicaId, Option<Head>>,
    /// The views that this replica has left for each of them.
    left_for: BTreeMap<ReplicaId, Lenience>,
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
    /// The views that this replica has left because no null slot came. A liar can tell all but the primary that it has lost
    /// its memory.
    withheld: Lenience,
}

/// The request of a crowded speaker that has waited longest, and since when it is the one in this view.
type Head = ((ClientId, Timestamp), Time);

/// How often this replica has left a view for something that one liar can bring about by itself. Each view that is left for
/// it in vain makes the others wait twice as long (rule 28).
#[derive(Clone, Copy, Debug, Default)]
struct Lenience {
    /// How often, up to [`DOUBLINGS`].
    left: u32,
    /// When last.
    at: Time,
}

impl Lenience {
    /// How long a primary may take.
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
/// How often the time doubles that a peer without memory, or a crowded speaker, may have to wait.
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
        if let Some(oldest) = self.requests.oldest(&self.progress.crowded).cloned() {
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
        self.progress.timed = Some((client, timestamp));
        self.progress.from = Some((request.signer(), self.executed));
        self.progress.since = self.now;
        let at = self.now + self.patience();
        self.effects.push(Effect::SetTimer {
            timer: Timer::View,
            at,
        });
    }

    /// Called when the timer has run out. Passes over the speaker of the timed request if others of its requests have
    /// executed meanwhile. It may have told the primary of other requests than this replica, and of as many as there is room
    /// for. The primary is then not to blame. One that leaves out a request of a busy speaker is not known from it, so the
    /// requests of this speaker are timed by themselves (rule 28).
    pub(super) fn passes_over_timed(&mut self) -> bool {
        let Some((speaker, from)) = self.progress.from.filter(|_| self.progress.timed.is_some())
        else {
            return false;
        };
        let passes_over =
            self.requests.is_served_since(speaker, from) && !self.is_mutant(Mutant::CrowdedBlamed);
        if passes_over {
            let head = self.head_of(speaker);
            self.progress.crowded.insert(speaker, head);
            self.progress.timed = None;
        }
        passes_over
    }

    fn head_of(&self, speaker: ReplicaId) -> Option<Head> {
        let oldest = self.requests.oldest_of(speaker)?.value();
        Some(((oldest.client, oldest.timestamp), self.now))
    }

    /// Called at each status timer. The primary is left if the oldest request of a crowded speaker does not execute in time. A
    /// speaker of whom nothing waits is crowded no more.
    pub(super) fn watch_crowded(&mut self) {
        let (now, timeout) = (self.now, self.config.view_timeout);
        let watches = self.active && !self.is_primary() && !self.rejoins();
        for (speaker, before) in std::mem::take(&mut self.progress.crowded) {
            let Some(head) = self.head_of(speaker) else {
                continue;
            };
            let same = before.filter(|before| before.0 == head.0 && watches);
            let head = same.unwrap_or(head);
            self.progress
                .crowded
                .insert(speaker, watches.then_some(head));
        }
        let late = |(speaker, head): (&ReplicaId, &Option<Head>)| {
            let lenience = self
                .progress
                .left_for
                .get(speaker)
                .copied()
                .unwrap_or_default();
            let (_, since) = (*head)?;
            (now >= since + lenience.patience(now, timeout)).then_some(*speaker)
        };
        let late = self.progress.crowded.iter().find_map(late);
        if let Some(speaker) = late.filter(|_| !self.is_mutant(Mutant::CrowdedNotTimed)) {
            let lenience = self.progress.left_for.entry(speaker).or_default();
            lenience.count(now, timeout);
            self.start_view_change(self.view.next());
        }
    }

    pub(super) fn stop_progress_timer(&mut self) {
        self.progress.timed = None;
        self.progress.from = None;
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

    /// A new primary starts without strikes, and has all of its time for each crowded speaker.
    pub(super) fn forgive(&mut self) {
        self.progress.strikes = 0;
        for head in self.progress.crowded.values_mut() {
            *head = None;
        }
    }
}
