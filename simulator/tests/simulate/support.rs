//! Runs the program.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// How a run of the program ended, and what it printed.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    /// On standard output.
    pub(crate) printed: String,
    /// On standard error.
    pub(crate) complained: String,
}

/// The program with these arguments, written as on a command line without quotes.
pub(crate) fn program(arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simulate"));
    command
        .args(arguments.split_whitespace())
        .stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub(crate) fn simulate(arguments: &str) -> Ended {
    end(&mut program(arguments))
}

/// Runs a command to its end.
pub(crate) fn end(command: &mut Command) -> Ended {
    let output = command.output().expect("the program can be run");
    let text = |bytes| String::from_utf8(bytes).expect("it is text");
    Ended {
        status: output.status.code(),
        printed: text(output.stdout),
        complained: text(output.stderr),
    }
}

/// A file with this text.
pub(crate) fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).expect("it can be written");
    path
}

/// All lines as JSON.
pub(crate) fn objects(text: &str) -> Vec<serde_json::Value> {
    let lines = text.lines();
    let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    lines.map(read).collect()
}
