//! Whoever misbehaves in whatever way, and whenever: within the bound no rule is broken.

use std::cell::RefCell;
use std::collections::BTreeSet;

use quorate_fault::Scene;
use quorate_fault::behaviour::{Entry, REGISTRY};
use quorate_fault::trigger::TRIGGERS;
use quorate_simulator::plan::{Back, Choice, Name, Round, Stop};
use quorate_simulator::shrink::shrink_while;
use quorate_simulator::trace::Hash;
use quorate_simulator::{Plan, Trace, run};

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Plays a plan, which must break no rule, and gives what happened line by line.
fn lines_of(plan: &Plan) -> Vec<String> {
    let keep = |line: &str| LINES.with_borrow_mut(|lines| lines.push(line.to_owned()));
    let outcome = run(plan, Trace::Lines(Hash::default(), keep)).expect("the plan can be played");
    assert_eq!(outcome.violation, None, "{}", plan.to_text());
    LINES.take()
}

/// A plan of four in which P misbehaves, and nothing else goes wrong.
fn calm(seed: u64, words: &str) -> Plan {
    let choice = Choice {
        processes: Some(4),
        faulty: Some(vec![format!("P={words}")]),
        twins: None,
        ..Choice::default()
    };
    let mut plan = Plan::generate(seed, &choice);
    plan.network.clear();
    plan.partitions.clear();
    plan.withheld.clear();
    plan.stops.clear();
    plan.clocks.clear();
    plan.engine.checkpoint_interval = 4;
    plan.engine.view_timeout_ms = 200;
    plan.engine.status_interval_ms = 100;
    plan.heal_ms = 2000;
    plan.requests = (1..4)
        .map(|index| {
            let times = (0..20).map(|number| number * 90).collect();
            (Name::of(index), times)
        })
        .collect();
    plan
}

fn count(lines: &[String], words: &str) -> usize {
    lines.iter().filter(|line| line.contains(words)).count()
}

/// The behaviours of processes that take part in the order alone.
fn behaviours() -> impl Iterator<Item = Entry> {
    REGISTRY
        .into_iter()
        .filter(|entry| entry.needs == Scene::Order)
}

#[test]
fn no_behaviour_of_one_in_four_breaks_a_rule() {
    for entry in behaviours() {
        for seed in 0..6 {
            let choice = Choice {
                processes: Some(4),
                faulty: Some(vec![format!("P={}", entry.example)]),
                twins: None,
                ..Choice::default()
            };
            let plan = Plan::generate(seed, &choice);
            let outcome = run(&plan, Trace::Off).expect("the plan can be played");
            assert_eq!(outcome.violation, None, "seed {seed}: {}", entry.example);
        }
    }
}

#[test]
fn plans_are_drawn_with_every_behaviour_and_every_trigger() {
    let drawn: Vec<String> = (0..600)
        .flat_map(|seed| Plan::generate(seed, &Choice::default()).faulty)
        .collect();
    for entry in behaviours() {
        let words = format!("={}", entry.name);
        assert!(drawn.iter().any(|one| one.contains(&words)), "{words}");
    }
    for (form, _) in TRIGGERS {
        let (name, _) = form.split_once('=').expect("a trigger has a value");
        let words = format!("@{name}=");
        assert!(drawn.iter().any(|one| one.contains(&words)), "{words}");
    }
    assert!(drawn.iter().any(|one| !one.contains('@')));
}

#[test]
fn who_forgets_is_started_again_and_votes_at_once() {
    let choice = Choice {
        processes: Some(4),
        faulty: Some(vec!["P=amnesia".to_owned()]),
        twins: None,
        ..Choice::default()
    };
    for seed in 0..10 {
        let plan = Plan::generate(seed, &choice);
        let again = |stop: &Stop| stop.process == Name::of(0) && stop.back == Back::FromDisk;
        assert!(plan.stops.iter().any(again), "seed {seed}");
    }
    // It leads view 0 and comes back before anything is stable: it gives slots away that it has given away before.
    let mut plan = calm(1, "amnesia");
    plan.engine.checkpoint_interval = 64;
    plan.stops = vec![Stop {
        process: Name::of(0),
        from_ms: 400,
        to_ms: 401,
        back: Back::FromDisk,
    }];
    let accused = |plan: &Plan| count(&lines_of(plan), "accuses P");
    assert!(accused(&plan) > 0, "it never contradicted itself");
    plan.faulty = vec!["P=duplicate".to_owned()];
    assert_eq!(accused(&plan), 0, "what is on disk keeps others from it");
}

