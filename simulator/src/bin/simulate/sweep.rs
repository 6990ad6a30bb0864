//! Many seeds on many threads.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::Instant;

use indicatif::ProgressBar;
use quorate_simulator::plan::PlanError;
use quorate_simulator::{Outcome, Trace, Verdict, run_until, shrink_until};

use crate::options::{Format, Sweep};
use crate::out::{complain, say};
use crate::report::{self, Row};
use crate::stop::Stop;
use crate::universes::Universes;
use crate::{BROKEN, FAILED, progress};

/// How many broken seeds are shown with their smallest plan; the others have a line each.
const SHOWN: usize = 3;

/// How many results may wait to be taken and put into the order of their seeds.
const MOST_WAITING: usize = 1 << 12;

type Played = (u64, Result<Outcome, PlanError>);

/// What came of the seeds.
#[derive(Default)]
struct Totals {
    seeds: u64,
    simulated: u64,
    messages: u64,
    violations: u64,
    expected: u64,
    /// The broken seeds, for the end of the text. As JSON each has its line already.
    broken: Vec<(u64, Outcome)>,
}

/// Plays all seeds and prints what was found; the exit status.
#[expect(
    clippy::disallowed_methods,
    reason = "the rate is of the real world; no run sees the clock"
)]
pub(crate) fn command(sweep: &Sweep, stop: &Stop) -> anyhow::Result<u8> {
    let universes = Universes::new(sweep.plan.as_ref(), &sweep.universe)?;
    if let Some(warning) = universes.bound()?.and_then(|bound| bound.warning()) {
        complain(&format!("warning: {warning}"));
    }
    let started = Instant::now();
    let totals = play_all(sweep, &universes, stop)?;
    let wall = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    if stop.is_asked() && stop.status().is_none() {
        return Ok(FAILED);
    }
    let (first, end) = sweep.seeds;
    let mut summary = totals.summary(wall);
    if stop.status().is_some() {
        summary = format!(
            "stopped by {} after {} of {} seeds: {summary}",
            stop.reason(),
            totals.seeds,
            end - first
        );
    }
    match sweep.format {
        Format::Json => complain(&summary),
        Format::Text => {
            tell_broken(&totals.broken, &universes, stop);
            say(&summary);
        }
    }
    Ok(stop
        .status()
        .unwrap_or(if totals.is_broken() { BROKEN } else { 0 }))
}

/// Plays the seeds, and takes what comes of them in their order, however many threads there are.
fn play_all(sweep: &Sweep, universes: &Universes, stop: &Stop) -> Result<Totals, PlanError> {
    let (first, end) = sweep.seeds;
    let jobs = sweep.jobs;
    let announced = format!("Playing the seeds {first} to {} on {jobs} threads", end - 1);
    let bar = progress::bar(end - first, "seeds", &announced);
    let next = AtomicU64::new(first);
    let (sender, receiver) = mpsc::sync_channel(MOST_WAITING);
    thread::scope(|scope| {
        for _ in 0..jobs {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || play_some(universes, end, next, &sender, stop));
        }
        drop(sender);
        let totals = in_order(first, receiver, &bar, |totals, seed, outcome| {
            totals.add(sweep.format, universes, &bar, seed, outcome);
        });
        bar.finish_and_clear();
        totals
    })
}

fn play_some(
    universes: &Universes,
    end: u64,
    next: &AtomicU64,
    results: &SyncSender<Played>,
    stop: &Stop,
) {
    while !stop.is_asked() {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            return;
        }
        let outcome = run_until(&universes.plan(seed), Trace::Off, &|| stop.is_asked());
        // Nobody listens any more once a plan cannot be played.
        if results.send((seed, outcome)).is_err() {
            return;
        }
    }
}

/// Hands on the results in the order of their seeds. What comes behind a seed that was stopped is known all the same.
fn in_order(
    first: u64,
    results: Receiver<Played>,
    bar: &ProgressBar,
    mut take: impl FnMut(&mut Totals, u64, Outcome),
) -> Result<Totals, PlanError> {
    let mut totals = Totals::default();
    let mut waiting = BTreeMap::new();
    let mut next = first;
    for (seed, outcome) in results {
        bar.inc(1);
        waiting.insert(seed, outcome?);
        while let Some(outcome) = waiting.remove(&next) {
            take(&mut totals, next, outcome);
            next += 1;
        }
    }
    for (seed, outcome) in waiting {
        take(&mut totals, seed, outcome);
    }
    Ok(totals)
}

impl Totals {
    fn add(
        &mut self,
        format: Format,
        universes: &Universes,
        bar: &ProgressBar,
        seed: u64,
        outcome: Outcome,
    ) {
        let verdict = outcome.verdict();
        if verdict == Verdict::Stopped {
            return;
        }
        self.seeds += 1;
        self.simulated += outcome.simulated.0;
        self.messages += outcome.counts.messages;
        if format == Format::Json {
            let row = Row::new(&universes.plan(seed), &outcome, universes.command(seed));
            bar.suspend(|| say(&row.line()));
        }
        match verdict {
            Verdict::Violation => self.violations += 1,
            Verdict::Expected => self.expected += 1,
            Verdict::Good | Verdict::Stopped => return,
        }
        bar.set_message(format!(", {}", self.found()));
        if format == Format::Text {
            self.broken.push((seed, outcome));
        }
    }

    /// Whether a rule was broken, beyond the bound too.
    const fn is_broken(&self) -> bool {
        self.violations + self.expected > 0
    }

    fn found(&self) -> String {
        match self.expected {
            0 => format!("{} violations", self.violations),
            expected => format!(
                "{} violations of the engine, {expected} expected beyond the bound",
                self.violations
            ),
        }
    }

    fn summary(&self, wall: u64) -> String {
        let micros = wall.max(1);
        let rate = |count: u64| u128::from(count) * 1_000_000 / u128::from(micros);
        format!(
            "{} seeds, {}, {} s: {} simulated s, {} messages; each second {} seeds, {} simulated s, {} messages",
            self.seeds,
            self.found(),
            report::seconds(micros),
            report::seconds(self.simulated),
            self.messages,
            rate(self.seeds),
            rate(self.simulated / 1_000_000),
            rate(self.messages),
        )
    }
}

/// The first in full with the smallest plan, the others in a line each.
fn tell_broken(broken: &[(u64, Outcome)], universes: &Universes, stop: &Stop) {
    for (index, (seed, outcome)) in broken.iter().enumerate() {
        let Some(violation) = &outcome.violation else {
            continue;
        };
        if index >= SHOWN || stop.is_asked() {
            let expected = match outcome.verdict() {
                Verdict::Expected => "expected beyond the bound",
                _ => "violated",
            };
            let rule = violation.rule().0;
            say(&format!("seed {seed}: {expected}: {rule}: {violation}"));
            continue;
        }
        let finding = report::finding(outcome).unwrap_or_default();
        say(&format!("{finding}\n  again: {}", universes.command(*seed)));
        let smallest = shrink_until(&universes.plan(*seed), &|| stop.is_asked());
        say(&report::smallest(&smallest));
    }
}
