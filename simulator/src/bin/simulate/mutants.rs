//! Engines with a known bug: each must be caught, by the plan kept for it or by a seed.

use std::panic;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::anyhow;
use quorate_protocol::Mutant;
use quorate_simulator::mutants::kept_plan;
use quorate_simulator::plan::{Choice, PlanError};
use quorate_simulator::{Plan, Trace, Violation, run, run_until, shrink_until};
use serde::Serialize;

use crate::options::{Format, Mutants};
use crate::out::{complain, say};
use crate::stop::Stop;
use crate::{BROKEN, FAILED, progress, report};

/// The lowest seed that catches a mutant, and how.
type Catch = (u64, Violation);

/// Plays seeds against each mutant until it is caught, and prints a table; the exit status.
pub(crate) fn command(options: &Mutants, stop: &Stop) -> anyhow::Result<u8> {
    // A panic is what some of them are caught by.
    panic::set_hook(Box::new(|_| {}));
    let chosen = chosen(options)?;
    let announced = format!("Playing {} engines with a known bug", chosen.len());
    let bar = progress::bar(chosen.len() as u64, "mutants", &announced);
    if options.format == Format::Text {
        bar.suspend(|| say(&heading()));
    }
    let (mut played, mut escaped) = (0_u64, 0_u64);
    for mutant in &chosen {
        bar.set_message(format!(", {mutant}"));
        let found = find(*mutant, options, stop)?;
        // A mutant that was not caught until the command was stopped may still be caught.
        if stop.is_asked() && found.caught.is_none() {
            break;
        }
        played += 1;
        escaped += u64::from(found.caught.is_none());
        bar.suspend(|| found.tell(options));
        bar.inc(1);
    }
    bar.finish_and_clear();
    if stop.is_asked() && stop.status().is_none() {
        return Ok(FAILED);
    }
    let caught = played - escaped;
    let mut summary = format!("{caught} caught, {escaped} not caught");
    if stop.status().is_some() {
        let (reason, all) = (stop.reason(), chosen.len());
        summary = format!("stopped by {reason} after {played} of {all} mutants: {summary}");
    }
    match options.format {
        Format::Text => say(&summary),
        Format::Json => complain(&summary),
    }
    Ok(stop
        .status()
        .unwrap_or(if escaped > 0 { BROKEN } else { 0 }))
}

/// What came of one mutant.
struct Found {
    mutant: Mutant,
    /// How many seeds were played until it was caught, or all. 0: the plan that is kept for it caught it.
    seeds: u64,
    caught: Option<(u64, Violation, Plan)>,
}

fn find(mutant: Mutant, options: &Mutants, stop: &Stop) -> anyhow::Result<Found> {
    if let Some(caught) = catch_in_kept_plan(mutant)? {
        let (seeds, caught) = (0, Some(caught));
        return Ok(Found {
            mutant,
            seeds,
            caught,
        });
    }
    let (first, end) = options.seeds;
    let caught = catch(mutant, options, stop)?.map(|(seed, violation)| {
        let smallest = shrink_until(&plan(mutant, seed), &|| stop.is_asked());
        (seed, violation, smallest)
    });
    Ok(Found {
        mutant,
        seeds: caught.as_ref().map_or(end, |(seed, ..)| seed + 1) - first,
        caught,
    })
}

/// A mutant as JSON.
#[derive(Serialize)]
struct Row {
    v: u8,
    mutant: String,
    caught: bool,
    violated_rule: Option<&'static str>,
    violation: Option<String>,
    seed: Option<u64>,
    seeds: u64,
    plan_lines: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    smallest_plan: Option<String>,
}

impl Found {
    fn tell(&self, options: &Mutants) {
        match options.format {
            Format::Text => self.tell_people(options.plans),
            Format::Json => say(&report::line(&self.row(options.plans))),
        }
    }

    fn tell_people(&self, plans: bool) {
        let seeds = match self.seeds {
            0 => "kept plan".to_owned(),
            seeds => seeds.to_string(),
        };
        let name = name(self.mutant);
        let Some((_, violation, smallest)) = &self.caught else {
            say(&row(&name, "NOTHING", &seeds, "-"));
            return;
        };
        let text = smallest.to_text();
        let lines = format!("{} lines", text.lines().count());
        say(&row(&name, violation.rule().0, &seeds, &lines));
        if plans {
            say(&text);
        }
    }

