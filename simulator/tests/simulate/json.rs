//! What scripts read.

use crate::support::{Ended, end, objects, program, simulate};

/// The members that each seed has.
const MEMBERS: [&str; 16] = [
    "v",
    "seed",
    "n",
    "faults",
    "twins",
    "bound",
    "verdict",
    "violated_rule",
    "violation",
    "culprits",
    "views",
    "messages",
    "events",
    "executed",
    "simulated_s",
    "command",
];

#[test]
fn a_sweep_prints_an_object_for_each_seed_and_nothing_else() {
    let ended = simulate("sweep --seeds 5..25 --format json");
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let rows = objects(&ended.printed);
    for (row, seed) in rows.iter().zip(5..) {
        let members: Vec<_> = row.as_object().expect("an object").keys().collect();
        assert_eq!(members.len(), MEMBERS.len());
        assert!(MEMBERS.iter().all(|name| row.get(name).is_some()), "{row}");
        assert_eq!((&row["v"], &row["seed"]), (&1.into(), &seed.into()));
        assert_eq!(row["verdict"], "good");
        let micros = row["simulated_s"].as_f64().expect("a number") * 1e6;
        assert!((micros / 1000.0).fract() < 1e-6, "not rounded: {row}");
    }
    assert_eq!(rows.len(), 20);
    assert!(ended.printed.starts_with("{\"v\":1,"));
    assert!(ended.complained.contains("20 seeds, 0 violations"));
}

#[test]
fn each_member_stands_on_the_page_of_the_simulator() {
    let page = include_str!("../../../docs/simulator.md");
    let rows: String = page
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    for member in MEMBERS.iter().filter(|member| **member != "bound") {
        assert!(rows.contains(&format!("`{member}`")), "{member}");
    }
    for member in [
        "bound.processes",
        "bound.faulty",
        "bound.survived",
        "bound.holds",
        "trace",
        "smallest_plan",
    ] {
        assert!(rows.contains(&format!("`{member}`")), "{member}");
    }
}

#[test]
fn the_number_of_threads_does_not_change_what_a_sweep_prints() {
    let by = |jobs| simulate(&format!("sweep --seeds 0..12 --format json --jobs {jobs}")).printed;
    assert_eq!(by(1), by(5));
}

#[test]
fn the_command_in_a_row_plays_the_same_run() {
    let sweep = simulate("sweep --seeds 23..24 --processes 4 --twins P,Q --format json");
    let row = &objects(&sweep.printed)[0];
    let command = row["command"].as_str().expect("a command");
    let arguments = command
        .strip_prefix("simulate ")
        .expect("it is a command of ours");
    let again = simulate(&format!("{arguments} --format json --no-shrink"));
    let mut again = objects(&again.printed).remove(0);
    let trace = again.as_object_mut().and_then(|row| row.remove("trace"));
    assert!(trace.is_some(), "a single run has its trace's digest");
    assert_eq!(&again, row);
}

#[test]
fn a_broken_rule_comes_with_the_smallest_plan_and_that_plan_breaks_it_too() {
    let broken = simulate("run --seed 23 --processes 4 --twins P,Q --format json");
    assert_eq!(broken.status, Some(1));
    let row = &objects(&broken.printed)[0];
    let plan = row["smallest_plan"].as_str().expect("a plan");
    let plan = crate::support::file("smallest.toml", plan);
    let Ended {
        status, printed, ..
    } = end(program("replay --format json --no-shrink").arg(plan));
    assert_eq!(status, Some(1));
    let again = &objects(&printed)[0];
    assert_eq!(again["violated_rule"], row["violated_rule"]);
    assert_eq!(again.get("smallest_plan"), None);
}

#[test]
fn a_soak_prints_an_object_for_each_line() {
    let ended = simulate("soak --requests 25 --every 10 --format json");
    assert_eq!(ended.status, Some(0));
    let rows = objects(&ended.printed);
    let requests: Vec<_> = rows.iter().map(|row| row["requests"].as_u64()).collect();
    assert_eq!(requests, [Some(10), Some(20), Some(25)]);
    assert!(
        rows.iter()
            .all(|row| row["v"] == 1 && row["verdict"] == "good")
    );
    assert!(rows[0]["resident_bytes"].as_u64() > Some(1 << 20));
}

#[cfg(feature = "mutants")]
#[test]
fn mutants_are_an_object_each() {
    let ended = simulate(
        "mutants --seeds 0..20 --only commits-too-few,believes-own-checkpoint --format json",
    );
    assert_eq!(ended.status, Some(1), "one of them takes more seeds");
    let rows = objects(&ended.printed);
    assert_eq!(rows.len(), 2);
    for row in rows {
        let caught = row["mutant"] == "commits-too-few";
        assert_eq!(row["caught"], caught, "{row}");
        assert_eq!(row["violated_rule"].is_string(), caught);
        assert_eq!(row["seeds"].as_u64() == Some(20), !caught);
        assert_eq!(row.get("smallest_plan"), None);
    }
}

#[test]
fn foundings_print_an_object_for_each_seed() {
    let ended = simulate("gather --seeds 3..8 --format json");
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let page = include_str!("../../../docs/simulator.md");
    let rows = objects(&ended.printed);
    for (row, seed) in rows.iter().zip(3..) {
        assert_eq!((&row["v"], &row["seed"]), (&1.into(), &seed.into()));
        assert_eq!(row["verdict"], "good");
        for member in row.as_object().expect("an object").keys() {
            assert!(page.contains(&format!("`{member}`")), "{member}");
        }
    }
    assert_eq!(rows.len(), 5);
    assert!(ended.complained.contains("5 seeds, 0 violations"));
}
