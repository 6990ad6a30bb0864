//! A plan is played from its own file, or from the trace of its run.

use std::fs;
use std::path::Path;

use crate::support::{Ended, file, objects, simulate};

fn replay(path: &Path) -> Ended {
    simulate(&format!(
        "replay {} --no-shrink --format json",
        path.display()
    ))
}

#[test]
fn the_trace_of_a_run_plays_it_again_compressed_or_not() {
    let run = simulate("run --seed 7 --format json");
    let digest = objects(&run.printed)[0]["trace"].clone();
    assert!(digest.is_string(), "{run:?}");
    for name in ["replayed.jsonl", "replayed.jsonl.gz"] {
        let path = file(name, "");
        let traced = simulate(&format!("run --seed 7 --trace {}", path.display()));
        assert_eq!(traced.status, Some(0), "{traced:?}");
        let replayed = replay(&path);
        assert_eq!(replayed.status, Some(0), "{replayed:?}");
        assert_eq!(objects(&replayed.printed)[0]["trace"], digest, "{name}");
    }
}

#[test]
fn a_trace_that_has_no_plan_is_refused_with_the_reason() {
    let header = "{\"v\":1,\"kind\":\"header\",\"plan\":null,\"n\":4,\"f\":1,\"version\":\"0.1.0\",\"command\":\"server\",\"clock\":\"wall\"}\n";
    for (text, reason) in [
        (
            header,
            "is a trace of live processes: only a simulated run has a plan to play",
        ),
        (
            "{\"v\":2}\n",
            "is no trace that can be read: its form has version 2",
        ),
        (
            "{}\n",
            "is no trace that can be read: line 1: missing field `v`",
        ),
    ] {
        let ended = replay(&file("no-plan.jsonl", text));
        assert_eq!(ended.status, Some(2), "{ended:?}");
        assert!(ended.complained.contains(reason), "{}", ended.complained);
    }
}

/// What the events of a run are, but for their numbers, which a fault at the start moves.
fn happenings(arguments: &str, name: &str) -> Vec<(u64, String)> {
    let trace = file(name, "");
    let ended = simulate(&format!("{arguments} --trace {}", trace.display()));
    assert!(matches!(ended.status, Some(0 | 1)), "{ended:?}");
    let text = fs::read_to_string(&trace).expect("it was written");
    let events = objects(&text).into_iter().skip(1);
    let events = events
        .filter(|event| event["kind"] != "fault")
        .map(|event| {
            let parts = [
                "p", "kind", "from", "to", "type", "view", "slot", "digest", "why", "what",
            ];
            let words = parts.map(|part| event[part].to_string()).join(" ");
            (event["t_us"].as_u64().expect("a number"), words)
        });
    events.collect()
}

#[test]
fn a_branch_is_the_same_run_until_its_fault_begins() {
    let plan = "[requests]\nP = [0, 300, 700]\nQ = [10, 900]\nR = [200, 600, 1000]\n\
        [[network]]\nlost = 50\nlate = 50\nshortest_us = 500\nlongest_us = 9000\n";
    let plan = file("branched.toml", plan);
    for (seed, branch) in [(3, "Q=silent@after=700ms"), (8, "P=equivocate@after=500ms")] {
        let run = format!("replay {} --seed {seed} --no-shrink", plan.display());
        let main = happenings(&run, "main.jsonl");
        let branch = happenings(&format!("{run} --branch {branch}"), "branch.jsonl");
        let until = main
            .iter()
            .zip(&branch)
            .position(|(one, other)| one != other)
            .expect("the fault shows");
        assert!(until > 100, "seed {seed}: event {until}");
        assert!(main[until].0 >= 500_000, "seed {seed}: {:?}", main[until]);
    }
}

#[test]
fn a_branch_that_no_plan_can_have_is_refused_with_the_reason() {
    for (branch, reason) in [
        ("Q=lye", "lie"),
        ("T=lie", "T"),
        ("P=lie", "process P is named twice"),
    ] {
        let ended = simulate(&format!(
            "run --seed 3 --processes 4 --faulty P=silent --branch {branch}"
        ));
        assert_eq!(ended.status, Some(2), "{branch}: {ended:?}");
        assert!(ended.complained.contains(reason), "{}", ended.complained);
    }
    let ended =
        simulate("run --seed 3 --processes 4 --faulty P=silent --branch Q=lie@after=1s --plan");
    assert_eq!(ended.status, Some(0));
    assert!(
        ended
            .printed
            .contains("faulty = [\"P=silent\", \"Q=lie@after=1s\"]"),
        "{}",
        ended.printed
    );
}