    fn row(&self, plans: bool) -> Row {
        let caught = self.caught.as_ref();
        let text = caught.map(|(_, _, smallest)| smallest.to_text());
        Row {
            v: 1,
            mutant: name(self.mutant),
            caught: caught.is_some(),
            violated_rule: caught.map(|(_, violation, _)| violation.rule().0),
            violation: caught.map(|(_, violation, _)| violation.to_string()),
            seed: caught.map(|(seed, ..)| *seed),
            seeds: self.seeds,
            plan_lines: text.as_ref().map(|text| text.lines().count()),
            smallest_plan: text.filter(|_| plans),
        }
    }
}

fn chosen(options: &Mutants) -> anyhow::Result<Vec<Mutant>> {
    let Some(only) = &options.names else {
        let seen = |one: &Mutant| !Mutant::UNSEEN.contains(one);
        return Ok(Mutant::ALL.into_iter().filter(seen).collect());
    };
    let all = Mutant::ALL
        .into_iter()
        .filter(|one| only.contains(&name(*one)));
    let found: Vec<Mutant> = all.collect();
    if found.len() == only.len() {
        return Ok(found);
    }
    let known: Vec<String> = Mutant::ALL.into_iter().map(name).collect();
    Err(anyhow!("--only names mutants: {}", known.join(", ")))
}

fn heading() -> String {
    row("mutant", "caught by", "seeds", "plan")
}

fn row(mutant: &str, rule: &str, seeds: &str, plan: &str) -> String {
    format!("{mutant:22} {rule:34} {seeds:>9}  {plan:>9}")
}

/// The mutant as a plan has it.
fn name(mutant: Mutant) -> String {
    mutant.to_string()
}

fn plan(mutant: Mutant, seed: u64) -> Plan {
    let mut plan = Plan::generate(seed, &Choice::default());
    plan.engine.mutant = Some(mutant);
    plan
}

/// Plays the plan that is kept for a bug, if there is one.
fn catch_in_kept_plan(mutant: Mutant) -> anyhow::Result<Option<(u64, Violation, Plan)>> {
    let Some(text) = kept_plan(mutant) else {
        return Ok(None);
    };
    let mut plan = Plan::from_text(text)?;
    plan.engine.mutant = Some(mutant);
    let violation = run(&plan, Trace::Off)?.violation;
    Ok(violation.map(|violation| (plan.seed, violation, plan)))
}

fn catch(mutant: Mutant, options: &Mutants, stop: &Stop) -> Result<Option<Catch>, PlanError> {
    let (first, end) = options.seeds;
    let next = AtomicU64::new(first);
    // Seeds are given out in order, and each that was given out is played to its end: so the lowest is found.
    let end = AtomicU64::new(end);
    let caught: Mutex<Result<Option<Catch>, PlanError>> = Mutex::new(Ok(None));
    thread::scope(|scope| {
        for _ in 0..options.jobs {
            scope.spawn(|| {
                while let Some(seed) = take(&next, &end).filter(|_| !stop.is_asked()) {
                    let found = run_until(&plan(mutant, seed), Trace::Off, &|| stop.is_asked());
                    if matches!(&found, Ok(outcome) if outcome.violation.is_none())
                        || sound_engine_fails(mutant, seed)
                    {
                        continue;
                    }
                    end.fetch_min(seed, Ordering::Relaxed);
                    if let Ok(mut caught) = caught.lock() {
                        merge(&mut caught, seed, found.map(|outcome| outcome.violation));
                    }
                }
            });
        }
    });
    caught.into_inner().unwrap_or(Ok(None))
}

/// Whether an engine without a bug breaks a rule too: then the seed says nothing of the mutant.
fn sound_engine_fails(mutant: Mutant, seed: u64) -> bool {
    let mut sound = plan(mutant, seed);
    sound.engine = sound.engine.sound();
    let outcome = run(&sound, Trace::Off);
    outcome.is_ok_and(|outcome| outcome.violation.is_some())
}

fn take(next: &AtomicU64, end: &AtomicU64) -> Option<u64> {
    let seed = next.fetch_add(1, Ordering::Relaxed);
    (seed < end.load(Ordering::Relaxed)).then_some(seed)
}

fn merge(
    caught: &mut Result<Option<Catch>, PlanError>,
    seed: u64,
    found: Result<Option<Violation>, PlanError>,
) {
    match (&mut *caught, found) {
        (Ok(_), Err(error)) => *caught = Err(error),
        (Ok(best), Ok(Some(violation)))
            if best.as_ref().is_none_or(|(lowest, _)| seed < *lowest) =>
        {
            *best = Some((seed, violation));
        }
        _ => {}
    }
}
