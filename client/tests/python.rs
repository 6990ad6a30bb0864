//! The seed's client, in Python with nothing but `xmlrpc.client`.
#![allow(clippy::unwrap_used)]

mod support;

use std::process::Command;

use quorate_wire::method::TABLE;
use support::{Processes, SEED_LINES, complained, printed, run};

/// What a script prints when it calls the processes on this path.
fn script(name: &str, path: &str, processes: &Processes) -> String {
    let script = format!("{}/tests/scripts/{name}", env!("CARGO_MANIFEST_DIR"));
    let mut python = Command::new("python3");
    python.args([&script, path]).args(processes.ports());
    let output = run(python);
    assert!(output.status.success(), "{name}: {}", complained(&output));
    printed(&output)
}

#[test]
fn the_seeds_client_prints_the_sixteen_lines() {
    let lines = script("seed.py", "/", &Processes::start(4, "P"));
    assert_eq!(lines, SEED_LINES);
}

#[test]
fn the_default_path_prints_the_same_sixteen_lines() {
    let lines = script("seed.py", "", &Processes::start(4, "P"));
    assert_eq!(lines, SEED_LINES);
}

#[test]
fn different_decisions_to_different_recipients_still_give_one_decision() {
    let lines = script("different_decisions.py", "/", &Processes::start(4, "none"));
    assert_eq!(lines.lines().count(), 2);
    for line in lines.lines() {
        let decisions: Vec<_> = line.split(' ').collect();
        assert!(
            decisions.len() == 4 && decisions.iter().all(|decision| *decision == decisions[0]),
            "{line}"
        );
    }
}

#[test]
fn several_operations_in_one_call_get_their_answers_in_order_and_a_bad_one_hides_none() {
    let lines = script("several.py", "/", &Processes::start(4, "none"));
    let expected = "ok 11 write 'set KEY=VALUE' ok\n1 2 no such key\nTrue True False\n[]\n512 {'ok'}\nTrue\nTrue\n{-32300}\n\
         -32602\n-32602\n-32602\n-32602\n";
    assert_eq!(lines, expected);
}

#[test]
fn what_a_process_lists_is_the_table_of_methods() {
    let processes = Processes::start(4, "none");
    let code = format!(
        "from xmlrpc.client import ServerProxy; print(*ServerProxy('http://localhost:{}/').system.listMethods())",
        processes.ports()[0]
    );
    let mut python = Command::new("python3");
    let output = run({
        python.args(["-c", &code]);
        python
    });
    let listed = printed(&output);
    let own = listed
        .split_whitespace()
        .filter(|name| !name.starts_with("system."));
    let mut table = TABLE.map(|method| method.name);
    table.sort_unstable();
    assert_eq!(own.collect::<Vec<_>>(), table, "{}", complained(&output));
}
