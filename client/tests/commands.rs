//! `status`, `bench`, the table, and what the client refuses.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs::File;
use std::io::pipe;
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use support::{Processes, SEED_LINES, assert_refused, client, complained, eventually, printed};

#[test]
fn without_a_format_the_lines_come_first_then_the_tables_then_the_three_facts() {
    let output = client(&["--spawn"]);
    let printed = printed(&output);
    let rest = printed.strip_prefix(SEED_LINES).expect(&printed);
    // Long names of columns wrap.
    for column in [
        "process", "port", "fault", "view", "closed", "ballots", "decision", "time",
    ] {
        assert!(rest.contains(column), "{rest}");
    }
    assert!(
        rest.ends_with(
            "Agreement: Q, R and S agree on 'attack' (quorum 3 of 4).\n\
             Validity:  every correct process had said 'attack': kept.\n\
             Bound:     1 of 4 processes is faulty, at most 1 is survived.\n"
        ),
        "{rest}"
    );
}

#[test]
fn no_line_is_over_80_columns() {
    let processes = Processes::start(7, "S=equivocate@after=2s@chance=25%,R");
    let decision = "攻撃".repeat(33);
    for command in [&["--decision", &decision][..], &["status"]] {
        let printed = printed(&processes.client(command));
        let table = printed
            .split_once("\n\n")
            .map_or(&*printed, |(_, table)| table);
        for line in table
            .lines()
            .filter(|line| line.starts_with(['╭', '│', '├', '╰']))
        {
            assert!(console::measure_text_width(line) <= 80, "{printed}");
        }
        assert!(printed.contains("equivocate"), "{printed}");
    }
}

#[test]
fn a_long_fault_or_a_process_that_is_gone_does_not_turn_the_tables_of_status_into_cards() {
    let processes = Processes::start(4, "P=equivocate@after=2s@chance=25%");
    processes.kill("S");
    let printed = printed(&processes.client(&["status"]));
    assert!(
        printed.starts_with('╭') && printed.contains("killed by"),
        "{printed}"
    );
}

#[test]
fn a_failure_is_an_object_too_if_json_was_asked_for() {
    let no_server = ["--endpoint", "127.0.0.1:1", "--format", "json"];
    for (arguments, message) in [
        (&no_server[..], "start `server` first"),
        (
            &[&["status"], &no_server[..]].concat(),
            "start `server` first",
        ),
        (&["read", "--format=json"], "<KEY>"),
        (
            &["--spawn", "--decision", "", "--format", "json"],
            "is missing",
        ),
    ] {
        let output = client(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(complained(&output).contains(message), "{arguments:?}");
        let object: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(object["v"], 1);
        assert_eq!(object["error"]["exit_status"], 2);
        let told = object["error"]["message"].as_str().unwrap();
        assert!(told.contains(message) && !told.contains("Usage:"), "{told}");
    }
}

/// Every command that prints.
const PRINTING: [&[&str]; 15] = [
    &["--help"],
    &["status", "--help"],
    &["status"],
    &["status", "--format", "json"],
    &["submit", "set x=1"],
    &["read", "x"],
    &["read", "x", "--format", "json"],
    &["read", "nothing", "--format", "json"],
    &["fault", "Q"],
    &["heal", "--format", "json"],
    &["link", "--format", "json"],
    &["bench", "--rounds", "1", "--runs", "1"],
    &["bench", "--operations", "1", "--format", "csv"],
    &["--format", "lines"],
    &["--format", "json"],
];

/// How each of these commands ends whose output goes to these streams.
fn ends(
    streams: impl Fn() -> (Stdio, Stdio),
) -> impl Iterator<Item = (&'static [&'static str], Output)> {
    let processes = Processes::start(4, "none");
    processes.client(&["submit", "set x=1"]);
    PRINTING.into_iter().map(move |arguments| {
        let (output, error) = streams();
        let endpoints = processes.endpoints();
        let mut client = Command::new(env!("CARGO_BIN_EXE_client"));
        client.args(arguments).args(["--endpoint", &endpoints]);
        let child = client.stdout(output).stderr(error).spawn().unwrap();
        (arguments, child.wait_with_output().unwrap())
    })
}

