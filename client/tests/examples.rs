//! The scripts in `examples/` do what they say.
#![allow(clippy::unwrap_used)]

mod support;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use support::{Processes, complained, printed, run};

/// Where an example is.
fn path(name: &str) -> String {
    format!("{}/../examples/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn run_example(interpreter: &str, name: &str, arguments: &[String]) -> Output {
    let mut command = Command::new(interpreter);
    command.arg(path(name)).args(arguments);
    run(command)
}

/// What an example prints with these processes.
fn example(interpreter: &str, name: &str, arguments: &[String]) -> String {
    let output = run_example(interpreter, name, arguments);
    assert!(output.status.success(), "{name}: {}", complained(&output));
    printed(&output)
}

fn python(name: &str, faulty: &str) -> String {
    let processes = Processes::start(4, faulty);
    example("python3", name, &processes.ports())
}

/// Whether a program is here; if not, that is said, and it must not be so where all tests are wanted.
fn is_here(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        skip(&format!("there is no {program}"));
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
fn a_script_that_plays_a_liar_loses_and_shows_which_votes_counted() {
    let told = python("liar.py", "P=silent");
    for line in [
        "Q received decision 'attack' from P",
        "R received decision 'retreat' from P",
        "Q       attack  P attack, Q attack, R attack, S attack",
        "R       attack  P retreat, Q attack, R attack, S attack",
        "S       attack  P retreat, Q attack, R attack, S attack",
    ] {
        assert!(told.lines().any(|told| told == line), "{line}:\n{told}");
    }
    let end = "\nQ, R and S decided: attack, attack, attack\n";
    assert!(told.ends_with(end), "{told}");
}

#[test]
fn a_table_of_what_one_faulty_process_changes() {
    let told = python("table.py", "none");
    let rows: Vec<_> = told.lines().skip(1).collect();
    assert_eq!(rows.len(), 6, "{told}");
    assert!(rows[0].starts_with("none         attack   attack   attack   attack   "));
    for row in &rows[1..] {
        assert!(
            row.contains(" attack   attack   attack   faulty   "),
            "{row}"
        );
    }
}

#[test]
fn the_store() {
    let told = python("store.py", "none");
    let expected = "ok\nok\nx is 42\nx is 43\nok\nfault 10: ";
    assert!(told.starts_with(expected), "{told}");
}

#[test]
fn a_client_with_a_key_signs_with_nothing_but_python() {
    let told = python("signed.py", "none");
    let lines: Vec<_> = told.lines().collect();
    let [read, taken, forged, done] = lines[..] else {
        panic!("{told}");
    };
    assert_eq!((read, done), ("x is 42", "ok"));
    assert!(taken.starts_with("fault 16: "), "{told}");
    assert!(forged.starts_with("fault 6: "), "{told}");
}

#[test]
fn watching_the_status() {
    let processes = Processes::start(4, "none");
    processes.client(&["--format", "lines"]);
    let told = example(
        "python3",
        "status.py",
        &[processes.ports(), vec!["1".into()]].concat(),
    );
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
fn two_liars_of_four_are_named_by_an_audit_that_convinces_others() {
    let processes = Processes::start_with_decision_timeout(
        4,
        "P=equivocate,Q=equivocate",
        Duration::from_secs(3),
    );
    let programs = Path::new(env!("CARGO_BIN_EXE_client")).parent().unwrap();
    let others = std::env::var("PATH").unwrap();
    let mut command = Command::new("python3");
    command
        .arg(path("culprits.py"))
        .args(processes.ports())
        .env("PATH", format!("{}:{others}", programs.display()));
    let output = run(command);
    assert!(output.status.success(), "{}", complained(&output));
    let told = printed(&output);
    let lines: Vec<_> = told.lines().collect();
    let [broken, audit, verified, changed] = lines[..] else {
        panic!("{told}");
    };
    assert!(broken.ends_with(": client ends with 1"), "{told}");
    assert!(audit.starts_with("client audit ends with "), "{told}");
    assert!(audit.ends_with(": Proved faulty: P and Q."), "{told}");
    assert_eq!(
        verified,
        "client verify ends with 0: Proved faulty: P and Q."
    );
    let refused = "client verify, after one changed byte, ends with 1: error: ";
    assert!(changed.starts_with(refused), "{told}");
}

#[test]
fn a_shell_with_curl() {
    if is_here("curl") {
        let processes = Processes::start(4, "P");
        let told = example("sh", "exchange.sh", &processes.ports());
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
        let told = example("sh", "store.sh", port);
        assert!(told.contains("'ok'") && told.contains("'42'"), "{told}");
        assert!(told.contains("read(key): "), "{told}");
    }
}

#[test]
fn an_example_without_processes_says_what_to_start() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    drop(listener);
    for (interpreter, name, many) in [
        ("python3", "exchange.py", 1),
        ("python3", "faults.py", 4),
        ("python3", "liar.py", 4),
        ("python3", "signed.py", 1),
        ("python3", "store.py", 1),
        ("python3", "table.py", 1),
        ("sh", "exchange.sh", 4),
    ] {
        let output = run_example(interpreter, name, &vec![port.clone(); many]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        let complaint = complained(&output);
        let advice = "no process answers there";
        assert!(complaint.contains(advice), "{name}: {complaint}");
        assert!(
            complaint.contains("in another terminal: server"),
            "{name}: {complaint}"
        );
        assert!(!complaint.contains("Traceback"), "{name}: {complaint}");
    }
    let output = run_example(
        "python3",
        "status.py",
        &[port.clone(), port.clone(), port.clone(), port, "1".into()],
    );
    assert_eq!(
        printed(&output).matches("no process answers there").count(),
        4
    );
}

#[test]
fn an_example_says_which_ports_it_wants() {
    for (interpreter, name, wanted) in [
        (
            "python3",
            "exchange.py",
            "give the port of the first process",
        ),
        ("python3", "status.py", "give the ports of four processes"),
        ("sh", "exchange.sh", "give the ports of four processes"),
    ] {
        let output = run_example(interpreter, name, &["ports".into()]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(
            complained(&output).contains(wanted),
            "{name}: {}",
            complained(&output)
        );
    }
}

#[test]
fn a_shell_example_without_its_tool_says_what_to_install() {
    for (name, package) in [("store.sh", "xmlrpc-api-utils"), ("exchange.sh", "curl")] {
        let mut command = Command::new("/bin/sh");
        command.arg(path(name)).env("PATH", "/nowhere");
        let output = run(command);
        assert_eq!(output.status.code(), Some(2), "{name}");
        let advice = format!("apt-get install {package}");
        assert!(
            complained(&output).contains(&advice),
            "{name}: {}",
            complained(&output)
        );
    }
}

#[test]
fn the_tests_in_pytest_pass() {
    let python = std::env::var("QUORATE_PYTHON").unwrap_or_else(|_| "python3".into());
    let Some(programs) = programs() else {
        return;
    };
    let mut version = Command::new(&python);
    version.args(["-m", "pytest", "--version"]);
    if !version.output().is_ok_and(|output| output.status.success()) {
        skip("there is no pytest: pip install pytest");
        return;
    }
    let mut pytest = Command::new(python);
    let search = std::env::var("PATH").unwrap_or_default();
    pytest
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider"])
        .arg(path("test_quorate.py"))
        .env("PATH", format!("{}:{search}", programs.display()));
    let output = run(pytest);
    assert!(output.status.success(), "{}", printed(&output));
    assert!(
        printed(&output).contains("10 passed"),
        "{}",
        printed(&output)
    );
}

/// The folder of the binaries, if `server` is among them: it is built with the whole workspace.
fn programs() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_BIN_EXE_client")).parent().unwrap();
    if folder.join("server").exists() {
        return Some(folder.to_owned());
    }
    skip("there is no `server`: build the whole workspace first");
    None
}

/// Says why a test does nothing, which it must not do where all tests are wanted.
fn skip(reason: &str) {
    assert!(std::env::var_os("QUORATE_ALL_TESTS").is_none(), "{reason}");
    eprintln!("skipped: {reason}");
}
