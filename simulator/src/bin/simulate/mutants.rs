//! Engines with a known bug: each must be caught.

use std::panic;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::anyhow;
use quorate_protocol::Mutant;
use quorate_simulator::plan::{Choice, PlanError};
use quorate_simulator::{Plan, Trace, Violation, run, shrink};

use crate::options::Mutants;
use crate::say;

/// The lowest seed that catches a mutant, and how.
type Catch = (u64, Violation);

/// Plays seeds against each mutant until it is caught, and prints a table; whether one was not.
pub(crate) fn command(options: &Mutants) -> anyhow::Result<bool> {
    // A panic is what some of them are caught by.
    panic::set_hook(Box::new(|_| {}));
    let (first, end) = options.seeds;
    say(&row("mutant", "caught by", "seeds", "plan"));
    let mut escaped = 0;
    for mutant in chosen(options)? {
        let name = name(mutant);
        if let Some((seed, violation)) = catch(mutant, options)? {
            let small = shrink(&plan(mutant, seed));
            let lines = small.to_text().lines().count();
            let tries = (seed - first + 1).to_string();
            say(&row(
                &name,
                violation.rule().0,
                &tries,
                &format!("{lines} lines"),
            ));
            if options.plans {
                say(&small.to_text());
            }
        } else {
            escaped += 1;
            say(&row(&name, "NOTHING", &(end - first).to_string(), "-"));
        }
    }
    say(&format!("{escaped} not caught"));
    Ok(escaped > 0)
}

fn chosen(options: &Mutants) -> anyhow::Result<Vec<Mutant>> {
    let Some(only) = &options.only else {
        return Ok(Mutant::ALL.to_vec());
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

fn row(mutant: &str, rule: &str, seeds: &str, plan: &str) -> String {
    format!("{mutant:24} {rule:34} {seeds:>16}  {plan:>9}")
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

fn catch(mutant: Mutant, options: &Mutants) -> Result<Option<Catch>, PlanError> {
    let (first, end) = options.seeds;
    let next = AtomicU64::new(first);
    // Seeds are given out in order, and each that was given out is played to its end: so the lowest is found.
    let end = AtomicU64::new(end);
    let caught: Mutex<Result<Option<Catch>, PlanError>> = Mutex::new(Ok(None));
    thread::scope(|scope| {
        for _ in 0..options.jobs {
            scope.spawn(|| {
                while let Some(seed) = take(&next, &end) {
                    let found = run(&plan(mutant, seed), Trace::Off);
                    if matches!(&found, Ok(outcome) if outcome.violation.is_none())
                        || sound_engine_fails(seed)
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
fn sound_engine_fails(seed: u64) -> bool {
    let outcome = run(&Plan::generate(seed, &Choice::default()), Trace::Off);
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
