//! However a run ends, no node is left.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::process::Command;
use std::sync::mpsc;
use std::thread;

use quorate_cli::signals::hangup_counts;

use crate::support::{PATIENCE, command, maelstrom, signal};

/// A node that tells its process id, and never reads nor ends; nor does what it starts.
const STUBBORN: &str =
    "sh -c 'trap : INT TERM; sleep 1000 & echo $$ >&2; echo $! >&2; while :; do wait; done'";

/// Whether a process is still running. A zombie is not, whoever should wait for it.
fn runs(pid: &str) -> bool {
    let ps = Command::new("ps").args(["-o", "stat=", "-p", pid]).output();
    let state = ps.expect("there is ps").stdout;
    !state.is_empty() && !state.starts_with(b"Z")
}

#[test]
fn a_signal_ends_all_nodes_and_what_they_started() {
    // Under `nohup` nothing ends at SIGHUP.
    let hangup = hangup_counts().then_some(("HUP", 129));
    for (by, status) in [("INT", 130), ("TERM", 143)].into_iter().chain(hangup) {
        let mut router = command(&["--bin", STUBBORN, "--log"])
            .spawn()
            .expect("it starts");
        let printed = BufReader::new(router.stdout.take().expect("it is piped"));
        let mut lines = printed.lines().map_while(Result::ok);
        let mut pids = Vec::new();
        while pids.len() < 8 {
            let line = lines.next().expect("it goes on");
            if let Some((_, pid)) = line.split_once("| ") {
                pids.push(pid.to_owned());
            }
        }
        assert!(pids.iter().all(|pid| runs(pid)));
        signal(router.id(), by);
        let (ended, end) = mpsc::channel();
        thread::spawn(move || ended.send(router.wait()));
        let ended = end.recv_timeout(PATIENCE).expect("it ends");
        assert_eq!(ended.expect("it can be waited for").code(), Some(status));
        let known = lines.any(|line| line.starts_with("verdict: stopped before the end"));
        assert!(known, "what is known so far is printed");
        // Every look takes some milliseconds.
        let end = (0..10_000).any(|_| !pids.iter().any(|pid| runs(pid)));
        assert!(end, "{pids:?} live on");
    }
}

#[test]
fn what_cannot_be_written_ends_the_run_and_all_nodes() {
    for options in [&["--log"][..], &["--format", "json"]] {
        let full = File::options().write(true).open("/dev/full");
        let mut router = command(&[&["--bin", "sh -c 'exit 7'"], options].concat());
        let ended = router.stdout(full.expect("it is there")).output();
        let ended = ended.expect("it starts");
        let complaint = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(2), "{complaint}");
        assert!(
            complaint.contains("error: cannot write to standard output"),
            "{complaint}"
        );
    }
}

#[test]
fn a_program_that_ends_at_once_is_told_at_once() {
    let ended = maelstrom(&["--bin", "sh -c 'echo what is this? >&2; exit 7'"]);
    assert_eq!(ended.status, Some(1), "{ended:?}");
    for words in ["n4: ended", "exit status 7", "what is this?"] {
        assert!(ended.printed.contains(words), "{ended:?}");
    }
}

#[test]
fn a_program_that_gives_back_what_it_reads_is_told_that_it_is_not_the_sender() {
    let ended = maelstrom(&["--bin", "cat"]);
    assert_eq!(ended.status, Some(1), "{ended:?}");
    let words = "src must be the node's own id, n1, and is c0";
    assert!(ended.printed.contains(words), "{ended:?}");
}
