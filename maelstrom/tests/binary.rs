//! Runs the binary with lines on its standard input, as a user would type them.

use std::fs::File;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

const INIT: &str = r#"{"src":"c0","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1","n2","n3","n4"]}}"#;
const INIT_OK: &str =
    r#"{"src": "n1", "dest": "c0", "body": {"type": "init_ok", "in_reply_to": 1, "msg_id": 0}}"#;

/// The binary's output for this input.
fn run(input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_maelstrom-node"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("its input is a pipe");
    stdin.write_all(input).expect("it reads its input");
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

/// The lines for clients.
fn answers(output: &Output) -> Vec<String> {
    let lines = String::from_utf8(output.stdout.clone()).expect("the lines are text");
    let for_client = |line: &&str| line.contains(r#""dest": "c"#);
    lines
        .lines()
        .filter(for_client)
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_request_starts_the_pre_prepare_phase() {
    let request = r#"{"src":"c1","dest":"n1","body":{"type":"pbft_request","msg_id":2,"operation":"set x=42","client":"c1"}}"#;
    let output = run(format!("{INIT}\n{request}\n").as_bytes());
    assert!(output.status.success());
    assert_eq!(
        answers(&output),
        [
            INIT_OK,
            concat!(
                r#"{"src": "n1", "dest": "c1", "body": {"type": "pbft_request_ok", "in_reply_to": 2, "msg_id": 1, "#,
                r#""sequence_number": 1, "view": 0, "phase": "pre-prepare"}}"#
            )
        ]
    );
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(lines.lines().next(), Some(INIT_OK));
    let proposals = lines.matches(r#""type": "pre_prepare""#).count();
    assert_eq!(proposals, 3, "one line for each other node");
}

#[test]
fn a_status_shows_how_far_the_slot_is() {
    let request = r#"{"src":"c1","dest":"n1","body":{"type":"pbft_request","msg_id":2,"operation":"set x=1","client":"c1"}}"#;
    let status =
        r#"{"src":"c1","dest":"n1","body":{"type":"pbft_status","msg_id":3,"sequence_number":1}}"#;
    let output = run(format!("{INIT}\n{request}\n{status}\n").as_bytes());
    assert_eq!(answers(&output)[0], INIT_OK);
    assert_eq!(
        answers(&output)[2],
        concat!(
            r#"{"src": "n1", "dest": "c1", "body": {"type": "pbft_status_ok", "in_reply_to": 3, "msg_id": 2, "#,
            r#""phase": "pre-prepare", "prepares_received": 0, "commits_received": 0, "executed": false}}"#
        )
    );
}

#[test]
fn a_cluster_of_one_node_decides() {
    let init = INIT.replace(r#","n2","n3","n4""#, "");
    let request =
        r#"{"src":"c1","dest":"n1","body":{"type":"write","msg_id":2,"key":"x","value":1}}"#;
    let read = r#"{"src":"c1","dest":"n1","body":{"type":"read","msg_id":3,"key":"x"}}"#;
    let output = run(format!("{init}\n{request}\n{read}").as_bytes());
    let answers = answers(&output);
    assert!(answers[1].contains("write_ok"), "{answers:?}");
    assert!(answers[2].contains(r#""value": 1"#), "{answers:?}");
}

#[test]
fn bad_lines_are_reported_and_the_node_continues() {
    let mut input = b"nonsense\n".to_vec();
    input.extend(b"{\"src\": \"c1\", \"dest\": \"n1\", \"body\": {\"type\": \"echo\", \"msg_id\": 1, \"echo\": \"\xff\"}}\n");
    input.extend(std::iter::repeat_n(b'x', 17 << 20));
    input.extend(format!("\n{INIT}").as_bytes());
    let output = run(&input);
    assert!(output.status.success());
    assert_eq!(answers(&output), [INIT_OK]);
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(complaints.lines().count(), 3, "{complaints}");
    assert!(complaints.contains("a line that is not UTF-8 is skipped"));
    assert!(complaints.contains("a line of more than 16777216 bytes is skipped"));
}

#[test]
fn bad_options_are_refused_with_what_to_write() {
    for (arguments, words) in [
        (["--timeout", "0s"], "1ms to 1h"),
        (["--view-timeout", "soon"], "expected number"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_maelstrom-node"))
            .args(arguments)
            .output()
            .expect("the binary starts");
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn help_and_version_that_cannot_be_written_end_with_2_and_the_reason() {
    for argument in ["--help", "-V"] {
        let full = File::options().write(true).open("/dev/full");
        let output = Command::new(env!("CARGO_BIN_EXE_maelstrom-node"))
            .arg(argument)
            .stdout(full.expect("it is there"))
            .stderr(Stdio::piped())
            .output()
            .expect("the binary starts");
        assert_eq!(output.status.code(), Some(2), "{argument}");
        let said = String::from_utf8_lossy(&output.stderr);
        let reason = "error: standard output: No space left on device (os error 28)\n";
        assert_eq!(said, reason, "{argument}");
    }
}

#[test]
fn the_lines_in_the_document_are_answered_as_it_says() {
    let page = include_str!("../../docs/stdio.md");
    let lines = page.lines().filter(|line| line.starts_with(r#"{"src":"#));
    // Requests are written without spaces, and answers as the node writes them.
    let (asked, answered): (Vec<&str>, Vec<&str>) = lines.partition(|line| !line.contains(": "));
    assert_eq!((asked.len(), answered.len()), (3, 3));
    let output = run(asked.join("\n").as_bytes());
    assert_eq!(answers(&output), answered);
}
