//! Whole universes: they are the same each time, hold the rules within the bound, and break them beyond it.

use quorate_protocol::ReplicaId;
use quorate_simulator::Outcome;
use quorate_simulator::plan::{Choice, Name};
use quorate_simulator::shrink::shrink_while;
use quorate_simulator::{Plan, Trace, Violation, run, shrink};

fn play(plan: &Plan) -> Outcome {
    run(plan, Trace::Digest(Default::default())).expect("the plan can be played")
}

fn of_four(twins: &[u32]) -> Choice {
    Choice {
        processes: Some(4),
        twins: Some(twins.iter().copied().map(Name::of).collect()),
        ..Choice::default()
    }
}

#[test]
fn one_seed_gives_one_plan_and_one_trace() {
    for seed in [1, 99, 12_345] {
        let [first, second] = [(); 2].map(|()| Plan::generate(seed, &Choice::default()));
        assert_eq!(first, second);
        let [first, second] = [&first, &second].map(play);
        assert_eq!(first.trace.digest(), second.trace.digest());
        assert_eq!(first.counts, second.counts);
        assert!(first.counts.messages > 0 && first.trace.digest().is_some());
    }
}

#[test]
fn plans_come_back_from_their_text_and_play_alike() {
    for seed in 0..50 {
        let plan = Plan::generate(seed, &Choice::default());
        let read = Plan::from_text(&plan.to_text()).expect("a plan's text is a plan");
        assert_eq!(read, plan, "seed {seed}");
    }
}

#[test]
fn within_the_bound_no_rule_is_broken() {
    for seed in 0..200 {
        let plan = Plan::generate(seed, &Choice::default());
        let outcome = run(&plan, Trace::Off).expect("the plan can be played");
        assert_eq!(outcome.violation, None, "seed {seed}");
    }
}

#[test]
fn beyond_the_bound_correct_processes_disagree_and_the_guilty_are_named() {
    two_twins_of_four_are_named(30);
}

#[test]
#[ignore = "it takes a minute"]
fn in_a_thousand_seeds_two_twins_of_four_are_named() {
    two_twins_of_four_are_named(1000);
}

/// Plays so many seeds, and finds the two twins, and nobody else, to blame for each disagreement.
fn two_twins_of_four_are_named(seeds: u64) {
    let disagreements: Vec<_> = (0..seeds)
        .map(|seed| Plan::generate(seed, &of_four(&[0, 1])))
        .filter_map(|plan| match play(&plan).violation {
            Some(Violation::Agreement(disagreement)) => Some(disagreement),
            _ => None,
        })
        .collect();
    assert!(
        !disagreements.is_empty(),
        "two twins of four never split the others"
    );
    for disagreement in disagreements {
        let culprits = [0, 1].map(ReplicaId).into();
        assert_eq!(disagreement.culprits, culprits, "{disagreement}");
    }
}

#[test]
fn a_disagreement_shrinks_to_what_it_needs_and_always_to_the_same() {
    let plan = (0..)
        .map(|seed| Plan::generate(seed, &of_four(&[0, 1])))
        .find(|plan| matches!(play(plan).violation, Some(Violation::Agreement(_))))
        .expect("some seed splits the others");
    let small = shrink(&plan);
    assert_eq!(small, shrink(&plan));
    assert!(matches!(
        play(&small).violation,
        Some(Violation::Agreement(_))
    ));
    assert_eq!(small.twins.len(), 2, "fewer twins cannot split the others");
    assert!(small.to_text().len() < plan.to_text().len());
}

#[test]
fn shrinking_keeps_what_the_failure_needs_and_drops_the_rest() {
    let plan = Plan::generate(3, &Choice::default());
    let name = *plan.requests.keys().next().expect("there are requests");
    let needs = |plan: &Plan| {
        plan.requests
            .get(&name)
            .is_some_and(|times| !times.is_empty())
    };
    let small = shrink_while(&plan, 1000, needs);
    assert_eq!(small.requests.len(), 1);
    assert_eq!(small.requests[&name].len(), 1);
    assert!(small.calls.is_empty());
    assert!(
        small.faulty.is_empty()
            && small.links.is_empty()
            && small.network.is_empty()
            && small.partitions.is_empty()
    );
    assert!(small.rounds.is_empty() && small.stops.is_empty() && small.clocks.is_empty());
}

#[test]
fn a_majority_that_is_silent_is_no_broken_rule() {
    let faulty = ["P=silent", "Q=silent"].map(str::to_owned).to_vec();
    let choice = Choice {
        processes: Some(4),
        faulty: Some(faulty),
        ..Choice::default()
    };
    let outcome = play(&Plan::generate(5, &choice));
    assert_eq!(outcome.violation, None);
}
