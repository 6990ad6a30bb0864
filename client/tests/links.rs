//! The links between processes that run are cut, slowed and healed.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::{Duration, Instant};

use quorate_server::LinkRules;
use serde_json::Value;
use support::{Processes, assert_decided, complained, eventually, printed};

const TWO_SECONDS: Duration = Duration::from_secs(2);

/// What a command prints as JSON.
fn object(processes: &Processes, arguments: &[&str]) -> Value {
    let output = processes.client(&[arguments, &["--format", "json"]].concat());
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn two_of_four_that_are_cut_off_decide_nothing_and_all_decide_once_they_are_healed() {
    let processes = Processes::start_with_decision_timeout(4, "none", TWO_SECONDS);
    let told = processes.client(&["link", "--partition", "P+Q/R+S"]);
    let cut = "P+Q<->R+S: cut (0 of 0 messages lost)";
    let lines: String = ["P", "Q", "R", "S"]
        .map(|name| format!("{name}: {cut}\n"))
        .concat();
    assert_eq!(printed(&told), lines, "{}", complained(&told));

    let stuck = processes.client(&["--format", "lines"]);
    assert_ne!(stuck.status.code(), Some(0), "{}", printed(&stuck));
    assert!(printed(&stuck).contains("Process P sent decision 'attack' to Q\n"));
    assert!(printed(&stuck).contains("Process P could not reach R\n"));
    assert!(!printed(&stuck).contains("finalized decision: attack"));
    // An operation needs no votes of the exchange: the messages of the order are cut, too.
    let unordered = processes.client(&["submit", "set x=1"]);
    assert_eq!(unordered.status.code(), Some(3), "{}", printed(&unordered));

    for process in object(&processes, &["link"])["processes"]
        .as_array()
        .unwrap()
    {
        let rule = &process["links"][0];
        assert!(rule["lost"].as_u64().unwrap() > 0, "{process}");
        assert_eq!(rule["lost"], rule["fitted"], "a cut loses all: {process}");
    }
    for process in object(&processes, &["status"])["processes"]
        .as_array()
        .unwrap()
    {
        assert!(process["messages_lost"].as_u64().unwrap() > 0, "{process}");
    }

    let healed = processes.client(&["heal"]);
    let nothing = "P: none\nQ: none\nR: none\nS: none\n";
    assert_eq!(printed(&healed), nothing, "{}", complained(&healed));
    assert_eq!(printed(&processes.client(&["link"])), nothing);
    // They have waited longer for each view, and may have to wait once more.
    eventually("they decide", || {
        let exchange = processes.client(&["--format", "lines"]);
        exchange.status.code() == Some(0)
    });
}

#[test]
fn a_partition_from_the_start_holds_until_it_is_healed() {
    let partition = LinkRules::with_partitions(&["P+Q/R+S"], &[], 4).unwrap();
    let processes = Processes::start_with_links(partition, TWO_SECONDS);
    let stuck = processes.client(&["--format", "lines"]);
    assert_ne!(stuck.status.code(), Some(0), "{}", printed(&stuck));
    processes.client(&["heal", "P,Q,R,S"]);
    eventually("they decide", || {
        let exchange = processes.client(&["--format", "lines"]);
        exchange.status.code() == Some(0)
    });
}

#[test]
fn a_window_that_is_over_when_the_processes_start_cuts_nothing() {
    let rules = ["*->*: cut @-1us", "P->Q: cut @1h-"];
    let rules = LinkRules::parse(&rules, 4).unwrap();
    let processes = Processes::start_with_links(rules, Duration::from_secs(10));
    let exchange = processes.client(&["--format", "lines"]);
    assert_decided(&exchange, &["P", "Q", "R", "S"], "attack");
    for process in object(&processes, &["link"])["processes"]
        .as_array()
        .unwrap()
    {
        assert_eq!(process["links"][0]["fitted"], 0, "{process}");
    }
}

/// Three messages follow each other until an operation has executed: the PRE-PREPARE, a PREPARE and a COMMIT. That takes at
/// least three delays. How long it may take is not said.
#[test]
fn an_operation_waits_for_the_delay_of_each_step() {
    let processes = Processes::start(4, "none");
    let told = processes.client(&["link", "*->*: delay 60ms+-10ms"]);
    assert!(printed(&told).starts_with("P: *->*: delay 60ms±10ms (0 of 0 messages lost)\n"));
    let begun = Instant::now();
    let done = processes.client(&["submit", "set x=1"]);
    let took = begun.elapsed();
    assert_eq!(done.status.code(), Some(0), "{}", complained(&done));
    assert!(took >= Duration::from_millis(150), "{took:?}");
    for process in object(&processes, &["link"])["processes"]
        .as_array()
        .unwrap()
    {
        let rule = &process["links"][0];
        assert!(rule["fitted"].as_u64().unwrap() > 0, "{process}");
        assert_eq!(rule["lost"], 0, "{process}");
    }
}

#[test]
fn a_rule_is_about_one_direction_and_the_kinds_that_it_names() {
    let processes = Processes::start(4, "none");
    let told = processes.client(&["link", "Q->P: pass", "P->* vote: cut"]);
    let lines = "P: P->* vote: cut (0 of 0 messages lost)\nQ: Q->P: pass (0 of 0 messages lost)\nR: none\nS: none\n";
    assert_eq!(printed(&told), lines, "{}", complained(&told));
    let exchange = processes.client(&["--format", "lines"]);
    assert!(
        printed(&exchange).contains("Process P could not reach Q\n"),
        "{}",
        printed(&exchange)
    );
    assert!(printed(&exchange).contains("Process Q sent decision 'attack' to P\n"));
    // P's messages of the order pass, so P decides with the others.
    assert_decided(&exchange, &["P", "Q", "R", "S"], "attack");
}

#[test]
fn what_is_no_rule_is_refused_before_anything_changes() {
    let processes = Processes::start(4, "none");
    for (arguments, words) in [
        (
            &["link", "P->Q: cut", "P->Q: lose 5%"][..],
            "unknown effect 'lose': did you mean 'loss'?",
        ),
        (&["link", "P->Z: cut"], "there is no process Z"),
        (&["link", "--partition", "P+Q"], "a side is missing"),
    ] {
        let output = processes.client(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(
            complained(&output).contains(words),
            "{}",
            complained(&output)
        );
    }
    assert_eq!(
        printed(&processes.client(&["link"])),
        "P: none\nQ: none\nR: none\nS: none\n"
    );
}

#[test]
fn a_process_that_is_away_is_a_failure_because_its_links_stay_as_they_are() {
    let processes = Processes::start(4, "none");
    assert!(processes.client(&["pause", "P"]).status.success());
    for (arguments, what) in [
        (
            &["link", "P->Q: cut"][..],
            "what it sends follows the rules that it has",
        ),
        (&["heal"], "its behaviour and its links stay as they are"),
    ] {
        let output = processes.client(arguments);
        assert_eq!(printed(&output), "Q: none\nR: none\nS: none\n");
        let error = format!("error: process P is not reached (paused): {what}\n");
        assert_eq!(complained(&output), error, "{arguments:?}");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let told = &object(&processes, arguments)["processes"][0];
        assert_eq!(told["process"], "P", "{told}");
        assert!(told["cause"].as_str().unwrap().contains(what), "{told}");
    }
    let shown = processes.client(&["link"]);
    assert_eq!(complained(&shown), "");
    assert_eq!(shown.status.code(), Some(0));

    assert!(processes.client(&["resume", "P"]).status.success());
    let told = processes.client(&["link", "P->Q: cut"]);
    assert_eq!(told.status.code(), Some(0), "{}", complained(&told));
}
