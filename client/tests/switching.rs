//! Processes become faulty, and correct again, while they run.
#![allow(clippy::unwrap_used)]

mod support;

use support::{Processes, assert_decided, complained, printed};

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
fn what_is_held_back_goes_out_when_its_process_is_healed() {
    let processes = Processes::start(4, "none");
    for name in ["R", "S"] {
        processes.client(&["fault", &format!("{name}=delay:1h")]);
    }
    // Two of four say nothing in time, one more than is survived.
    let stuck = processes.client(&["--format", "lines", "--timeout", "30s"]);
    assert_ne!(stuck.status.code(), Some(0), "{}", printed(&stuck));

    processes.client(&["heal", "R,S"]);
    assert_decided(
        &processes.client(&["--format", "lines", "--timeout", "60s"]),
        &["P", "Q", "R", "S"],
        "attack",
    );
}

#[test]
fn what_is_no_behaviour_and_nobody_are_refused() {
    let processes = Processes::start(4, "none");
    for (arguments, words) in [
        (&["fault", "P=sing"][..], "unknown behaviour 'sing'"),
        (&["fault", "Z"], "there is no process Z"),
        (&["fault", "none"], "'none' makes no process faulty"),
        (&["heal", "Z"], "there is no process 'Z' here"),
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
