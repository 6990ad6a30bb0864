//! How long the trace of a run of 100,000 events takes into each form. The exit status is 1 if one takes two seconds or more.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use quorate_simulator::plan::Choice;
use quorate_simulator::{Plan, Watch, run_with};
use quorate_trace::{Form, Trace};

const EVENTS: usize = 100_000;
const MOST_SECONDS: f64 = 2.0;

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn main() -> ExitCode {
    let trace = trace();
    let mut out = std::io::stdout().lock();
    let mut status = ExitCode::SUCCESS;
    for form in Form::ALL {
        let began = Instant::now();
        let mut bytes = Vec::new();
        let written = form.write(&trace, &mut bytes).is_ok();
        let seconds = began.elapsed().as_secs_f64();
        let told = writeln!(
            out,
            "{:8} {} events of {} processes: {seconds:.3} s, {} bytes",
            form.name(),
            trace.events.len(),
            trace.header.n,
            bytes.len()
        );
        if !written || told.is_err() || seconds >= MOST_SECONDS {
            status = ExitCode::FAILURE;
        }
    }
    status
}

/// The first events of the first run that has enough. Runs of 31 processes have the most.
#[expect(
    clippy::expect_used,
    reason = "a benchmark stops where it cannot go on"
)]
fn trace() -> Trace {
    let choice = Choice {
        processes: Some(31),
        ..Choice::default()
    };
    for seed in 0.. {
        let plan = Plan::generate(seed, &choice);
        let watch = Watch {
            events: true,
            ..Watch::default()
        };
        let outcome = run_with(&plan, watch, &|| false).expect("the plan can be played");
        let recorded = outcome.recorded.expect("the events are kept");
        if recorded.events.len() >= EVENTS {
            let mut trace = recorded.trace(&plan, "cargo bench --bench export");
            trace.events.truncate(EVENTS);
            return trace;
        }
    }
    unreachable!("some run has so many events")
}
