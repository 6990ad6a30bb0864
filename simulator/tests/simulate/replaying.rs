//! A plan is played from its own file, or from the trace of its run.

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
