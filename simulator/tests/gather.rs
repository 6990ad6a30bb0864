//! Foundings: they are the same each time, and no rule is broken.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use quorate_simulator::Trace;
use quorate_simulator::gather::plan::{Lie, Role, Way};
use quorate_simulator::gather::{Outcome, Plan, run};
use quorate_simulator::shrink::shrink_while;

fn play(seed: u64) -> Outcome {
    let trace = Trace::Digest(Default::default());
    run(&Plan::generate(seed), trace, &|| false)
}

#[test]
fn one_seed_gives_one_founding() {
    for seed in [1, 99, 12_345] {
        let [first, second] = [(); 2].map(|()| play(seed));
        assert_eq!(first.trace.digest(), second.trace.digest());
        assert_eq!(first.packets, second.packets);
        assert!(first.packets > 0 && first.trace.digest().is_some());
    }
}

#[test]
fn no_rule_of_foundings_is_broken() {
    let mut must_found = 0;
    for seed in 0..80 {
        let outcome = play(seed);
        let plan = Plan::generate(seed);
        assert_eq!(outcome.violation, None, "seed {seed}: {plan}");
        must_found += u64::from(outcome.founded_after.is_some());
    }
    assert!(must_found > 40, "{must_found}");
}

#[test]
fn a_plan_is_read_back_from_its_text_and_one_that_names_nobody_is_refused() {
    for seed in 0..200 {
        let plan = Plan::generate(seed);
        assert_eq!(Plan::from_text(&plan.to_text()).unwrap(), plan);
    }
    let mut plan = Plan::generate(1);
    plan.people[0].joins = vec![99];
    let refused = Plan::from_text(&plan.to_text()).unwrap_err().to_string();
    assert!(refused.contains("joins names the place 99"), "{refused}");
}

#[test]
fn shrinking_keeps_what_the_failure_needs_and_drops_the_rest() {
    let lies = |plan: &Plan| {
        let mut people = plan.people.iter();
        people.any(|person| person.role == Role::Liar(Lie::TwoHellos))
    };
    let mut plans = (0..).map(Plan::generate);
    let plan = plans.find(|plan| lies(plan) && !plan.partitions.is_empty());
    let small = shrink_while(&plan.unwrap(), 1000, lies);
    assert_eq!(small.people.len(), 1, "{small:?}");
    assert!(
        small.partitions.is_empty() && small.heal_ms < 4,
        "{small:?}"
    );
    assert_eq!((small.lost, small.doubled), (0, 0));
    assert_eq!(Plan::from_text(&small.to_text()).unwrap(), small);
}

#[test]
fn every_lie_every_way_in_and_both_sizes_are_drawn_alone_and_in_pairs() {
    let mut drawn = BTreeSet::new();
    for seed in 0..20_000 {
        let plan = Plan::generate(seed);
        let lies = plan.people.iter().filter_map(|person| match person.role {
            Role::Liar(lie) => {
                let name = format!("{lie:?}");
                Some(name.split('(').next().unwrap_or_default().to_owned())
            }
            _ => None,
        });
        let mut lies: Vec<String> = lies.collect();
        lies.sort();
        drawn.insert((plan.nodes, lies, plan.way == Way::Invited));
    }
    // 11 lies: alone with n = 4 and 7, in 66 pairs with n = 7, and nobody lies; with and without invitations.
    assert_eq!(drawn.len(), 2 * (11 + 11 + 66 + 2));
}
