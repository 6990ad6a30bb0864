//! Calls of `simulate maelstrom`.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Far more than anything here takes, even on a machine that is busy building.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

/// What came of a call.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    pub(crate) printed: String,
    pub(crate) complained: String,
}

/// Runs nodes of a program in `nodes/`; the words after `--` are for the nodes.
pub(crate) fn play(program: &str, options: &str) -> Ended {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/nodes")
        .join(program);
    // No compiled modules among the sources.
    let bin = format!("python3 -B '{}'", file.display());
    let mut all = vec!["--bin", &bin];
    // Far more than a request takes, unless a test waits for the deadline.
    if !options.contains("--timeout") {
        all.extend(["--timeout", "100s"]);
    }
    all.extend(options.split_whitespace());
    maelstrom(&all)
}

/// Runs `simulate maelstrom` to its end, which must come.
pub(crate) fn maelstrom(options: &[&str]) -> Ended {
    let mut command = command(options);
    let child = command.spawn().expect("it starts");
    let pid = child.id();
    let (ended, end) = mpsc::channel();
    thread::spawn(move || ended.send(child.wait_with_output()));
    let output = end.recv_timeout(PATIENCE).unwrap_or_else(|_| {
        signal(pid, "TERM");
        panic!("{options:?} does not end")
    });
    let Output {
        status,
        stdout,
        stderr,
    } = output.expect("it can be waited for");
    let text = |bytes| String::from_utf8(bytes).expect("it is text");
    Ended {
        status: status.code(),
        printed: text(stdout),
        complained: text(stderr),
    }
}

/// The call, not started yet.
pub(crate) fn command(options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simulate"));
    command
        .arg("maelstrom")
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Sends a signal to a process.
pub(crate) fn signal(pid: u32, signal: &str) {
    let mut kill = Command::new("kill");
    kill.args([format!("-{signal}"), pid.to_string()]);
    let _ = kill.status();
}

/// Asserts that the verdict is good.
pub(crate) fn assert_good(program: &str, options: &str) -> Ended {
    let ended = play(program, options);
    assert_eq!(ended.status, Some(0), "{options}: {ended:?}");
    assert!(ended.printed.contains("verdict: good"), "{ended:?}");
    assert!(!ended.printed.contains("fault:"), "{ended:?}");
    ended
}

/// Asserts that the verdict is not good and says all this.
pub(crate) fn assert_bad(program: &str, options: &str, words: &[&str]) {
    let ended = play(program, options);
    assert_eq!(ended.status, Some(1), "{options}: {ended:?}");
    for word in words {
        assert!(
            ended.printed.contains(word),
            "{options}: '{word}' is missing in:\n{}",
            ended.printed
        );
    }
}
