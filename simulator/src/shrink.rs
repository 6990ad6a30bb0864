//! Makes a failing plan small: fewer faults, fewer requests, a shorter run.

use crate::plan::Plan;
use crate::run::run;
use crate::trace::Trace;

/// How many plans are tried at most.
const MOST_RUNS: usize = 2000;

/// The smallest plan found that breaks the same rule. The same plan always shrinks to the same.
#[must_use]
pub fn shrink(plan: &Plan) -> Plan {
    let Some(rule) = broken_rule(plan) else {
        return plan.clone();
    };
    shrink_while(plan, MOST_RUNS, |smaller| {
        broken_rule(smaller) == Some(rule)
    })
}

fn broken_rule(plan: &Plan) -> Option<&'static str> {
    let outcome = run(plan, Trace::Off).ok()?;
    outcome.violation.map(|violation| violation.rule().0)
}

/// The smallest plan found for which `fails` holds, with at most `most` tries. It must hold for `plan`.
pub fn shrink_while(plan: &Plan, most: usize, mut fails: impl FnMut(&Plan) -> bool) -> Plan {
    let mut best = plan.clone();
    let mut tries = 0;
    'again: loop {
        for candidate in candidates(&best) {
            if tries == most {
                return best;
            }
            tries += 1;
            if fails(&candidate) {
                best = candidate;
                continue 'again;
            }
        }
        return best;
    }
}

/// Plans that are a little smaller, those that drop most first.
fn candidates(plan: &Plan) -> Vec<Plan> {
    let mut all = Vec::new();
    let mut change = |alter: &dyn Fn(&mut Plan)| {
        let mut smaller = plan.clone();
        alter(&mut smaller);
        if smaller != *plan {
            all.push(smaller);
        }
    };
    change(&|plan| plan.requests.clear());
    change(&|plan| plan.rounds.clear());
    change(&|plan| plan.links.clear());
    change(&|plan| plan.partitions.clear());
    change(&|plan| plan.stops.clear());
    change(&|plan| plan.clocks.clear());
    change(&|plan| plan.faulty.clear());
    change(&|plan| plan.twins.clear());
    for divisor in [2, 3] {
        change(&|plan| shorten(plan, divisor));
    }
    for name in plan.requests.keys() {
        change(&|plan| drop(plan.requests.remove(name)));
    }
    for (name, times) in &plan.requests {
        for half in [times.len() / 2, times.len().saturating_sub(1)] {
            change(&|plan| {
                if let Some(times) = plan.requests.get_mut(name) {
                    times.truncate(half.max(1));
                }
            });
        }
        for index in 0..times.len().saturating_sub(1) {
            change(&|plan| {
                if let Some(times) = plan.requests.get_mut(name) {
                    times.remove(index);
                }
            });
        }
    }
    for index in 0..plan.rounds.len() {
        change(&|plan| drop(plan.rounds.remove(index)));
    }
    for index in 0..plan.links.len() {
        change(&|plan| drop(plan.links.remove(index)));
        change(&|plan| plan.links[index].lost = 0);
        change(&|plan| plan.links[index].doubled = 0);
        change(&|plan| plan.links[index].late = 0);
    }
    for index in 0..plan.partitions.len() {
        change(&|plan| drop(plan.partitions.remove(index)));
    }
    for index in 0..plan.stops.len() {
        change(&|plan| drop(plan.stops.remove(index)));
    }
    for index in 0..plan.clocks.len() {
        change(&|plan| drop(plan.clocks.remove(index)));
    }
    for index in 0..plan.faulty.len() {
        change(&|plan| drop(plan.faulty.remove(index)));
    }
    for index in 0..plan.twins.len() {
        change(&|plan| {
            plan.twins.remove(index);
        });
    }
    all
}

/// Heals earlier, and drops what is planned after a little while then.
fn shorten(plan: &mut Plan, divisor: u64) {
    plan.heal_ms -= plan.heal_ms / divisor;
    let heal_ms = plan.heal_ms;
    for times in plan.requests.values_mut() {
        times.iter_mut().for_each(|at| *at = (*at).min(heal_ms));
    }
    for round in &mut plan.rounds {
        round.at_ms = round.at_ms.min(heal_ms);
    }
    plan.partitions.retain(|one| one.from_ms < heal_ms);
    plan.stops.retain(|one| one.from_ms < heal_ms);
    for one in &mut plan.partitions {
        one.to_ms = one.to_ms.min(heal_ms);
    }
    for one in &mut plan.stops {
        one.to_ms = one.to_ms.min(heal_ms);
    }
}
