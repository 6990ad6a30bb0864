//! Foundings: nodes that do not know each other find each other and found one cluster.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use quorate_simulator::Trace;
use quorate_simulator::gather::{Outcome, Plan, run, shrink_until};
use quorate_simulator::trace::Hash;
use serde::Serialize;

use crate::options::{Format, Gather};
use crate::out::{complain, say};
use crate::report;
use crate::seeds::{Manner, Seeds};
use crate::stop::Stop;
use crate::universes::Source;
use crate::{BROKEN, FAILED, seeds};

/// The seeds that are played if none is named.
const SEEDS: (u64, u64) = (0, 1000);

/// Plays one seed or many; the exit status.
pub(crate) fn command(gather: &Gather, stop: &Stop) -> anyhow::Result<u8> {
    let (broken, finished) = match (&gather.plan, gather.seed) {
        (Some(file), _) => {
            let source = Source::of(file);
            let plan = Plan::from_text(&source.read()?)
                .with_context(|| format!("{source} is no plan that can be played"))?;
            one(gather, &plan, again_from(file), stop)
        }
        (None, Some(seed)) => one(gather, &Plan::generate(seed), again(seed), stop),
        (None, None) => many(gather, gather.seeds.unwrap_or(SEEDS), stop),
    };
    let status = if broken { BROKEN } else { 0 };
    if stop.is_asked() && stop.status().is_none() && !finished {
        return Ok(FAILED);
    }
    Ok(stop.status().unwrap_or(status))
}

/// Whether a rule was broken, and whether the run went to its end.
fn one(gather: &Gather, plan: &Plan, command: String, stop: &Stop) -> (bool, bool) {
    let trace = if gather.trace {
        Trace::Lines(Hash::default(), say)
    } else {
        Trace::Digest(Hash::default())
    };
    let outcome = run(plan, trace, &|| stop.is_asked());
    let shrinks = outcome.violation.is_some() && !gather.no_shrink && !stop.is_asked();
    let smallest = || shrinks.then(|| shrink_until(plan, &|| stop.is_asked()).to_text());
    match gather.format {
        Format::Json => {
            let mut row = Row::new(plan, &outcome, command);
            row.smallest_plan = smallest();
            say(&row.line());
        }
        Format::Text => {
            tell(plan, &outcome);
            if let Some(text) = smallest() {
                say(&report::smallest(&text));
            }
        }
    }
    (outcome.violation.is_some(), !outcome.stopped)
}

fn tell(plan: &Plan, outcome: &Outcome) {
    say(&format!("seed {}: {plan}", plan.seed));
    let trace = outcome
        .trace
        .digest()
        .map(|digest| format!(", trace {digest}"));
    say(&format!(
        "{} simulated seconds, {} packets, {} clusters{}",
        report::seconds(outcome.simulated.0),
        outcome.packets,
        outcome.clusters,
        trace.unwrap_or_default()
    ));
    match &outcome.violation {
        Some(violation) => say(&format!("violated: {}: {violation}", violation.rule())),
        None if outcome.stopped => say("stopped before the end: no rule was broken until then"),
        None => say("no rule was broken"),
    }
}

/// What came of many seeds.
#[derive(Default)]
struct Totals {
    seeds: u64,
    violations: u64,
    packets: u64,
    counts: BTreeMap<&'static str, u64>,
    simulated: u64,
    /// Runs in which all owners had to become members.
    had_to: u64,
    /// The longest that it took after the healing, in microseconds, and with which seed.
    longest: Option<(u64, u64)>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the rate is of the real world; no run sees the clock"
)]
fn many(gather: &Gather, seeds: (u64, u64), stop: &Stop) -> (bool, bool) {
    let started = Instant::now();
    let mut totals = Totals::default();
    let play = |seed| Ok(run(&Plan::generate(seed), Trace::Off, &|| stop.is_asked()));
    let manner = Manner {
        jobs: gather.jobs.unwrap_or(2),
        stop,
        until: None,
    };
    let all = Seeds::all(seeds);
    let Ok(()) = seeds::play_all::<_, Infallible>(&all, &manner, play, |bar, seed, outcome| {
        bar.suspend(|| totals.add(gather.format, seed, &outcome));
    });
    let wall = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let summary = totals.summary(wall);
    match gather.format {
        Format::Json => complain(&summary),
        Format::Text => say(&summary),
    }
    (totals.violations > 0, totals.seeds == seeds.1 - seeds.0)
}

