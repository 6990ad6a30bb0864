//! Processes with a data directory go on where they were, however they ended.
#![allow(clippy::unwrap_used)]

mod support;

use support::{Folder, Processes, complained, printed};

fn ask(processes: &Processes, arguments: &[&str]) -> String {
    let output = processes.client(arguments);
    assert!(output.status.success(), "{}", complained(&output));
    printed(&output)
}

#[test]
fn what_was_ordered_is_there_after_a_new_start_and_rounds_go_on() {
    let folder = Folder::new("data");
    let processes = Processes::start_in(folder.path());
    assert_eq!(ask(&processes, &["submit", "set x=42"]), "ok\n");
    ask(&processes, &["--format", "lines"]);
    for name in ["P", "Q", "R", "S"] {
        processes.kill(name);
    }
    drop(processes);
    let processes = Processes::start_in(folder.path());
    assert_eq!(ask(&processes, &["read", "x"]), "42\n");
    let json = ask(&processes, &["--format", "json", "--decision", "retreat"]);
    assert!(json.contains("\"round\": 2"), "{json}");
    assert!(json.contains("retreat"), "{json}");
}
