//! Processes that callers kill, start again and pause.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use support::{Processes, assert_decided, complained, printed};

#[test]
fn a_killed_process_shows_at_once_with_its_reason_in_every_table_and_comes_back() {
    let processes = Processes::start(4, "none");
    let killed = processes.client(&["kill", "S"]);
    assert_eq!(printed(&killed), "S: killed by signal 9\n");

    let status = printed(&processes.client(&["status"]));
    assert!(status.contains("killed by"), "{status}");
    let object = processes.client(&["status", "--format", "json"]);
    let object: Value = serde_json::from_slice(&object.stdout).unwrap();
    assert_eq!(object["processes"][3]["cause"], "killed by signal 9");
    assert_eq!(object["processes"][3]["reachable"], false);

    let exchange = processes.client(&[]);
    assert_decided(&exchange, &["P", "Q", "R"], "attack");
    let text = printed(&exchange);
    assert!(
        text.contains("Process S finalized decision: unreachable (killed by signal 9)\n"),
        "{text}"
    );
    let object = processes.client(&["--format", "json"]);
    let object: Value = serde_json::from_slice(&object.stdout).unwrap();
    assert_eq!(object["decisions"][3]["cause"], "killed by signal 9");

    let again = processes.client(&["kill", "S"]);
    assert_eq!(complained(&again), "error: S is gone: killed by signal 9\n");
    assert_eq!(again.status.code(), Some(2));

    let restarted = printed(&processes.client(&["restart", "S"]));
    let pid = processes.all()[3].pid().unwrap();
    assert_eq!(restarted, format!("S: running, pid {pid}\n"));
    let status = processes.client(&["status", "--format", "json"]);
    let object: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(object["processes"][3]["fault"], "none");
}

#[test]
fn commands_reach_the_server_while_all_processes_are_away() {
    let processes = Processes::start(4, "none");
    for name in ["P", "Q", "R", "S"] {
        let paused = processes.client(&["pause", name]);
        assert_eq!(printed(&paused), format!("{name}: paused\n"));
    }
    let status = processes.client(&["status"]);
    assert_eq!(printed(&status).matches("paused").count(), 4);
    assert_eq!(status.status.code(), Some(0));
    let resumed = processes.client(&["resume", "P,Q,R,S", "--format", "json"]);
    let object: Value = serde_json::from_slice(&resumed.stdout).unwrap();
    let states = object["processes"].as_array().unwrap().iter();
    let states: Vec<_> = states.map(|one| one["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["running"; 4], "{}", complained(&resumed));
    let exchange = processes.client(&["--format", "lines"]);
    assert_decided(&exchange, &["P", "Q", "R", "S"], "attack");
}

#[test]
fn a_process_that_does_not_exist_is_refused_with_the_names() {
    let processes = Processes::start(4, "none");
    for command in ["kill", "restart", "pause", "resume"] {
        let refused = processes.client(&[command, "Z"]);
        assert_eq!(refused.status.code(), Some(2));
        assert_eq!(
            complained(&refused),
            "error: there is no process 'Z' here: name one of P, Q, R, S\n"
        );
    }
}
