//! What is decided, over several exchanges with the same processes.
#![allow(clippy::unwrap_used)]

mod support;

use support::{Processes, assert_decided, client};

const ALL: [&str; 4] = ["P", "Q", "R", "S"];

#[test]
fn the_value_of_most_votes_wins() {
    let output = client(&[
        "--spawn",
        "--faulty",
        "none",
        "--decision",
        "P=retreat,Q=attack,R=retreat,S=retreat",
    ]);
    assert_decided(&output, &ALL, "retreat");
}

#[test]
fn a_tie_gives_the_default() {
    let tie = "P=attack,Q=attack,R=retreat,S=retreat";
    let output = client(&["--spawn", "--faulty", "none", "--decision", tie]);
    // All four votes are in before anyone is asked to finalize, so every ballot is the tie's.
    assert_decided(&output, &ALL, "retreat");
}

#[test]
fn a_second_exchange_gives_the_second_decision() {
    let processes = Processes::start(4, "P");
    assert_decided(
        &processes.client(&["--format", "lines"]),
        &["Q", "R", "S"],
        "attack",
    );
    let second = processes.client(&["--format", "lines", "--decision", "retreat"]);
    assert_decided(&second, &["Q", "R", "S"], "retreat");
}

#[test]
fn a_hundred_exchanges_in_a_row_stay_right() {
    let processes = Processes::start(4, "P");
    for exchange in 0..100 {
        let decision = ["attack", "retreat", "wait"][exchange % 3];
        let output = processes.client(&["--format", "lines", "--decision", decision]);
        assert_decided(&output, &["Q", "R", "S"], decision);
    }
}
