//! Ctrl-C and SIGTERM: what is known so far is printed, and the exit status says which it was.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Ended, file, objects, program};

/// A plan that would play for years, of three processes, of which the program warns before it plays.
const ENDLESS: &str = "processes = 3
heal_ms = 86400000
[engine]
status_interval_ms = 1
";

fn first_line(from: impl Read) -> (String, impl std::io::BufRead) {
    let mut reader = BufReader::new(from);
    let mut line = String::new();
    reader.read_line(&mut line).expect("it says something");
    (line, reader)
}

fn rest(mut reader: impl Read) -> String {
    let mut text = String::new();
    reader.read_to_string(&mut text).expect("it is text");
    text
}

/// Starts it, sends it the signal once it has printed a line, on standard error if `warns`, and waits for its end.
fn stopped_by(signal: Signal, arguments: &str, warns: bool) -> Ended {
    let mut command = program(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child: Child = command.spawn().expect("the program can be run");
    let out = child.stdout.take().expect("it is piped");
    let err = child.stderr.take().expect("it is piped");
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("a pid"));
    let (printed, complained) = if warns {
        let (line, reader) = first_line(err);
        kill(pid, signal).expect("it runs");
        (rest(out), line + &rest(reader))
    } else {
        let (line, reader) = first_line(out);
        kill(pid, signal).expect("it runs");
        (line + &rest(reader), rest(err))
    };
    Ended {
        status: child.wait().expect("it ends").code(),
        printed,
        complained,
    }
}

#[test]
fn a_sweep_that_is_stopped_prints_what_is_known_and_ends_with_130() {
    let ended = stopped_by(
        Signal::SIGINT,
        "sweep --seeds 0..100000000 --format json",
        false,
    );
    assert_eq!(ended.status, Some(130));
    let seeds: Vec<_> = objects(&ended.printed)
        .iter()
        .map(|row| row["seed"].as_u64().expect("a seed"))
        .collect();
    assert!(seeds.is_sorted() && seeds[0] == 0, "{seeds:?}");
    let told = format!("stopped by Ctrl-C after {} of 100000000 seeds", seeds.len());
    assert!(ended.complained.contains(&told), "{ended:?}");
}

#[test]
fn sigterm_ends_with_143() {
    let ended = stopped_by(
        Signal::SIGTERM,
        "sweep --seeds 0..100000000 --format json",
        false,
    );
    assert_eq!(ended.status, Some(143));
    assert!(ended.complained.contains("stopped by SIGTERM"), "{ended:?}");
}

#[test]
fn a_run_that_is_stopped_says_that_no_rule_was_broken_until_then() {
    let plan = file("endless.toml", ENDLESS);
    let arguments = format!("replay {} --trace", plan.display());
    let ended = stopped_by(Signal::SIGINT, &arguments, false);
    assert_eq!(ended.status, Some(130));
    let last = ended.printed.lines().last().unwrap_or_default();
    assert_eq!(
        last,
        "stopped by Ctrl-C before the end: no rule was broken until then"
    );

    let arguments = format!("replay {} --format json", plan.display());
    let ended = stopped_by(Signal::SIGINT, &arguments, true);
    assert_eq!(ended.status, Some(130));
    let printed = objects(&ended.printed);
    assert_eq!(printed[0]["verdict"], "stopped", "{ended:?}");
}

#[test]
fn a_soak_that_is_stopped_prints_what_is_kept() {
    for (format, rows) in [("text", 2), ("json", 2)] {
        let arguments = format!("soak --requests 100000000 --every 5 --format {format}");
        let ended = stopped_by(Signal::SIGINT, &arguments, false);
        assert_eq!(ended.status, Some(130));
        assert!(ended.printed.lines().count() >= rows, "{ended:?}");
        assert!(ended.complained.contains("stopped by Ctrl-C after"));
    }
}

#[cfg(feature = "mutants")]
#[test]
fn mutants_that_are_stopped_end_with_130_and_what_was_caught() {
    let ended = stopped_by(Signal::SIGINT, "mutants --seeds 0..100000000", false);
    assert_eq!(ended.status, Some(130));
    let last = ended.printed.lines().last().unwrap_or_default();
    assert!(last.starts_with("stopped by Ctrl-C after "), "{last}");
}
