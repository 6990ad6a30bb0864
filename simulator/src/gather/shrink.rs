//! Makes a failing plan of a founding small: fewer people, restarts and partitions, a calmer network, a shorter run.

use super::plan::{Lie, Person, Plan, Role};
use super::run;
use crate::shrink::{MOST_TRIES, Shrinks, shrink_while, without};
use crate::trace::Trace;

/// The smallest plan found until `stopped` that breaks the same rule. The same plan always shrinks to the same.
#[must_use]
pub fn shrink_until(plan: &Plan, stopped: &dyn Fn() -> bool) -> Plan {
    let Some(rule) = broken_rule(plan, stopped) else {
        return plan.clone();
    };
    shrink_while(plan, MOST_TRIES, |smaller| {
        broken_rule(smaller, stopped) == Some(rule)
    })
}

fn broken_rule(plan: &Plan, stopped: &dyn Fn() -> bool) -> Option<&'static str> {
    let violation = run(plan, Trace::Off, stopped).violation?;
    Some(violation.rule())
}

impl Shrinks for Plan {
    fn smaller(&self) -> Vec<Self> {
        let mut all = Vec::new();
        without(&mut all, self, |plan| &mut plan.partitions);
        for place in 0..self.people.len() {
            all.push(self.without_person(place));
            without(&mut all, self, |plan| &mut plan.people[place].restarts);
            without(&mut all, self, |plan| &mut plan.people[place].joins);
            all.extend(PLAINER.map(|plainer| {
                let mut smaller = self.clone();
                plainer(&mut smaller.people[place]);
                smaller
            }));
        }
        all.extend(CALMER.map(|calmer| {
            let mut smaller = self.clone();
            calmer(&mut smaller);
            smaller
        }));
        // Whoever is given the smallest plan must be able to play it.
        all.retain(|smaller| smaller != self && smaller.check().is_ok());
        all
    }
}

/// What makes somebody plainer.
const PLAINER: [fn(&mut Person); 5] = [
    |person| person.starts_ms = 0,
    |person| {
        for restart in &mut person.restarts {
            restart.moves = false;
        }
    },
    |person| {
        for restart in &mut person.restarts {
            restart.forgets = false;
        }
    },
    |person| {
        for restart in &mut person.restarts {
            restart.torn = false;
        }
    },
    |person| {
        if matches!(person.role, Role::Liar(lie) if lie != Lie::Silent(0)) {
            person.role = Role::Liar(Lie::Silent(0));
        }
    },
];

/// What makes a run calmer.
const CALMER: [fn(&mut Plan); 5] = [
    |plan| plan.lost = 0,
    |plan| plan.doubled = 0,
    |plan| plan.longest_us = plan.longest_us.min(1_000),
    |plan| shorten(plan, 2),
    |plan| shorten(plan, 4),
];

/// Heals earlier. What was planned after that comes at that moment.
fn shorten(plan: &mut Plan, divisor: u64) {
    plan.heal_ms -= plan.heal_ms / divisor;
    let heal_ms = plan.heal_ms;
    for person in &mut plan.people {
        person.starts_ms = person.starts_ms.min(heal_ms);
        if let Role::Liar(Lie::Silent(at_ms) | Lie::Late(at_ms)) = &mut person.role {
            *at_ms = (*at_ms).min(heal_ms);
        }
        for restart in &mut person.restarts {
            restart.ends_ms = restart.ends_ms.min(heal_ms);
            restart.starts_ms = restart.starts_ms.min(heal_ms + 1);
        }
    }
    plan.partitions.retain(|one| one.from_ms < heal_ms);
    for one in &mut plan.partitions {
        one.to_ms = one.to_ms.min(heal_ms);
    }
}

impl Plan {
    /// Without somebody. The places of those behind are one less.
    fn without_person(&self, place: usize) -> Self {
        let mut smaller = self.clone();
        smaller.people.remove(place);
        let renumber = |places: &mut Vec<usize>| {
            places.retain(|other| *other != place);
            for other in places {
                *other -= usize::from(*other > place);
            }
        };
        for person in &mut smaller.people {
            renumber(&mut person.joins);
        }
        for partition in &mut smaller.partitions {
            renumber(&mut partition.side);
        }
        smaller
    }
}
