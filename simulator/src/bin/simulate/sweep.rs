//! Many seeds on many threads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use indicatif::ProgressBar;
use quorate_simulator::{Outcome, Trace, Verdict, run_until, shrink_until};

use crate::options::{Format, Sweep};
use crate::out::{complain, say};
use crate::pages::{self, Pages};
use crate::report::{self, Row};
use crate::runs::{Header, Runs};
use crate::seeds::{Manner, Seeds};
use crate::shard::Shard;
use crate::stop::Stop;
use crate::universes::Universes;
use crate::{BROKEN, FAILED, seeds};

/// How many broken seeds are shown with their smallest plan; the others have a line each.
const SHOWN: usize = 3;

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
    let universes = Universes::new(sweep.plan.as_ref(), sweep.universe.chosen())?;
    if let Some(warning) = universes.bound()?.and_then(|bound| bound.warning()) {
        complain(&format!("warning: {warning}"));
    }
    let started = Instant::now();
    let mut seeds = Seeds {
        shard: sweep.shard.unwrap_or(Shard::WHOLE),
        ..Seeds::all(sweep.seeds)
    };
    let mut runs = None;
    if let Some(file) = &sweep.out {
        let header = Header::new(&universes, sweep.seeds, seeds.shard)?;
        let (opened, known) = Runs::open(file, &header, sweep.resume)?;
        (runs, seeds.known) = (Some(opened), known);
    }
    let mut pages = match &sweep.html_dir {
        Some(folder) => Some(Pages::open(folder)?),
        None => None,
    };
    let manner = Manner {
        jobs: sweep.jobs,
        stop,
        until: sweep.budget.and_then(|budget| started.checked_add(budget)),
    };
    let totals = play_all(sweep, &seeds, &manner, &universes, (runs, &mut pages))?;
    let wall = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    if stop.is_asked() && stop.status().is_none() {
        return Ok(FAILED);
    }
    let mut summary = totals.summary(wall);
    let wanted = seeds.count();
    let stopped = match stop.status() {
        Some(_) => Some(stop.reason()),
        None => (totals.seeds < wanted).then_some("its budget"),
    };
    if let Some(by) = stopped {
        let played = totals.seeds;
        summary = format!("stopped by {by} after {played} of {wanted} seeds: {summary}");
    }
    if !seeds.known.is_empty() {
        summary += &format!("; {} seeds were known", seeds.known.len());
    }
    if let Some(pages) = &pages {
        summary += &format!("; {}", pages.summary());
    }
    match sweep.format {
        Format::Json => complain(&summary),
        Format::Text => {
            tell_broken(&totals.broken, &universes, pages.as_ref(), stop);
            say(&summary);
        }
    }
    Ok(stop
        .status()
        .unwrap_or(if totals.is_broken() { BROKEN } else { 0 }))
}

fn play_all(
    sweep: &Sweep,
    seeds: &Seeds,
    manner: &Manner<'_>,
    universes: &Universes<'_>,
    (mut runs, pages): (Option<Runs>, &mut Option<Pages>),
) -> anyhow::Result<Totals> {
    let mut totals = Totals::default();
    let failed = AtomicBool::new(false);
    let mut failure = None;
    let is_over = || manner.stop.is_asked() || failed.load(Ordering::Relaxed);
    let play = |seed| run_until(&universes.plan(seed), Trace::Off, &is_over);
    seeds::play_all(seeds, manner, play, |bar, seed, outcome| {
        let verdict = outcome.verdict();
        if verdict == Verdict::Stopped || failure.is_some() {
            return;
        }
        let row = || Row::new(&universes.plan(seed), &outcome, universes.command(seed));
        if let Some(runs) = &mut runs {
            failure = runs.add(&row()).err();
        }
        if let Some(pages) = pages.as_mut().filter(|_| outcome.violation.is_some()) {
            let (plan, command) = (universes.plan(seed), universes.command(seed));
            let add = || pages.add(&plan, &command, manner.stop).err();
            failure = failure.take().or_else(add);
        }
        failed.store(failure.is_some(), Ordering::Relaxed);
        if sweep.format == Format::Json {
            bar.suspend(|| say(&row().line()));
        }
        totals.add(sweep.format, bar, seed, outcome);
    })?;
    match failure {
        Some(error) => Err(error),
        None => Ok(totals),
    }
}

impl Totals {
    fn add(&mut self, format: Format, bar: &ProgressBar, seed: u64, outcome: Outcome) {
        self.seeds += 1;
        self.simulated += outcome.simulated.0;
        self.messages += outcome.counts.messages;
        match outcome.verdict() {
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

/// The first in full with the smallest plan, the others in two lines each.
fn tell_broken(
    broken: &[(u64, Outcome)],
    universes: &Universes,
    pages: Option<&Pages>,
    stop: &Stop,
) {
    for (index, (seed, outcome)) in broken.iter().enumerate() {
        let command = universes.command(*seed);
        let page = pages.and_then(|pages| pages.of(*seed));
        let page = page.map_or_else(
            || pages::command(&command),
            |file| file.display().to_string(),
        );
        if index >= SHOWN || stop.is_asked() {
            let finding = outcome.finding().unwrap_or_default();
            say(&format!("seed {seed}: {finding}\n  page: {page}"));
            continue;
        }
        let finding = report::finding(outcome).unwrap_or_default();
        say(&format!("{finding}\n  again: {command}\n  page: {page}"));
        let smallest = shrink_until(&universes.plan(*seed), &|| stop.is_asked());
        say(&report::smallest(&smallest.to_text()));
    }
}
