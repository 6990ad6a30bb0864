//! Faults that these nodes cannot survive, and those that nobody can.

use crate::support::{assert_bad, assert_good, play};

#[test]
fn without_view_changes_a_silent_primary_is_the_end() {
    assert_bad(
        "pbft.py",
        "--silent n1 --timeout 2s",
        &[
            "no progress",
            "got no pbft_request_ok",
            "n1 has not answered",
            "must change the view",
        ],
    );
}

#[test]
fn a_primary_that_equivocates_is_the_end_too() {
    assert_bad(
        "pbft.py",
        "--liar n1=equivocate --timeout 2s",
        &["no progress", "must change the view"],
    );
}

#[test]
fn what_is_lost_is_not_sent_again() {
    assert_bad(
        "pbft.py",
        "--loss 100 --timeout 2s",
        &[
            "no progress",
            "in slot 1: phase pre-prepare, prepares_received 0",
            "must send again",
        ],
    );
    assert_bad(
        "pbft.py",
        "--partition 0s-1s:n1 --timeout 2s",
        &["no progress", "3 cut off", "must send again"],
    );
}

#[test]
fn a_partition_that_begins_later_harms_nobody_before() {
    assert_good("pbft.py", "--requests 1 --partition 1800s-3600s:n1+n2");
}

#[test]
fn with_too_many_silent_nodes_no_decision_is_reached_nor_demanded() {
    let ended = play("pbft.py", "--silent n3,n4 --timeout 2s");
    assert_eq!(ended.status, Some(0), "{ended:?}");
    for words in [
        "not reached: 'set x=42'",
        "agreement: nothing was decided",
        "bound: 2 of 4 processes are faulty, at most 1 is survived",
        "verdict: no decision was reached, and beyond the bound none is required",
    ] {
        assert!(ended.printed.contains(words), "'{words}': {ended:?}");
    }
    assert!(!ended.printed.contains("fault:"), "{ended:?}");
    let warning =
        "warning: 2 of 4 processes are faulty, at most 1 is survived: agreement is not promised";
    assert!(ended.complained.contains(warning), "{ended:?}");
}

#[test]
fn with_too_many_liars_no_decision_is_demanded() {
    let ended = play("pbft.py", "--liar n2=alter,n3=equivocate --timeout 2s");
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.printed.contains("none is required"), "{ended:?}");
}

#[test]
fn votes_that_others_counted_are_a_note_but_a_quorum_must_have_been_heard() {
    let ended = play(
        "pbft.py",
        "--silent n3,n4 --state-transfer -- --bug commits-early",
    );
    assert_eq!(ended.status, Some(1), "{ended:?}");
    for words in [
        "note: too few COMMITs",
        "fault: n1: decided without a quorum",
    ] {
        assert!(ended.printed.contains(words), "{ended:?}");
    }
}