impl Totals {
    fn add(&mut self, format: Format, seed: u64, outcome: &Outcome) {
        if outcome.stopped {
            return;
        }
        self.seeds += 1;
        self.packets += outcome.packets;
        for (what, count) in &outcome.counts {
            *self.counts.entry(what).or_default() += count;
        }
        self.simulated += outcome.simulated.0;
        if let Some(after) = outcome.founded_after {
            self.had_to += 1;
            self.longest = self.longest.max(Some((after.0, seed)));
        }
        if format == Format::Json {
            say(&Row::new(&Plan::generate(seed), outcome, again(seed)).line());
        }
        if let Some(violation) = &outcome.violation {
            self.violations += 1;
            if format == Format::Text {
                say(&format!(
                    "seed {seed}: violated: {}: {violation}\n  {}\n  again: {}",
                    violation.rule(),
                    Plan::generate(seed),
                    again(seed)
                ));
            }
        }
    }

    fn summary(&self, wall: u64) -> String {
        let longest = self.longest.map(|(after, seed)| {
            let seconds = report::seconds(after);
            format!("; the slowest took {seconds} s after the healing (seed {seed})")
        });
        let counts = self.counts.iter();
        let counts: Vec<String> = counts
            .map(|(what, count)| format!("{count} {what}"))
            .collect();
        format!(
            "played: {}\n{} seeds, {} violations, {} s: {} simulated s, {} packets; {} had to found one cluster{}",
            counts.join(", "),
            self.seeds,
            self.violations,
            report::seconds(wall),
            report::seconds(self.simulated),
            self.packets,
            self.had_to,
            longest.unwrap_or_default()
        )
    }
}

/// The command that plays a seed again.
fn again(seed: u64) -> String {
    format!("simulate gather --seed {seed} --trace")
}

/// The command that plays a file again.
fn again_from(file: &Path) -> String {
    let words = [
        "simulate",
        "gather",
        "--plan",
        &file.to_string_lossy(),
        "--trace",
    ]
    .map(str::to_owned);
    shell_words::join(words)
}

/// A run as JSON.
#[derive(Debug, Serialize)]
struct Row {
    v: u8,
    seed: u64,
    plan: String,
    n: u32,
    verdict: &'static str,
    violated_rule: Option<&'static str>,
    violation: Option<String>,
    clusters: usize,
    packets: u64,
    counts: BTreeMap<&'static str, u64>,
    simulated_s: f64,
    /// How long after the healing the last one became a member.
    founded_after_s: Option<f64>,
    command: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    smallest_plan: Option<String>,
}

impl Row {
    fn new(plan: &Plan, outcome: &Outcome, command: String) -> Self {
        let violation = outcome.violation.as_ref();
        Self {
            v: 1,
            seed: plan.seed,
            plan: plan.to_string(),
            n: plan.nodes,
            verdict: match violation {
                Some(_) => "violation",
                None if outcome.stopped => "stopped",
                None => "good",
            },
            violated_rule: violation.map(|violation| violation.rule()),
            violation: violation.map(ToString::to_string),
            clusters: outcome.clusters,
            packets: outcome.packets,
            counts: outcome.counts.clone(),
            simulated_s: report::json_seconds(outcome.simulated.0),
            founded_after_s: outcome
                .founded_after
                .map(|after| report::json_seconds(after.0)),
            command,
            smallest_plan: None,
        }
    }

    fn line(&self) -> String {
        report::line(self)
    }
}
