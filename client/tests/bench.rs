//! `bench`: what is measured, and what is said of a measurement that was stopped.
#![allow(clippy::unwrap_used)]

mod support;

use std::process::{Child, Command, Stdio};

use quorate_wire::Caller;
use quorate_wire::method::{Status, StatusAnswer};
use serde_json::Value;
use support::{Processes, client, complained, eventually, printed, send_signal};

#[test]
fn operations_are_measured_after_one_warm_up_each() {
    let arguments =
        "bench --spawn --faulty none --operations 6 --clients 2 --reads 50 --format json";
    let output = client(&arguments.split(' ').collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(0), "{}", complained(&output));
    let figures: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(figures["complete"], true);
    assert_eq!(figures["operations"], 12);
    assert_eq!(figures["warmup_operations_per_client"], 1);
    let percentiles = ["p50_ms", "p95_ms", "p99_ms", "max_ms"].map(|name| figures[name].as_f64());
    assert!(
        percentiles.is_sorted() && percentiles[0] > Some(0.0),
        "{figures}"
    );
}

#[test]
fn ctrl_c_prints_what_was_measured_so_far() {
    let processes = Processes::start(4, "none");
    let bench = bench_without_end(&processes, &["--warmup", "0", "--format", "json"]);
    eventually("some rounds are measured", || round(&processes) >= 3);
    let output = interrupt(bench);
    assert_eq!(output.status.code(), Some(130), "{}", complained(&output));
    let figures: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(figures["complete"], false);
    assert!(figures["rounds"].as_u64() >= Some(1), "{figures}");
    assert!(figures["bytes_per_round"].is_null(), "{figures}");
}

#[test]
fn ctrl_c_during_the_warm_up_says_that_nothing_was_measured() {
    let processes = Processes::start(4, "none");
    let bench = bench_without_end(&processes, &["--warmup", "1000000", "--format", "json"]);
    eventually("some rounds are run", || round(&processes) >= 3);
    let output = interrupt(bench);
    assert_eq!(output.status.code(), Some(130), "{}", printed(&output));
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(object["error"]["exit_status"], 130);
    assert_eq!(
        complained(&output),
        "error: stopped by Ctrl-C before anything was measured\n"
    );
}

fn bench_without_end(processes: &Processes, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_client"))
        .args([
            "bench",
            "--rounds",
            "1000000",
            "--endpoint",
            &processes.endpoints(),
        ])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn interrupt(child: Child) -> std::process::Output {
    send_signal(child.id(), "INT");
    child.wait_with_output().unwrap()
}

/// The latest round at P.
fn round(processes: &Processes) -> u64 {
    let caller = Caller::new(
        processes.all()[0].address,
        std::time::Duration::from_secs(30),
    );
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let status = runtime.block_on(caller.call(Status::default()));
    status
        .ok()
        .and_then(StatusAnswer::into_process)
        .map_or(0, |status| status.round.round)
}
