//! Four `maelstrom-node` processes under `simulate maelstrom`'s router.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use quorate_router::{Conditions, Lie, Outcome, Run, Setup, Shown, Verdict, Work};

/// Much more than a request takes, even on a machine that is busy building.
const PATIENCE: Duration = Duration::from_secs(100);

/// Plays the workload with these conditions and returns the verdict.
fn play(work: Work, conditions: Conditions, timeout: Duration) -> Verdict {
    let node = vec![env!("CARGO_BIN_EXE_maelstrom-node").to_owned()];
    let setup = Setup {
        commands: vec![node; 4],
        // A node that misses votes, because they are lost or it is lied to, fetches the state of the others.
        state_transfer: conditions.loss > 0 || !conditions.liars.is_empty(),
        conditions,
        work,
        requests: if work == Work::LinKv { 60 } else { 5 },
        clients: if work == Work::LinKv { 4 } else { 1 },
        timeout,
        retransmits: false,
        batches: false,
        shown: Shown {
            most: 300,
            ..Shown::default()
        },
        log: false,
    };
    let run = Run::start(setup, &|| false, &|_| {}).expect("the nodes start");
    run.play()
}

fn conditions(silent: &[usize], liars: &[(usize, Lie)]) -> Conditions {
    Conditions {
        seed: 7,
        latency: (Duration::from_millis(1), Duration::from_millis(5)),
        silent: silent.iter().copied().collect::<BTreeSet<_>>(),
        liars: liars.iter().copied().collect::<BTreeMap<_, _>>(),
        ..Conditions::default()
    }
}

#[track_caller]
fn assert_good(work: Work, conditions: Conditions) {
    let verdict = play(work, conditions, PATIENCE);
    assert_eq!(verdict.outcome, Outcome::Good, "{verdict}");
}

#[test]
fn four_nodes_serve_every_workload() {
    for work in [Work::Pbft, Work::LinKv, Work::Echo] {
        assert_good(work, conditions(&[], &[]));
    }
}

#[test]
fn three_nodes_execute_while_one_is_silent() {
    for silent in [0, 3] {
        assert_good(Work::Pbft, conditions(&[silent], &[]));
    }
}

#[test]
fn three_nodes_execute_while_one_lies() {
    for lie in [Lie::Drop, Lie::Delay, Lie::Alter, Lie::Equivocate] {
        for liar in [0, 2] {
            assert_good(Work::Pbft, conditions(&[], &[(liar, lie)]));
        }
    }
}

#[test]
fn four_nodes_execute_while_messages_are_lost() {
    let conditions = Conditions {
        loss: 10,
        ..conditions(&[], &[])
    };
    assert_good(Work::Pbft, conditions);
}

#[test]
fn with_two_silent_nodes_no_decision_is_reached_and_that_is_said() {
    let verdict = play(Work::Pbft, conditions(&[2, 3], &[]), Duration::from_secs(3));
    assert_eq!(verdict.outcome, Outcome::NoDecision, "{verdict}");
    assert!(verdict.to_string().contains("no decision was reached"));
}

#[test]
fn a_diagram_shows_votes_and_the_view_change_and_no_keys() {
    let verdict = play(Work::Pbft, conditions(&[0], &[]), PATIENCE);
    assert_eq!(verdict.outcome, Outcome::Good, "{verdict}");
    let shows = |kind: &str| {
        let flights = verdict.flights.all.iter();
        flights.filter(|one| one.label.starts_with(kind)).count()
    };
    assert_eq!(shows("keys"), 0);
    for kind in ["commit", "view_change", "new_view", "pbft_status_ok"] {
        assert!(shows(kind) > 0, "{kind}");
    }
}
