//! One plan file, played by the simulator and by live processes.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use quorate_trace::{Event, Kind, Why};
use serde_json::Value;
use support::{Folder, complained, eventually, run};

/// S is faulty, is cut off, and loses its memory. R stands still for a while.
const PLAN: &str = r#"
processes = 4
faulty = ["S=silent"]
heal_ms = 2500
links = ["Q->P checkpoint: cut @0ms-100ms"]

[requests]
Q = [100, 1200]
R = [2700]

[[partitions]]
from_ms = 300
to_ms = 1000
side = ["S"]

[[stops]]
process = "R"
from_ms = 1100
to_ms = 1400

[[stops]]
process = "S"
from_ms = 1600
to_ms = 2000
back = "without-disk"
"#;

/// What a trace shows of faults: behaviours and pauses of processes, links that are cut, and processes that were started again.
fn faults(trace: &str) -> BTreeSet<String> {
    let events = trace.lines().skip(1);
    let events = events.map(|line| serde_json::from_str(line).unwrap());
    let shown = events.filter_map(|event: Event| {
        let p = event.p;
        match event.kind {
            Kind::Fault => Some(format!("{p} {}", event.what?)),
            Kind::Drop if event.why == Some(Why::Cut) => {
                let to = event.to?;
                Some(format!("{p} is cut off from {to}"))
            }
            Kind::Start if event.life > 0 => Some(format!("{p} starts again")),
            _ => None,
        }
    });
    shown.collect()
}

/// A program of the same build, if it is there: it is built with the whole workspace.
fn program(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_BIN_EXE_client")).parent().unwrap();
    let program = folder.join(name);
    if program.exists() {
        return Some(program);
    }
    assert!(
        std::env::var_os("QUORATE_ALL_TESTS").is_none(),
        "there is no {name}"
    );
    eprintln!("skipped: build the whole workspace first, for the program '{name}'");
    None
}

/// Its children end with it.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn one_plan_shows_the_same_faults_at_the_same_processes_simulated_and_live() {
    let (Some(server), Some(simulate)) = (program("server"), program("simulate")) else {
        return;
    };
    let folder = Folder::new("plan");
    let (plan, simulated) = (folder.file("plan.toml"), folder.file("simulated.jsonl"));
    fs::write(&plan, PLAN).unwrap();
    let mut replay = Command::new(simulate);
    replay.args(["replay", &plan, "--trace", &simulated]);
    let replayed = run(replay);
    assert!(replayed.status.success(), "{}", complained(&replayed));

    let (ready, log) = (folder.file("ready.json"), folder.file("log"));
    let mut live = Command::new(server);
    live.args([
        "--plan",
        &plan,
        "--trace",
        "--base-port",
        "0",
        "--ready-file",
        &ready,
    ]);
    live.stdin(Stdio::null()).stdout(Stdio::null());
    let _server = Server(live.stderr(File::create(&log).unwrap()).spawn().unwrap());
    eventually("the plan is played", || {
        fs::read_to_string(&log)
            .unwrap()
            .contains("the plan is played")
    });
    let ready: Value = serde_json::from_str(&fs::read_to_string(&ready).unwrap()).unwrap();
    let endpoints = ready["processes"].as_array().unwrap().iter();
    let endpoints: Vec<String> = endpoints
        .map(|one| format!("127.0.0.1:{}", one["port"]))
        .collect();
    let mut trace = Command::new(env!("CARGO_BIN_EXE_client"));
    trace.args(["trace", "--endpoint", &endpoints.join(",")]);
    let traced = run(trace);
    assert!(traced.status.success(), "{}", complained(&traced));

    let simulated = faults(&fs::read_to_string(&simulated).unwrap());
    let live = faults(&String::from_utf8(traced.stdout).unwrap());
    let expected = [
        "P is cut off from S",
        "Q is cut off from S",
        "R is cut off from S",
        "R was paused",
        "S silent",
        "S starts again",
    ];
    assert_eq!(simulated, expected.map(str::to_owned).into());
    assert_eq!(live, simulated, "{}", fs::read_to_string(&log).unwrap());
}

#[test]
fn what_only_a_simulator_can_do_is_refused_with_what_to_write_instead() {
    let Some(server) = program("server") else {
        return;
    };
    let folder = Folder::new("refused-plan");
    let path = folder.file("plan.toml");
    for (plan, words) in [
        (
            "twins = [\"P\"]",
            "cannot play 'twins': a live process runs once",
        ),
        (
            "[[network]]\nlost = 3\nshortest_us = 1\nlongest_us = 2",
            "cannot play 'network'",
        ),
        (
            "[[stops]]\nprocess = \"R\"\nfrom_ms = 1\nto_ms = 9\nback = \"from-disk\"",
            "add it",
        ),
        (
            "[[clocks]]\nprocess = \"S\"\nahead_ms = 1\nrate = 900",
            "cannot play 'clocks'",
        ),
        (
            "[engine]\nslots_in_flight = 2",
            "cannot play 'engine.slots_in_flight'",
        ),
        ("faulty = [\"P=sing\"]", "line 1: unknown behaviour 'sing'"),
        ("sing = 1", "unknown field `sing`"),
    ] {
        fs::write(&path, plan).unwrap();
        let mut refused = Command::new(&server);
        refused.args(["--plan", &path, "--base-port", "0"]);
        let refused = run(refused);
        assert_eq!(refused.status.code(), Some(2), "{plan}");
        let said = complained(&refused);
        assert!(
            said.contains(words) && said.contains(&path),
            "{plan}: {said}"
        );
    }
}
