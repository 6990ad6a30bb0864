//! How fast the page of a run of 31 processes is, in Chromium: with 100,000 events, and with 300,000, which is the most that the page of
//! processes that run keeps. The exit status is 1 if with 100,000 the first paint takes a second or more, or a frame of scrubbing 50 ms or
//! more. Skipped where there is no Node, no Chromium or no playwright-core.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use quorate_simulator::{Plan, Watch, run_with};
use quorate_trace::Trace;

const EVENTS: usize = 100_000;
const MANY_EVENTS: usize = 300_000;
/// The pause between two requests, in milliseconds: each has a slot of its own.
const PAUSE: u64 = 100;
/// More requests than give so many events.
const REQUESTS: u64 = 300;

#[expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark stops where it cannot go on, and says what it found"
)]
fn main() -> ExitCode {
    let mut trace = trace();
    let many = written(&trace);
    trace.events.truncate(EVENTS);
    let few = written(&trace);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/page.cjs");
    let measured = Command::new("node")
        .arg(script)
        .args([&few, &many])
        .status();
    for file in [few, many] {
        fs::remove_file(file).expect("it was written");
    }
    match measured {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            println!("skipped: Node is missing ({error})");
            ExitCode::SUCCESS
        }
    }
}

/// The file of the page of a trace.
#[expect(
    clippy::expect_used,
    reason = "a benchmark stops where it cannot go on"
)]
fn written(trace: &Trace) -> PathBuf {
    let page = quorate_page::html(trace).expect("the trace can be written");
    let name = format!(
        "quorate-bench-{}-{}.html",
        std::process::id(),
        trace.events.len()
    );
    let file = std::env::temp_dir().join(name);
    fs::write(&file, page).expect("the folder of temporary files can be written");
    file
}

/// A run in which P keeps silent, so that the view changes, and a request comes every so often.
#[expect(
    clippy::expect_used,
    reason = "a benchmark stops where it cannot go on"
)]
fn trace() -> Trace {
    let times: Vec<_> = (1..=REQUESTS)
        .map(|number| (number * PAUSE).to_string())
        .collect();
    let text = format!(
        "processes = 31\nfaulty = [\"P=silent\"]\n[requests]\nQ = [{}]\n",
        times.join(", ")
    );
    let plan = Plan::from_text(&text).expect("it is a plan");
    let watch = Watch {
        events: true,
        ..Watch::default()
    };
    let outcome = run_with(&plan, watch, &|| false).expect("the plan can be played");
    let recorded = outcome.recorded.expect("the events are kept");
    let mut trace = recorded.trace(&plan, "cargo bench -p quorate-simulator --bench page");
    assert!(
        trace.events.len() >= MANY_EVENTS,
        "{} events are too few",
        trace.events.len()
    );
    trace.events.truncate(MANY_EVENTS);
    trace
}
