//! However one of four misbehaves, the other three agree.
#![allow(clippy::unwrap_used)]

mod support;

use quorate_fault::behaviour::{Entry, REGISTRY};
use quorate_fault::{Scene, grammar};
use support::{Processes, assert_decided, client, printed};

/// The behaviours of processes that take part in the order alone.
fn behaviours() -> impl Iterator<Item = Entry> {
    REGISTRY
        .into_iter()
        .filter(|entry| entry.needs == Scene::Order)
}

fn assert_others_agree(faulty: &str, others: &[&str]) {
    // A flood takes what the machine has, and so do the tests beside this one.
    let output = client(&[
        "--spawn",
        "--format",
        "lines",
        "--decision-timeout",
        "60s",
        "--faulty",
        faulty,
    ]);
    assert_decided(&output, others, "attack");
}

#[test]
fn however_the_first_primary_misbehaves_the_others_agree() {
    for entry in behaviours() {
        assert_others_agree(&format!("P={}", entry.example), &["Q", "R", "S"]);
    }
}

#[test]
fn however_a_backup_misbehaves_the_others_agree() {
    for entry in behaviours() {
        assert_others_agree(&format!("S={}", entry.example), &["P", "Q", "R"]);
    }
}

#[test]
fn a_behaviour_of_a_member_is_refused_where_no_process_gathers() {
    let advice = "'late-bid' needs a process that makes offers and bids by itself";
    let output = client(&["--spawn", "--faulty", "S=late-bid"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(
        String::from_utf8_lossy(&output.stderr).contains(advice),
        "{output:?}"
    );
    let processes = Processes::start(4, "none");
    let output = processes.client(&["fault", "S=late-bid@after=2s"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(
        String::from_utf8_lossy(&output.stderr).contains(advice),
        "{output:?}"
    );
}

#[test]
fn a_fault_may_show_only_sometimes() {
    assert_others_agree("R=equivocate@after=2s", &["P", "Q", "S"]);
    assert_others_agree("S=lie@slots=3-9@chance=25%", &["P", "Q", "R"]);
    assert_others_agree("Q=silent@views=0-1", &["P", "R", "S"]);
    assert_others_agree("P=crash@slots=1-2@chance=50%", &["Q", "R", "S"]);
}

#[test]
fn what_a_process_does_shows_in_the_transcript() {
    for (behaviour, line) in [
        ("drop:100%", "Process S kept silent towards P\n"),
        (
            "corrupt",
            "Process S could not send to P (S did not sign this vote to P",
        ),
        ("delay:50ms", "Process S sent decision 'attack' to P\n"),
        (
            "lie:surrender",
            "Process S sent decision 'surrender' to P\n",
        ),
    ] {
        let faulty = format!("S={behaviour}");
        let output = client(&["--spawn", "--format", "lines", "--faulty", &faulty]);
        assert_decided(&output, &["P", "Q", "R"], "attack");
        let printed = printed(&output);
        assert!(printed.contains(line), "'{line}' is missing in:\n{printed}");
    }
}

#[test]
fn what_comes_late_or_twice_still_counts() {
    for behaviour in ["delay:20ms", "duplicate", "replay"] {
        // Without P there is no quorum but with S.
        let processes = Processes::start(4, &format!("S={behaviour}"));
        processes.kill("P");
        let output = processes.client(&["--format", "lines"]);
        assert_decided(&output, &["Q", "R"], "attack");
    }
}

#[test]
fn clients_get_right_answers_beside_a_state_that_was_tampered_with() {
    let processes = Processes::start(4, "S=tamper");
    for operation in ["set x=1", "set y=2", "set x=42"] {
        let output = processes.client(&["submit", operation]);
        assert_eq!(printed(&output), "ok\n");
    }
    assert_eq!(printed(&processes.client(&["read", "x"])), "42\n");
    let missing = processes.client(&["read", "z"]);
    assert_eq!(missing.status.code(), Some(1), "{missing:?}");
    assert!(missing.stdout.is_empty(), "{missing:?}");
    assert_eq!(printed(&processes.client(&["submit", "get y"])), "2\n");
}

#[test]
fn the_help_lists_behaviours_and_triggers() {
    let output = client(&["--help"]);
    assert!(printed(&output).contains(&grammar::help()), "{output:?}");
}
