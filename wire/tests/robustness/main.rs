//! Hostile callers attack an endpoint through raw sockets. The endpoint is a process of its own, so that its memory can
//! be measured. After each case it must answer a normal call within a second, and its memory in use must come back to
//! within [`NEAR`] of what it was. Resident memory may stay higher, by what the endpoint's limits allow for connections
//! and bodies, because the allocator keeps some of what was freed.
//!
//! The cases run one after another, whatever `--test-threads` says, because each measures time and memory. `cargo test`
//! runs no other test at the same time. The figures are printed at the end.

#![allow(clippy::unwrap_used)]

mod cases;
#[path = "../common/mod.rs"]
mod common;
mod endpoint;
mod http;

use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Trial};
use peak_alloc::PeakAlloc;

use crate::endpoint::Process;

/// The most time for a normal call.
const SOON: Duration = Duration::from_secs(1);
/// How much more memory may be in use after a case than before, in KiB.
const NEAR: usize = 1024;
/// The most time until memory comes back.
const GIVEN_BACK: Duration = Duration::from_secs(10);

/// Counts the memory in use. The operating system's figures include memory that the allocator keeps for later.
#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// The measurements, one line for each case.
static FIGURES: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(endpoint::COMMAND) {
        return endpoint::serve();
    }
    endpoint::raise_the_limit_of_files();
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let trials = cases::ALL.iter().map(|(name, process, case)| {
        Trial::test(*name, || {
            judge(name, process, *case);
            Ok(())
        })
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    for line in FIGURES.lock().unwrap().iter() {
        println!("{line}");
    }
    conclusion.exit_code()
}

/// Plays a case, then checks how the endpoint is.
fn judge(name: &str, process: &Process, case: fn(&Process)) {
    // The first calls take some memory for good. That is not the case's.
    for _ in 0..20 {
        process.call_normally();
    }
    let before = process.memory();
    process.forget_the_peaks();
    let began = Instant::now();
    case(process);
    let took = began.elapsed();
    let answered = process.call_normally();
    assert!(answered <= SOON, "a normal call took {answered:?}");

    let ended = Instant::now();
    let mut after = process.memory();
    while !process.is_near(&before, &after) && ended.elapsed() < GIVEN_BACK {
        std::thread::sleep(Duration::from_millis(20));
        after = process.memory();
    }
    let line = format!(
        "{name}: {took:.1?}, then a normal call in {answered:.1?}; KiB in use: {}, at most {}, {} after; resident: {}, at most {}, \
         {} after",
        before.used,
        after.used_peak,
        after.used,
        before.resident,
        after.resident_peak,
        after.resident
    );
    FIGURES.lock().unwrap().push(line.clone());
    assert!(process.is_near(&before, &after), "{line}");
}
