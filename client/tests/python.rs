//! The seed's client, in Python with nothing but `xmlrpc.client`.
#![allow(clippy::unwrap_used)]

mod support;

use std::process::Command;

use support::{Processes, SEED_LINES, complained, printed};

/// What a script prints; `None` where there is no Python.
fn script(name: &str, processes: &Processes) -> Option<String> {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("there is no python3 here: {name} is not run");
        return None;
    }
    let path = format!("{}/tests/scripts/{name}", env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("python3")
        .arg(path)
        .args(processes.ports())
        .output()
        .unwrap();
    assert!(output.status.success(), "{name}: {}", complained(&output));
    Some(printed(&output))
}

#[test]
fn the_seeds_client_prints_the_sixteen_lines() {
    let Some(lines) = script("seed_root.py", &Processes::start(4, "P")) else {
        return;
    };
    assert_eq!(lines, SEED_LINES);
}

#[test]
fn the_default_path_prints_the_same_sixteen_lines() {
    let Some(lines) = script("seed_rpc2.py", &Processes::start(4, "P")) else {
        return;
    };
    assert_eq!(lines, SEED_LINES);
}

#[test]
fn different_decisions_to_different_recipients_still_give_one_decision() {
    let Some(lines) = script("different_decisions.py", &Processes::start(4, "none")) else {
        return;
    };
    assert_eq!(lines.lines().count(), 2);
    for line in lines.lines() {
        let decisions: Vec<_> = line.split(' ').collect();
        assert!(
            decisions.len() == 4 && decisions.iter().all(|decision| *decision == decisions[0]),
            "{line}"
        );
    }
}