#[test]
fn output_that_cannot_be_written_ends_every_command_with_2_and_one_reason() {
    let full = || {
        let full = File::options().write(true).open("/dev/full").unwrap();
        (full.into(), Stdio::piped())
    };
    for (arguments, output) in ends(full) {
        let reason = "error: standard output: No space left on device (os error 28)\n";
        assert_eq!(complained(&output), reason, "{arguments:?}");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn pipes_that_nobody_reads_end_every_command_with_2_and_no_panic() {
    let closed = || {
        let (_, output) = pipe().unwrap();
        (output.try_clone().unwrap().into(), output.into())
    };
    for (arguments, output) in ends(closed) {
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn status_shows_the_view_change_and_the_sequence_numbers() {
    let processes = Processes::start(4, "P");
    processes.client(&["--format", "lines"]);
    let output = processes.client(&["status", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", complained(&output));
    let status: Value = serde_json::from_slice(&output.stdout).unwrap();
    for process in &status["processes"].as_array().unwrap()[1..] {
        assert!(process["view"].as_u64() >= Some(1), "{process}");
        assert!(
            process["close_sequence_number"].as_u64() >= Some(1),
            "{process}"
        );
        assert!(
            process["ballots"].as_array().unwrap().len() >= 3,
            "{process}"
        );
        assert_eq!(process["decision"], "attack");
    }
}

#[test]
fn a_seed_is_shown_and_one_is_drawn_without() {
    let seeds = |arguments: &[&str]| -> Vec<u64> {
        let output = client(&[arguments, &["--spawn", "--format", "json"]].concat());
        let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
        let member = if arguments.contains(&"status") {
            "processes"
        } else {
            "decisions"
        };
        let all = shown[member].as_array().unwrap().iter();
        all.map(|process| process["seed"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(seeds(&["--seed", "42"]), [42; 4]);
    assert_eq!(seeds(&["status", "--seed", "42"]), [42; 4]);
    let drawn = seeds(&["status"]);
    assert_eq!(drawn, vec![drawn[0]; 4]);
}

#[test]
fn completions_and_the_manual_page_are_well_formed() {
    for (shell, checker) in [("bash", "bash"), ("zsh", "zsh"), ("fish", "fish")] {
        let script = printed(&client(&["completions", shell]));
        assert!(
            script.contains("base-port") && script.contains("requests"),
            "{script}"
        );
        let path = std::env::temp_dir().join(format!("quorate-{}.{shell}", std::process::id()));
        std::fs::write(&path, script).unwrap();
        // Not every machine has every shell.
        let checked = std::process::Command::new(checker)
            .arg("-n")
            .arg(&path)
            .status();
        assert!(checked.map_or(true, |status| status.success()), "{shell}");
        std::fs::remove_file(path).unwrap();
    }
    let page = printed(&client(&["man"]));
    for command in [
        "", "submit", "read", "status", "fault", "link", "heal", "bench", "requests",
    ] {
        let help = printed(&client(
            &[command, "--help"][usize::from(command.is_empty())..],
        ));
        let options = help
            .split_whitespace()
            .filter(|word| word.starts_with("--"));
        for option in
            options.map(|word| word.trim_matches([',', '.', ';', ')', ']', '`', ':', '\'']))
        {
            let roff = option.replace('-', "\\-");
            assert!(
                page.contains(&roff),
                "{command} {option} is missing in {page}"
            );
        }
    }
}

#[test]
fn a_client_without_a_server_says_what_to_start() {
    // Nothing listens on port 1: only root may, and no service uses it.
    assert_refused(
        &["--endpoint", "127.0.0.1:1"],
        "start `server` first, or use --spawn",
    );
    for command in [["submit", "get x"], ["read", "x"]] {
        let arguments = [&command[..], &["--endpoint", "127.0.0.1:1"]].concat();
        assert_refused(&arguments, "start `server` first, or use --spawn");
    }
}

#[test]
fn nonsense_is_refused_with_advice() {
    assert_refused(&["--spawn", "--processes", "0"], "at least one process");
    for command in [&[][..], &["bench"]] {
        let arguments = [
            command,
            &["--spawn", "--processes", "1", "--faulty", "none"],
        ]
        .concat();
        assert_refused(&arguments, "at least two processes");
    }
    assert_refused(
        &["--spawn", "--faulty", "A"],
        "'A' is not a process name: the names are P to Z",
    );
    assert_refused(
        &["--spawn", "--faulty", "P=dance"],
        "unknown behaviour 'dance': use one of amnesia, corrupt",
    );
    assert_refused(
        &["--spawn", "--default-decision", ""],
        "a decision is 1 to 200 bytes",
    );
    for decision in ["at\ntack", &"x".repeat(201)] {
        assert_refused(
            &["--spawn", "--decision", decision],
            "a decision is 1 to 200 bytes",
        );
    }
    assert_refused(&["--spawn", "--decision", ""], "the decision is missing");
    assert_refused(&["--decision", "a=attack"], "names are P");
    assert_refused(&["--spawn", "--decision", "V=attack"], "does not take part");
    assert_refused(&["--endpoint", "127.0.0.1"], "write HOST:PORT");
    assert_refused(&["--format", "yaml"], "lines, table, json");
    assert_refused(&["submit", "get x", "--client", "alice"], "--timestamp");
    assert_refused(&["read"], "<KEY>");
}

#[test]
fn what_would_be_without_effect_is_refused() {
    for option in [
        ["--faulty", "none"],
        ["--default-decision", "wait"],
        ["--view-timeout", "1s"],
        ["--decision-timeout", "1s"],
    ] {
        for command in [&[][..], &["status"], &["bench"]] {
            let arguments = [command, &option].concat();
            assert_refused(&arguments, "means something only with '--spawn'");
        }
    }
    for option in [["--base-port", "9000"], ["--processes", "7"]] {
        let arguments = [&option[..], &["--endpoint", "127.0.0.1:1"]].concat();
        assert_refused(&arguments, "cannot be used with");
    }
    assert_refused(
        &["--base-port", "65535"],
        "4 processes from port 65535 on need ports beyond 65535",
    );
}

#[test]
fn when_all_processes_crash_at_once_none_is_left() {
    let faulty = "P=crash,Q=crash,R=crash,S=crash";
    assert_refused(&["--spawn", "--faulty", faulty], "no process is left");
}

#[test]
fn a_busy_port_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    assert_refused(&["--spawn", "--base-port", &port], "--base-port");
}

#[test]
fn a_server_that_does_not_listen_yet_is_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = listener.local_addr().unwrap().to_string();
    let mut asking = Command::new(env!("CARGO_BIN_EXE_client"))
        .args(["status", "--endpoint", &endpoint])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    listener.set_nonblocking(true).unwrap();
    for attempt in ["the first attempt, which is cut off", "another one"] {
        eventually(attempt, || listener.accept().is_ok());
    }
    asking.kill().unwrap();
    asking.wait().unwrap();
}
