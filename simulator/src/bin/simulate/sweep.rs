//! Many seeds on many threads.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use quorate_simulator::plan::{Choice, PlanError};
use quorate_simulator::{Plan, Trace, Violation, run};

use crate::options::Sweep;
use crate::{report, say};

/// How many broken seeds are shown with their smallest plan; the others are named only.
const SHOWN: usize = 3;

#[derive(Default)]
struct Totals {
    seeds: u64,
    simulated: u64,
    messages: u64,
    broken: Vec<(u64, Violation)>,
    unplayable: Option<PlanError>,
}

impl Totals {
    fn add(&mut self, other: Self) {
        self.seeds += other.seeds;
        self.simulated += other.simulated;
        self.messages += other.messages;
        self.broken.extend(other.broken);
        self.unplayable = self.unplayable.take().or(other.unplayable);
    }
}

/// Plays all seeds and prints what was found; whether a rule was broken.
#[expect(
    clippy::disallowed_methods,
    reason = "the rate is of the real world; no run sees the clock"
)]
pub(crate) fn command(sweep: &Sweep) -> anyhow::Result<bool> {
    let choice = sweep.universe.choice()?;
    let started = Instant::now();
    let mut totals = play_all(sweep, &choice);
    let wall = started.elapsed();
    if let Some(error) = totals.unplayable {
        return Err(error.into());
    }
    totals.broken.sort_by_key(|(seed, _)| *seed);
    for (index, (seed, violation)) in totals.broken.iter().enumerate() {
        let command = sweep.universe.command(*seed);
        let plan = Plan::generate(*seed, &choice);
        say(&report::violation(
            &plan,
            violation,
            &command,
            index < SHOWN,
        ));
    }
    let micros = u64::try_from(wall.as_micros()).unwrap_or(u64::MAX).max(1);
    let rate = |count: u64| u128::from(count) * 1_000_000 / u128::from(micros);
    say(&format!(
        "{} seeds, {} violations, {} s: {} simulated s, {} messages; each second {} seeds, {} simulated s, {} messages",
        totals.seeds,
        totals.broken.len(),
        report::seconds(micros),
        report::seconds(totals.simulated),
        totals.messages,
        rate(totals.seeds),
        rate(totals.simulated / 1_000_000),
        rate(totals.messages),
    ));
    Ok(!totals.broken.is_empty())
}

fn play_all(sweep: &Sweep, choice: &Choice) -> Totals {
    let (first, end) = sweep.seeds;
    let bar = ProgressBar::new(end - first);
    if let Ok(style) = ProgressStyle::with_template(
        "{elapsed_precise} {wide_bar} {pos}/{len} seeds, {per_sec}, {msg}, {eta} left",
    ) {
        bar.set_style(style);
    }
    bar.set_message("0 violations");
    let next = AtomicU64::new(first);
    let totals = Mutex::new(Totals::default());
    thread::scope(|scope| {
        for _ in 0..sweep.jobs {
            scope.spawn(|| {
                let own = play_some(choice, end, &next, &bar);
                if let Ok(mut totals) = totals.lock() {
                    totals.add(own);
                }
            });
        }
    });
    bar.finish_and_clear();
    totals.into_inner().unwrap_or_default()
}

fn play_some(choice: &Choice, end: u64, next: &AtomicU64, bar: &ProgressBar) -> Totals {
    let mut totals = Totals::default();
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            return totals;
        }
        match run(&Plan::generate(seed, choice), Trace::Off) {
            Ok(outcome) => {
                totals.seeds += 1;
                totals.simulated += outcome.simulated.0;
                totals.messages += outcome.counts.messages;
                if let Some(violation) = outcome.violation {
                    bar.println(format!("seed {seed}: {}: {violation}", violation.rule().0));
                    totals.broken.push((seed, violation));
                }
            }
            Err(error) => {
                totals.unplayable = Some(error);
                return totals;
            }
        }
        bar.inc(1);
    }
}
