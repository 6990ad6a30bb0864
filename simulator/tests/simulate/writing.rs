//! What cannot be written ends the program with 2 and the reason.

use std::fs::File;
use std::process::Stdio;

use crate::support::{Ended, end, file, program, simulate};

/// Commands that print something, in each way in which something is printed.
const PRINTING: [&str; 16] = [
    "--help",
    "--version",
    "run --help",
    "run --seed 1",
    "run --seed 1 --trace",
    "run --seed 1 --plan",
    "run --seed 1 --format json",
    "replay plans/body-between-views.toml",
    "sweep --seeds 0..3",
    "sweep --seeds 0..3 --format json",
    "sweep --seeds 23..24 --processes 4 --twins P,Q",
    "soak --requests 100 --every 10",
    "transcript scenarios/03-one-view-change-repeated.txt",
    "run --seed x --format json",
    "story",
    "story liar",
];

fn with_output(arguments: &str, output: impl Into<Stdio>) -> Ended {
    let mut command = program(arguments);
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdout(output)
        .stderr(Stdio::piped());
    let child = command.spawn().expect("the program can be run");
    let output = child.wait_with_output().expect("it ends");
    Ended {
        status: output.status.code(),
        printed: String::new(),
        complained: String::from_utf8(output.stderr).expect("it is text"),
    }
}

#[test]
fn output_that_cannot_be_written_ends_the_program_with_2_and_the_reason() {
    for arguments in PRINTING {
        let full = File::options().write(true).open("/dev/full");
        let ended = with_output(arguments, full.expect("Linux has it"));
        assert_eq!(ended.status, Some(2), "{arguments}: {ended:?}");
        let reason = "error: cannot write to standard output: No space left on device";
        assert!(
            ended.complained.contains(reason),
            "{arguments}: {}",
            ended.complained
        );
        assert!(
            !ended.complained.contains("stopped by"),
            "{arguments}: nobody pressed Ctrl-C"
        );
    }
}

#[test]
fn a_closed_pipe_ends_the_program_with_2_and_without_a_panic() {
    for arguments in PRINTING {
        let (reader, writer) = std::io::pipe().expect("there are pipes");
        drop(reader);
        let ended = with_output(arguments, writer);
        assert_eq!(ended.status, Some(2), "{arguments}: {ended:?}");
        assert!(
            ended.complained.contains("Broken pipe") && !ended.complained.contains("panicked"),
            "{arguments}: {}",
            ended.complained
        );
    }
}

#[test]
fn where_nothing_can_be_written_at_all_the_status_still_says_so() {
    let (reader, writer) = std::io::pipe().expect("there are pipes");
    drop(reader);
    let mut command = program("sweep --seeds 0..3 --processes 3");
    command
        .stdout(writer.try_clone().expect("it can be cloned"))
        .stderr(writer);
    let status = command.status().expect("the program can be run");
    assert_eq!(status.code(), Some(2));
}

#[test]
fn a_scenario_that_cannot_be_rewritten_is_named() {
    let text = file("nobody-may-write.txt", "> cluster 4\n> order P/1\n");
    let mut rights = text.metadata().expect("it is there").permissions();
    rights.set_readonly(true);
    std::fs::set_permissions(&text, rights).expect("it is ours");
    // Who may do everything may write here too.
    if File::options().write(true).open(&text).is_ok() {
        return;
    }
    let ended = end(program("transcript --rewrite").arg(&text));
    assert_eq!(ended.status, Some(2));
    assert!(ended.complained.contains("nobody-may-write.txt"));
}

#[test]
fn an_error_is_told_once_and_as_json_where_that_was_asked_for() {
    let plan = file("bad.toml", "seed = 1\nprocesses = 4\nseeds = 3\n");
    let ended = end(program("replay").arg(&plan));
    assert_eq!(ended.status, Some(2));
    assert_eq!(ended.printed, "");
    assert_eq!(
        ended.complained.matches("unknown field `seeds`").count(),
        1,
        "{}",
        ended.complained
    );
    assert!(ended.complained.contains("line 3"), "{}", ended.complained);

    let misspelled = file("misspelled.toml", "processes = 4\nfaulty = [\"P=lying\"]\n");
    let ended = end(program("replay").arg(&misspelled));
    let told = ended
        .complained
        .matches("unknown behaviour 'lying'")
        .count();
    assert_eq!(told, 1, "{}", ended.complained);
    assert!(ended.complained.contains("line 2"), "{}", ended.complained);

    let ended = end(program("replay --format json").arg(&plan));
    assert!(ended.printed.starts_with("{\"v\":1,"), "{ended:?}");
    let printed = crate::support::objects(&ended.printed);
    assert_eq!(printed.len(), 1);
    assert_eq!(printed[0]["v"], 1);
    assert_eq!(printed[0]["error"]["exit_status"], 2);
    let message = printed[0]["error"]["message"].as_str().expect("a text");
    assert!(ended.complained.contains(message), "{ended:?}");

    let ended = simulate("sweep --seeds 5..5 --format=json");
    let message = &crate::support::objects(&ended.printed)[0]["error"]["message"];
    assert!(
        message
            .as_str()
            .is_some_and(|text| text.contains("0..1000")),
        "{message}"
    );
    assert_eq!(ended.status, Some(2));
}
