//! `bench`: what is measured, and what is said of a measurement that was stopped.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;
use std::process::{Child, Command, Stdio};

use quorate_wire::Caller;
use quorate_wire::method::{Status, StatusAnswer};
use serde_json::Value;
use support::{Folder, Processes, client, complained, eventually, printed, send_signal};

/// Measures four correct processes that are started for it, and gives the object that is printed.
fn measured(arguments: &str) -> Value {
    let arguments = format!("bench --spawn --faulty none --format json {arguments}");
    let output = client(&arguments.split(' ').collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(0), "{}", complained(&output));
    assert_eq!(complained(&output), "", "progress is for terminals");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A figure of a run, which must be there and more than 0.
fn figure(run: &Value, name: &str) -> f64 {
    let value = run[name].as_f64().unwrap_or_default();
    assert!(value > 0.0, "{name} in {run}");
    value
}

fn check_latencies(run: &Value) {
    let percentiles =
        ["p50_ms", "p95_ms", "p99_ms", "p999_ms", "max_ms"].map(|name| figure(run, name));
    assert!(percentiles.is_sorted(), "{run}");
}

#[test]
fn operations_are_measured_in_several_runs_beside_the_empty_method() {
    let object = measured("--operations 6 --clients 2 --reads 50 --warmup 1 --runs 2 --compare");
    assert_eq!(object["complete"], true);
    assert_eq!(object["measured"], "operations");
    assert_eq!(object["warmup_per_client"], 1);
    let runs = object["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 2);
    for run in runs {
        assert_eq!(run["count"], 12.0);
        check_latencies(run);
        figure(run, "client_cpu_percent");
        let ratio = |of, to| figure(run, of) / figure(run, to);
        for (ratio, shown) in [
            (ratio("p50_ms", "e1_ms"), figure(run, "p50_in_e1")),
            (
                ratio("per_second", "e32_per_second"),
                figure(run, "per_second_in_e32"),
            ),
        ] {
            assert!((ratio - shown).abs() < 0.1 * ratio + 0.001, "{run}");
        }
    }
    for summary in object["summary"].as_array().unwrap() {
        let values = ["lowest", "median", "highest"].map(|name| summary[name].as_f64().unwrap());
        assert!(values.is_sorted(), "{summary}");
    }
}

#[test]
fn operations_of_one_call_count_one_by_one() {
    let object = measured("--operations 12 --per-call 4 --clients 2 --runs 1");
    assert_eq!(object["per_call"], 4);
    let run = &object["runs"][0];
    assert_eq!(run["count"], 24.0);
    check_latencies(run);
}

#[test]
fn rounds_of_several_clients_are_measured() {
    let object = measured("--rounds 5 --clients 3 --warmup 1 --runs 1");
    assert_eq!(object["measured"], "rounds");
    let run = &object["runs"][0];
    assert_eq!(run["count"], 15.0);
    check_latencies(run);
    figure(run, "per_second");
    figure(run, "messages_each");
    assert!(run["p50_in_e1"].is_null(), "{run}");
}

#[test]
fn an_open_loop_makes_as_many_calls_as_it_was_told_and_not_before_they_are_due() {
    let object = measured("--operations 50 --rate 200 --clients 4 --runs 1");
    assert_eq!(object["rate_per_second"], 200);
    let run = &object["runs"][0];
    assert_eq!(run["count"], 50.0);
    // The last of 50 operations is due after 49 intervals of 5 ms.
    assert!(figure(run, "elapsed_s") >= 0.245, "{run}");
    check_latencies(run);
}

#[test]
fn processes_that_are_measured_may_keep_their_state_in_a_folder() {
    let folder = Folder::new("bench");
    let data = folder.file("data");
    for _ in 0..2 {
        let object = measured(&format!("--operations 2 --runs 1 --data-dir {data}"));
        assert_eq!(object["runs"][0]["count"], 2.0);
        assert!(Path::new(&data).join("keys.json").exists());
    }
}

#[test]
fn csv_has_one_line_with_the_names_and_one_for_each_run() {
    let arguments = "bench --spawn --faulty none --rounds 1 --warmup 0 --runs 3 --format csv";
    let output = client(&arguments.split(' ').collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(0), "{}", complained(&output));
    let csv = printed(&output);
    let firsts: Vec<_> = csv.lines().map(|line| line.split(',').next()).collect();
    assert_eq!(
        firsts,
        [Some("run"), Some("1"), Some("2"), Some("3")],
        "{csv}"
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
    let run = &figures["runs"][0];
    assert!(figure(run, "count") >= 1.0, "{figures}");
    assert!(run["bytes_each"].is_null(), "{figures}");
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
