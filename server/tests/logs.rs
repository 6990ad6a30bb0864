//! What the log contains, and what the user is told beside it.
#![allow(clippy::unwrap_used)]

mod support;

use std::process::Stdio;

use serde_json::Value;
use support::{Server, eventually, signal};

/// The log of a server whose Q is killed, so that its parent and its peers have something to log.
fn logged(arguments: &[&str], filter: &str) -> String {
    let mut server = Server::start_with(arguments, &[("QUORATE_LOG", filter)]);
    signal(server.processes[1].pid, "KILL");
    eventually("the end of Q is logged", || {
        server.complaints().contains("process Q ended on its own")
    });
    if filter == "debug" {
        eventually("a peer of Q's logs", || {
            server.complaints().contains("the link to the peer broke")
        });
    }
    server.signal("TERM");
    server.wait();
    server.complaints()
}

#[test]
fn every_line_names_its_process_and_libraries_are_silent() {
    for filter in ["warn", "debug"] {
        let log = logged(&["--faulty", "none"], filter);
        for line in log.lines() {
            let process = line.split_whitespace().nth(1).unwrap();
            assert!(["server", "P", "Q", "R", "S"].contains(&process), "{line}");
            assert!(!line.contains("hyper"), "{line}");
        }
    }
}

#[test]
fn as_json_every_line_is_an_object_that_names_its_process() {
    for filter in ["warn", "debug"] {
        let log = logged(&["--faulty", "P=lie,S=lie", "--log-format", "json"], filter);
        for line in log.lines() {
            let line: Value = serde_json::from_str(line).expect(line);
            let process = line["process"].as_str().unwrap();
            assert!(["server", "P", "Q", "R", "S"].contains(&process), "{line}");
            assert!(
                line["timestamp"].is_string() && line["level"].is_string(),
                "{line}"
            );
        }
        assert!(
            log.contains("2 of 4 processes are faulty, at most 1 is survived"),
            "{log}"
        );
    }
}

#[test]
fn a_library_logs_when_it_is_named() {
    let server = Server::start_with(
        &["--faulty", "none"],
        &[("QUORATE_LOG", "warn,hyper_util=debug")],
    );
    eventually("hyper_util logs", || {
        server.complaints().contains(" hyper_util::")
    });
}

#[test]
fn a_filter_that_means_nothing_is_refused_with_what_to_write() {
    for (filter, advice) in [
        ("blah", "levels are off, error, warn"),
        ("quorate_nod=debug", "did you mean 'quorate_node'?"),
        ("quorate_node=loud", "'loud' is no level"),
    ] {
        let output = support::command(&["--base-port", "0"])
            .env("QUORATE_LOG", filter)
            .output()
            .unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(
            message.contains(&format!("QUORATE_LOG='{filter}'")),
            "{message}"
        );
        assert!(message.contains(advice), "{message}");
    }
}

#[test]
fn more_than_f_faulty_processes_and_fewer_than_four_are_warned_of_once() {
    for (arguments, warning) in [
        (
            &["--faulty", "P=lie,S=lie"][..],
            "warning: 2 of 4 processes are faulty, at most 1 is survived: agreement is not promised\n",
        ),
        (
            &["--processes", "3", "--faulty", "none"],
            "warning: 3 processes survive no faulty one: use 4 or more to survive one\n",
        ),
    ] {
        let mut server = Server::start(arguments);
        server.signal("TERM");
        server.wait();
        let told = server.complaints();
        assert_eq!(told.matches("warning: ").count(), 1, "{told}");
        assert!(told.contains(warning), "{told}");
    }
    let mut server = Server::start(&["--faulty", "P=lie"]);
    server.signal("TERM");
    server.wait();
    assert!(!server.complaints().contains("warning: "));
}

#[test]
fn output_that_nobody_reads_ends_the_server_with_2_and_without_a_panic() {
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Stdio::from(writer)
    };
    let output = support::command(&["--base-port", "0"])
        .stdout(closed())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(
        message.starts_with("error: standard output: Broken pipe"),
        "{message}"
    );
    for arguments in [
        &["--base-port", "0", "--faulty", "P=lie,S=lie"][..],
        &["--base-port", "0", "--log-format", "json"],
        &["--host", "192.0.2.1"],
        &["--help"],
        &["extra"],
        &["replica"],
    ] {
        let status = support::command(arguments)
            .stdout(closed())
            .stderr(closed())
            .env("QUORATE_LOG", "debug")
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn help_and_version_that_cannot_be_written_end_with_2_and_the_reason() {
    for arguments in [&["--help"][..], &["-V"], &["keygen", "-h"], &["man"]] {
        let full = std::fs::File::options().write(true).open("/dev/full");
        let output = support::command(arguments)
            .stdout(full.unwrap())
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let reason = "error: standard output: No space left on device (os error 28)\n";
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            reason,
            "{arguments:?}"
        );
    }
}

/// When a line was written, in microseconds since midnight.
fn micros(line: &str) -> u64 {
    let time = line.split(['T', 'Z']).nth(1).unwrap();
    let parts: Vec<u64> = time
        .split([':', '.'])
        .map(|part| part.parse().unwrap())
        .collect();
    ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1_000_000 + parts[3]
}

#[test]
fn bad_batches_of_a_peer_give_a_line_a_second_that_counts_those_left_out() {
    let server = Server::start_with(
        &["--faulty", "S=corrupt", "--view-timeout", "100ms"],
        &[("QUORATE_LOG", "warn")],
    );
    let lines = || -> Vec<String> {
        let log = server.complaints();
        let lines = log.lines().filter(|line| {
            line.split_whitespace().nth(1) == Some("Q") && line.contains("a message was refused")
        });
        lines.map(str::to_owned).collect()
    };
    eventually("Q writes three lines", || lines().len() >= 3);
    let lines = lines();
    for two in lines.windows(2) {
        let apart = (micros(&two[1]) + 86_400_000_000 - micros(&two[0])) % 86_400_000_000;
        assert!(apart > 500_000, "{two:?}");
        assert!(two[1].contains("peer=S"), "{two:?}");
        assert!(!two[1].contains("left_out=0"), "{two:?}");
    }
}
