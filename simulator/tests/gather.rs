//! Foundings: they are the same each time, and no rule is broken.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use quorate_simulator::Trace;
use quorate_simulator::gather::plan::{Lie, Partition, Restart, Role, Way};
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
fn a_plan_is_read_back_from_its_text() {
    for seed in 0..2_000 {
        let plan = Plan::generate(seed);
        let read = Plan::from_text(&plan.to_text());
        assert_eq!(read.unwrap(), plan, "seed {seed}");
    }
}

/// An owner of the first place that restarts twice, in an open group that is healed after 5 seconds.
fn plain() -> Plan {
    let mut plan = Plan::generate(1);
    (plan.way, plan.heal_ms) = (Way::Open, 5_000);
    plan.partitions.clear();
    for person in &mut plan.people {
        (person.role, person.starts_ms) = (Role::Owner, 0);
        person.restarts.clear();
        person.joins.clear();
    }
    let restart = |ends_ms, starts_ms| Restart {
        ends_ms,
        starts_ms,
        moves: false,
        forgets: false,
        torn: false,
    };
    plan.people[0].restarts = vec![restart(1_000, 2_000), restart(3_000, 4_000)];
    plan
}

#[test]
fn a_plan_that_cannot_be_played_as_it_is_written_is_refused_with_what_to_write() {
    assert_eq!(Plan::from_text(&plain().to_text()).unwrap(), plain());
    type Change = fn(&mut Plan);
    let cases: [(Change, &str); 19] = [
        (|plan| plan.nodes = 65, "nodes must be 2 to 64, and is 65"),
        (
            |plan| plan.heal_ms = 3_600_001,
            "heal_ms must be 0 to 3600000",
        ),
        (
            |plan| plan.lost = 1_001,
            "lost must be 0 to 1000, and is 1001",
        ),
        (|plan| plan.doubled = 1_001, "doubled must be 0 to 1000"),
        (
            |plan| plan.longest_us = u64::MAX,
            "longest_us must be 0 to 10000000",
        ),
        (
            |plan| plan.people = vec![plan.people[1].clone(); 257],
            "the number of people must be 0 to 256, and is 257",
        ),
        (
            |plan| plan.people[1].starts_ms = 5_001,
            "people[1].starts_ms must be 0 to 5000, and is 5001",
        ),
        (
            |plan| plan.people[1].joins = vec![99],
            "each place in people[1].joins must be 0 to ",
        ),
        (
            |plan| plan.people[1].joins = vec![1],
            "people[1] joins itself",
        ),
        (
            |plan| plan.people[1].role = Role::Liar(Lie::Sybil(5_000)),
            "people[1].role.liar.sybil must be 1 to 40, and is 5000",
        ),
        (
            |plan| plan.people[1].role = Role::Liar(Lie::Sybil(0)),
            "people[1].role.liar.sybil must be 1 to 40, and is 0",
        ),
        (
            |plan| plan.people[1].role = Role::Liar(Lie::Silent(7_001)),
            "people[1].role.liar.silent must be 0 to 7000",
        ),
        (
            |plan| plan.people[1].role = Role::Liar(Lie::Late(5_001)),
            "people[1].role.liar.late must be 0 to 5000",
        ),
        (
            |plan| plan.people[0].role = Role::Liar(Lie::Twins),
            "people[0] lies and has restarts",
        ),
        (
            |plan| plan.people[0].restarts[0].starts_ms = 1_000,
            "people[0].restarts[0].starts_ms must be 1001 to ",
        ),
        (
            |plan| plan.people[0].restarts[1].ends_ms = 1_999,
            "people[0].restarts[1].ends_ms must be 2000 to ",
        ),
        (
            |plan| plan.people[0].restarts[1].starts_ms = 60_000,
            "people[0].restarts[1].starts_ms must be 3001 to 5006, and is 60000",
        ),
        (
            |plan| {
                plan.partitions = vec![Partition {
                    from_ms: 2,
                    to_ms: 1,
                    side: vec![0],
                }];
            },
            "partitions[0].to_ms must be 2 to 5000, and is 1",
        ),
        (
            |plan| {
                plan.way = Way::Invited;
                plan.people = vec![plan.people[1].clone(); plan.nodes as usize + 1];
            },
            "has no seat",
        ),
    ];
    for (change, says) in cases {
        let mut plan = plain();
        change(&mut plan);
        let refused = Plan::from_text(&plan.to_text()).unwrap_err().to_string();
        assert!(refused.contains(says), "{refused}");
    }
}

#[test]
fn all_that_shrinking_tries_can_be_played() {
    for plan in (0..50).map(Plan::generate).chain([plain()]) {
        // Two restarts of one person come close to each other when the run becomes short.
        let restarts = |plan: &Plan| {
            let people = plan.people.iter();
            people.map(|person| person.restarts.len()).max()
        };
        let most = restarts(&plan);
        shrink_while(&plan, 400, |smaller| {
            assert_eq!(Plan::from_text(&smaller.to_text()).unwrap(), *smaller);
            restarts(smaller) == most
        });
    }
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
