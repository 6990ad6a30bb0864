//! The scripts in `examples/` do what they say.
#![allow(clippy::unwrap_used)]

mod support;

use std::process::Command;

use support::{Processes, complained, printed, run};

/// What an example prints with these processes.
fn example(interpreter: &str, name: &str, ports: &[String], more: &[&str]) -> String {
    let script = format!("{}/../examples/{name}", env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(interpreter);
    command.arg(script).args(ports).args(more);
    let output = run(command);
    assert!(output.status.success(), "{name}: {}", complained(&output));
    printed(&output)
}

fn python(name: &str, faulty: &str) -> String {
    let processes = Processes::start(4, faulty);
    example("python3", name, &processes.ports(), &[])
}

/// Whether a program is here; if not, that is said, and it must not be so where all tests are wanted.
fn is_here(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        assert!(
            std::env::var_os("QUORATE_ALL_TESTS").is_none(),
            "there is no {program}"
        );
        eprintln!("skipped: there is no {program}");
    }
    found
}

#[test]
fn the_exchange() {
    let told = python("exchange.py", "P");
    assert!(told.starts_with("P denied communication to Q\n"), "{told}");
    assert!(told.contains("Q sent decision 'attack' to P\n"), "{told}");
    let end = "P finalized decision: faulty\nQ finalized decision: attack\n\
        R finalized decision: attack\nS finalized decision: attack\n";
    assert!(told.ends_with(end), "{told}");
}

#[test]
fn a_script_that_plays_a_liar() {
    let told = python("liar.py", "P=silent");
    assert!(
        told.contains("Q received decision 'attack' from P\n"),
        "{told}"
    );
    assert!(
        told.contains("R received decision 'retreat' from P\n"),
        "{told}"
    );
    let last = told.lines().last().unwrap();
    let decisions = last.strip_prefix("Q, R and S decided: ").unwrap();
    let all: Vec<_> = decisions.split(", ").collect();
    assert!(
        all.len() == 3 && all.iter().all(|one| *one == all[0]),
        "{last}"
    );
}

#[test]
fn the_store() {
    let told = python("store.py", "none");
    let expected = "ok\nok\nx is 42\nx is 43\nok\nfault 10: ";
    assert!(told.starts_with(expected), "{told}");
}

#[test]
fn watching_the_status() {
    let processes = Processes::start(4, "none");
    processes.client(&["--format", "lines"]);
    let told = example("python3", "status.py", &processes.ports(), &["1"]);
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(lines.len(), 4, "{told}");
    for (line, name) in lines.iter().zip(["P", "Q", "R", "S"]) {
        assert!(line.starts_with(&format!("{name}: view ")), "{line}");
        assert!(line.ends_with("round 1 attack, fault none"), "{line}");
    }
}

#[test]
fn switching_faults() {
    let told = python("faults.py", "none");
    let expected = "P is deny\n\
        {'P': 'faulty', 'Q': 'attack', 'R': 'attack', 'S': 'attack'}\n\
        P is none\n\
        {'P': 'attack', 'Q': 'attack', 'R': 'attack', 'S': 'attack'}\n\
        fault 12: unknown behaviour 'sing'";
    assert!(told.starts_with(expected), "{told}");
}

#[test]
fn a_shell_with_curl() {
    if is_here("curl") {
        let processes = Processes::start(4, "P");
        let told = example("sh", "exchange.sh", &processes.ports(), &[]);
        assert!(
            told.starts_with("Q sent decision 'attack' to R\n"),
            "{told}"
        );
        assert!(told.ends_with("attack\nattack\nattack\n"), "{told}");
    }
}

#[test]
fn a_shell_with_the_command_of_xmlrpc_c() {
    if is_here("xmlrpc") {
        let processes = Processes::start(4, "none");
        let port = &processes.ports()[1..2];
        let told = example("sh", "store.sh", port, &[]);
        assert!(told.contains("'ok'") && told.contains("'42'"), "{told}");
        assert!(told.contains("read(key): "), "{told}");
    }
}
