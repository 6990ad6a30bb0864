//! The exchange survives up to f faulty processes, however they misbehave, and beyond that says so.
#![allow(clippy::unwrap_used)]

mod support;

use support::{Processes, SEED_LINES, assert_decided, client, complained, printed};

/// Runs an exchange for which the client starts the processes itself.
fn exchange(faulty: &str, processes: &str) -> std::process::Output {
    client(&[
        "--spawn",
        "--format",
        "lines",
        "--faulty",
        faulty,
        "--processes",
        processes,
    ])
}

#[test]
fn by_default_p_denies_everyone_and_the_others_agree() {
    let output = client(&["--spawn", "--format", "lines"]);
    assert_eq!(printed(&output), SEED_LINES);
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn without_a_fault_all_four_decide_in_view_0() {
    let arguments = "--spawn --format json --faulty none --view-timeout 60s";
    let output = client(&arguments.split(' ').collect::<Vec<_>>());
    let exchange: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for decision in exchange["decisions"].as_array().unwrap() {
        assert_eq!(
            (decision["decision"].as_str(), decision["view"].as_u64()),
            (Some("attack"), Some(0)),
            "{decision}"
        );
    }
    assert_eq!(exchange["verdict"]["quorum"], 3);
    assert_eq!(exchange["verdict"]["agreement"], "kept");
}

#[test]
fn whichever_backup_denies_everyone_the_other_three_decide() {
    assert_decided(&exchange("Q", "4"), &["P", "R", "S"], "attack");
    assert_decided(&exchange("R", "4"), &["P", "Q", "S"], "attack");
    assert_decided(&exchange("S", "4"), &["P", "Q", "R"], "attack");
}

#[test]
fn p_may_deny_only_some() {
    let output = exchange("P=deny:R+S", "4");
    let printed = printed(&output);
    for line in [
        "P sent decision 'attack' to Q",
        "P denied communication to R",
        "P denied communication to S",
    ] {
        assert!(printed.contains(&format!("Process {line}\n")), "{printed}");
    }
    assert_decided(&output, &["Q", "R", "S"], "attack");
}

#[test]
fn an_equivocating_lying_or_silent_p_does_not_matter() {
    for behaviour in ["equivocate", "lie", "silent"] {
        assert_decided(
            &exchange(&format!("P={behaviour}"), "4"),
            &["Q", "R", "S"],
            "attack",
        );
    }
}

#[test]
fn a_crashed_p_has_lines_of_its_own() {
    let processes = Processes::start(4, "none");
    processes.kill("P");
    let output = processes.client(&["--format", "lines"]);
    let printed = printed(&output);
    assert!(
        printed.contains("Process P could not be reached to send to Q\n"),
        "{printed}"
    );
    assert!(
        printed.contains("Process P finalized decision: unreachable (killed by signal 9)\n"),
        "{printed}"
    );
    assert_eq!(printed.lines().count(), 16);
    assert_decided(&output, &["Q", "R", "S"], "attack");
}

#[test]
fn a_p_that_crashes_by_configuration_does_not_matter() {
    assert_decided(&exchange("P=crash", "4"), &["Q", "R", "S"], "attack");
}

#[test]
fn seven_processes_survive_two_and_ten_survive_three() {
    assert_decided(&exchange("P,Q", "7"), &["R", "S", "T", "U", "V"], "attack");
    assert_decided(
        &exchange("P,T,W", "10"),
        &["Q", "R", "S", "U", "V", "X", "Y"],
        "attack",
    );
}

#[test]
fn beyond_the_bound_there_is_no_decision() {
    let output = client(&["--spawn", "--faulty", "P,Q", "--decision-timeout", "2s"]);
    let printed = printed(&output);
    assert_eq!(output.status.code(), Some(3), "{printed}");
    assert!(
        printed.contains("Process R finalized decision: none ("),
        "{printed}"
    );
    assert!(
        printed.contains("Process S finalized decision: none ("),
        "{printed}"
    );
    assert!(
        printed.contains("there is no decision at R and S (quorum 3 of 4)."),
        "{printed}"
    );
}

#[test]
fn more_faulty_processes_than_are_survived_are_warned_of_before_they_are_started() {
    for (arguments, warning) in [
        (
            "--spawn --faulty P=lie,Q=lie",
            "warning: 2 of 4 processes are faulty, at most 1 is survived: agreement is not promised\n",
        ),
        (
            "submit get_x --spawn --processes 3 --faulty none",
            "warning: 3 processes survive no faulty one: use 4 or more to survive one\n",
        ),
        ("status --spawn --faulty P", ""),
    ] {
        let output = client(&arguments.split(' ').collect::<Vec<_>>());
        let complained = complained(&output);
        let first = complained.split_inclusive('\n').next().unwrap_or_default();
        assert_eq!(first, warning, "{arguments}");
    }
}

#[test]
fn without_a_quorum_there_is_a_clear_fault_in_time() {
    let processes =
        Processes::start_with_decision_timeout(4, "none", std::time::Duration::from_secs(2));
    processes.kill("R");
    processes.kill("S");
    let output = processes.client(&["--format", "lines"]);
    let printed = printed(&output);
    assert_eq!(output.status.code(), Some(3), "{printed}");
    assert!(
        printed.contains("Process P finalized decision: none ("),
        "{printed}"
    );
}
