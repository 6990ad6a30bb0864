//! The page of a run: in a real browser, and what its own code says of decisions. Skipped where there is no Node, no Chromium, or no
//! playwright-core and axe-core for Node; CI has them.
#![allow(clippy::unwrap_used)]

#[path = "../../../page/tests/support/mod.rs"]
mod support;

use std::fs;
use std::path::{Path, PathBuf};

use quorate_fault::Dice;
use quorate_protocol::Sequence;
use quorate_simulator::plan::Choice;
use quorate_simulator::{Plan, Simulation, Watch, run_with};
use quorate_trace::Fingerprint;
use serde_json::{Value, json};

/// P keeps silent, so that the view changes, and Q, R and S decide.
const PLAN: &str = "faulty = [\"P=silent\"]\n[engine]\ncheckpoint_interval = 8\n[requests]\nQ = [0, 900, 1000]\nR = [40, 950]\n";

/// P runs twice: one of the two talks to S, and the other one to Q and R.
const TWINS: &str = "twins = [\"P\"]\napart = [\"S\"]\nheal_ms = 1000\n[requests]\nQ = [0, 900, 1000]\nS = [40, 950]\n";

/// Writes the page of a plan's run.
fn page(name: &str, plan: &str) -> PathBuf {
    let plan = Plan::from_text(plan).unwrap();
    let watch = Watch {
        events: true,
        ..Watch::default()
    };
    let recorded = run_with(&plan, watch, &|| false).unwrap().recorded.unwrap();
    let trace = recorded.trace(&plan, "simulate replay plan.toml --html FILE");
    let name = format!("quorate-page-{name}-{}.html", std::process::id());
    let file = std::env::temp_dir().join(name);
    fs::write(&file, quorate_page::html(&trace).unwrap()).unwrap();
    file
}

/// Runs a script of this folder on these files, and removes them.
fn in_node(script: &str, files: &[PathBuf]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page");
    support::in_node(&folder.join(script), files);
    for file in files {
        fs::remove_file(file).unwrap();
    }
}

#[test]
fn a_reader_finds_in_the_page_what_happened_and_why() {
    in_node("browser.cjs", &[page("silent", PLAN), page("twins", TWINS)]);
}

/// How many decisions are compared, and at most how many of one run.
const DECISIONS: usize = 200;
const OF_ONE_RUN: usize = 25;

/// A run, as JSON: its trace, and some decisions of correct processes, drawn by `dice`, each with the certificate of the engine.
fn decisions(seed: u64, dice: &mut Dice) -> Value {
    let plan = Plan::generate(seed, &Choice::default());
    let watch = Watch {
        events: true,
        ..Watch::default()
    };
    let mut simulation = Simulation::new(&plan, watch).unwrap();
    simulation.play(&|| false);
    let standings = simulation.standings();
    let correct = standings.iter().filter(|one| one.correct);
    let mut all: Vec<Value> = correct
        .flat_map(|one| (1..=one.executed).map(|slot| (one.process, slot)))
        .filter_map(|(process, slot)| {
            let proof = simulation.certificate(process, Sequence(slot))?;
            let commit = proof.first()?.value();
            let mut voters: Vec<_> = proof.iter().map(|one| one.signer().to_string()).collect();
            voters.sort_unstable();
            Some(json!({
                "process": process.0.to_string(),
                "slot": slot,
                "view": commit.view.0,
                "digest": Fingerprint::from(commit.digest).to_string(),
                "voters": voters,
            }))
        })
        .collect();
    let some: Vec<Value> = (0..OF_ONE_RUN.min(all.len()))
        .map(|_| all.swap_remove(usize::try_from(dice.below(all.len() as u64)).unwrap()))
        .collect();
    let mut trace = Vec::new();
    simulation.trace("").write(&mut trace).unwrap();
    json!({"seed": seed, "trace": String::from_utf8(trace).unwrap(), "decisions": some})
}

/// The page's own code explains random decisions of random seeds by the votes that the engine has certificates of.
#[test]
fn why_a_process_decided_is_what_the_engine_has_a_certificate_of() {
    let mut dice = Dice::of([18; 32]);
    let (mut runs, mut count) = (Vec::new(), 0);
    while count < DECISIONS {
        let run = decisions(dice.below(1_000_000), &mut dice);
        count += run["decisions"].as_array().unwrap().len();
        runs.push(run);
    }
    let name = format!("quorate-decisions-{}.json", std::process::id());
    let file = std::env::temp_dir().join(name);
    fs::write(&file, json!(runs).to_string()).unwrap();
    in_node("why.cjs", &[file]);
}