#[test]
fn a_state_that_was_tampered_with_is_found_to_differ_and_repaired() {
    let lines = lines_of(&calm(1, "tamper@slots=1-8"));
    let differs = " P finds its state at slot";
    let repaired = " P takes over the state up to slot";
    assert_eq!(count(&lines, differs), 2, "at slots 4 and 8");
    let last = |words| lines.iter().rposition(|line| line.contains(words));
    assert!(last(repaired) > last(differs));
    // From then on it goes along: its checkpoints are everyone's.
    let executes = |by: &str| {
        let words = format!(" {by} executes slot");
        let last = lines.iter().rfind(|line| line.contains(&words));
        last.map(|line| line[line.find("slot").unwrap_or_default()..].to_owned())
    };
    assert!(executes("P").is_some());
    assert_eq!(executes("P"), executes("Q"));
}

#[test]
fn damage_late_words_and_gaps_are_seen_by_the_others() {
    let refused = "refuses a batch of P: the signature of P is not valid";
    let corrupted = lines_of(&calm(1, "corrupt"));
    assert!(count(&corrupted, refused) > 20 && count(&corrupted, "hears garbage") > 20);
    assert_eq!(count(&lines_of(&calm(1, "silent")), refused), 0);

    let view_changes = |words| count(&lines_of(&calm(1, words)), "starts view");
    assert_eq!(view_changes("duplicate"), 0);
    assert_eq!(view_changes("delay:20ms"), 0);
    assert!(
        view_changes("delay:300ms") > 0,
        "later than the others wait"
    );
    assert!(view_changes("skip") > 0, "a slot that stays empty");
    let mut plan = calm(1, "slow");
    plan.calls.clear();
    plan.rounds.clear();
    plan.requests.retain(|name, _| *name == Name::of(1));
    let slow = lines_of(&plan);
    let first = slow.iter().find(|line| line.contains("starts view"));
    let first = first.expect("after a while it is found to be slow (rule 18)");
    assert!(first.as_str() > "   1.", "not at the first timer: {first}");
}

#[test]
fn a_vote_of_a_late_process_comes_late() {
    let mut plan = calm(1, "delay:500ms");
    plan.requests.clear();
    plan.calls.clear();
    plan.rounds = vec![Round {
        at_ms: 0,
        decisions: vec!["attack".to_owned(); 4],
    }];
    let lines = lines_of(&plan);
    let heard = lines.iter().find(|line| line.contains("hears vote P"));
    let heard = heard.expect("it arrives in the end");
    assert!(heard.as_str() > "   0.5", "{heard}");
    let others = lines.iter().find(|line| line.contains("hears vote Q"));
    assert!(others.is_some_and(|line| line.as_str() < "   0.1"));
}

#[test]
fn shrinking_drops_triggers_and_makes_faults_plain() {
    let mut plan = Plan::generate(3, &Choice::default());
    plan.faulty = vec!["P=lie@after=5ms@chance=50%".to_owned()];
    (plan.twins, plan.apart) = (Vec::new(), Vec::new());
    let lies = |plan: &Plan| plan.faulty.iter().any(|words| words.contains("lie"));
    assert_eq!(shrink_while(&plan, 1000, lies).faulty, ["P=lie"]);
    let at_chance = |plan: &Plan| plan.faulty.iter().any(|words| words.contains("chance"));
    assert_eq!(
        shrink_while(&plan, 1000, at_chance).faulty,
        ["P=lie@chance=50%"]
    );
    let anyone = |plan: &Plan| !plan.faulty.is_empty();
    assert_eq!(shrink_while(&plan, 1000, anyone).faulty, ["P=silent"]);
}

#[test]
fn chance_falls_alike_each_time() {
    let words: BTreeSet<_> = [(); 3]
        .map(|()| lines_of(&calm(2, "drop:50%@chance=50%")))
        .into();
    assert_eq!(words.len(), 1);
}
