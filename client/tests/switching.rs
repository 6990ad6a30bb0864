//! Processes become faulty, and correct again, while they run.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use support::{Processes, assert_decided, complained, eventually, printed};

#[test]
fn a_process_is_made_faulty_and_healed_again() {
    let processes = Processes::start(4, "none");
    let exchange = || processes.client(&["--format", "lines"]);
    assert_decided(&exchange(), &["P", "Q", "R", "S"], "attack");

    let told = processes.client(&["fault", "P", "--timeout", "30s"]);
    assert_eq!(printed(&told), "P: deny\n");
    let denied = exchange();
    assert!(printed(&denied).contains("Process P denied communication to Q\n"));
    assert!(printed(&denied).contains("Process P finalized decision: faulty\n"));
    assert_decided(&denied, &["Q", "R", "S"], "attack");

    let told = processes.client(&["fault", "P=silent"]);
    assert_eq!(printed(&told), "P: silent\n");
    assert_decided(&exchange(), &["Q", "R", "S"], "attack");

    let told = processes.client(&["heal"]);
    assert_eq!(printed(&told), "P: none\nQ: none\nR: none\nS: none\n");
    assert_decided(&exchange(), &["P", "Q", "R", "S"], "attack");
}

#[test]
fn the_fault_none_is_the_same_as_healing() {
    let processes = Processes::start(4, "none");
    let told = processes.client(&["fault", "P=silent,Q=none"]);
    assert_eq!(printed(&told), "P: silent\nQ: none\n");
    let told = processes.client(&["fault", "P=none"]);
    assert_eq!(printed(&told), "P: none\n", "{}", complained(&told));
    let status = printed(&processes.client(&["status", "--format", "json"]));
    assert!(!status.contains("silent"), "{status}");
    let exchange = processes.client(&["--format", "lines"]);
    assert_decided(&exchange, &["P", "Q", "R", "S"], "attack");
}

#[test]
fn once_enough_are_healed_they_decide_again() {
    let processes = Processes::start_with_decision_timeout(4, "none", Duration::from_secs(2));
    processes.client(&["fault", "R=delay:1h,S=silent"]);
    // Two of four say nothing in time, one more than is survived.
    let stuck = processes.client(&["--format", "lines"]);
    assert_ne!(stuck.status.code(), Some(0), "{}", printed(&stuck));

    processes.client(&["heal", "R,S"]);
    // They have waited longer for each view, and may have to wait once more.
    eventually("they decide", || {
        let exchange = processes.client(&["--format", "lines"]);
        exchange.status.code() == Some(0)
    });
}

#[test]
fn one_that_is_told_to_crash_has_ended_and_the_others_are_switched_too() {
    let processes = Processes::start(4, "none");
    let told = processes.client(&["fault", "P=crash,Q=silent"]);
    let printed_lines = printed(&told);
    assert!(
        ["P: has ended\nQ: silent\n", "P: crash\nQ: silent\n"].contains(&printed_lines.as_str()),
        "{printed_lines}{}",
        complained(&told)
    );
    assert_eq!(told.status.code(), Some(0));
    let process = &processes.all()[0];
    eventually("P ends", || process.ended().is_some());

    let healed = processes.client(&["heal"]);
    assert_eq!(printed(&healed), "Q: none\nR: none\nS: none\n");
    assert_eq!(
        complained(&healed),
        "error: process P is not reached (crashed, as its fault says): its behaviour and its links stay as they are\n"
    );
    assert_eq!(healed.status.code(), Some(2));
    let refused = processes.client(&["fault", "R=amnesia"]);
    assert!(complained(&refused).contains("start the server with --faulty"));
}

#[test]
fn more_faulty_processes_than_are_survived_are_warned_of_with_those_that_were_faulty_before() {
    let processes = Processes::start(4, "P");
    let told = processes.client(&["fault", "P=lie"]);
    assert_eq!(complained(&told), "");
    let told = processes.client(&["fault", "R=lie", "--format", "json"]);
    assert_eq!(
        complained(&told),
        "warning: 2 of 4 processes are faulty, at most 1 is survived: agreement is not promised\n"
    );
    let object: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(
        object,
        serde_json::json!({
            "v": 1,
            "processes": [{"process": "R", "fault": "lie", "cause": null}],
            "bound": {"processes": 4, "faulty": 2, "survived": 1, "holds": false},
        })
    );
    processes.kill("Q");
    let told = processes.client(&["heal", "P"]);
    assert_eq!(printed(&told), "P: none\n");
    assert_eq!(
        complained(&told),
        "warning: 2 of 4 processes are faulty, at most 1 is survived\n"
    );
    let told = processes.client(&["fault", "R=none"]);
    assert_eq!(printed(&told), "R: none\n");
    assert_eq!(complained(&told), "");
}

#[test]
fn one_that_is_away_does_not_pardon_one_that_is_proved_faulty() {
    let processes = Processes::start(4, "none");
    processes.client(&["fault", "P=equivocate"]);
    processes.client(&[]);
    eventually("P is proved faulty", || {
        printed(&processes.client(&["evidence"])).starts_with("P: ")
    });
    assert!(processes.client(&["pause", "S"]).status.success());
    let told = processes.client(&["heal", "P"]);
    assert_eq!(printed(&told), "P: none\n");
    assert_eq!(
        complained(&told),
        "error: process S is not reached (paused): it does not pardon P\n"
    );
    assert_eq!(told.status.code(), Some(2));
    // Nobody has a proof of Q, so S need not pardon it.
    let told = processes.client(&["heal", "Q"]);
    assert_eq!(complained(&told), "");
    assert_eq!(told.status.code(), Some(0));
    assert!(processes.client(&["resume", "S"]).status.success());
    assert_eq!(processes.client(&["heal", "P"]).status.code(), Some(0));
}

#[test]
fn three_processes_survive_no_fault() {
    let processes = Processes::start(3, "none");
    let told = processes.client(&["fault", "Q"]);
    assert_eq!(
        complained(&told),
        "warning: 1 of 3 processes is faulty, none is survived: agreement is not promised\n"
    );
}

#[test]
fn what_is_no_behaviour_and_nobody_are_refused() {
    let processes = Processes::start(4, "none");
    for (arguments, words) in [
        (&["fault", "P=sing"][..], "unknown behaviour 'sing'"),
        (&["fault", "Z"], "there is no process Z"),
        (&["fault", "none"], "'none' makes no process faulty"),
        (&["fault", "P=lei"], "did you mean 'lie'?"),
        (&["heal", "Z"], "there is no process 'Z' here"),
        (&["heal", "q"], "did you mean 'Q'?"),
    ] {
        let output = processes.client(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(
            complained(&output).contains(words),
            "{}",
            complained(&output)
        );
    }
}
