//! The page of a run and those of stories: in a real browser, and what the page's own code says of decisions. Skipped where there is no Node, no Chromium, or no
//! playwright-core and axe-core for Node; CI has them.
#![allow(clippy::unwrap_used)]

#[path = "../../../page/tests/support/mod.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use quorate_fault::{Dice, FaultPlan, Scene};
use quorate_protocol::Sequence;
use quorate_report::statistics::quantile;
use quorate_simulator::plan::{Choice, Name};
use quorate_simulator::story::{self, Story};
use quorate_simulator::{Outcome, Plan, Simulation, Watch, run_with};
use quorate_trace::{Event, Fingerprint, Kind, Trace};
use serde_json::{Value, json};

/// P keeps silent, so that the view changes, and Q, R and S decide.
const PLAN: &str = "faulty = [\"P=silent\"]\n[engine]\ncheckpoint_interval = 8\n[requests]\nQ = [0, 900, 1000]\nR = [40, 950]\n";

/// P runs twice: one of the two talks to S, and the other one to Q and R.
const TWINS: &str = "twins = [\"P\"]\napart = [\"S\"]\nheal_ms = 1000\n[requests]\nQ = [0, 900, 1000]\nS = [40, 950]\n";

/// P proposes one batch to some and another one to others.
const EQUIVOCATE: &str =
    "faulty = [\"P=equivocate\"]\n[requests]\nP = [0, 300]\nQ = [10, 310, 900]\nR = [40, 950]\n";

/// Nobody reaches S for a while, and S reaches nobody.
const CUT: &str = "[requests]\nP = [0, 350, 400, 500, 650, 850, 1200]\nQ = [10, 390, 600, 1300]\n\
    [[partitions]]\nfrom_ms = 300\nto_ms = 900\nside = [\"S\"]\n";

/// Writes the page of a plan's run.
fn page(name: &str, plan: &str) -> PathBuf {
    page_of(name, &Plan::from_text(plan).unwrap())
}

fn page_of(name: &str, plan: &Plan) -> PathBuf {
    let watch = Watch {
        events: true,
        ..Watch::default()
    };
    let mut outcome = run_with(plan, watch, &|| false).unwrap();
    let trace = outcome
        .take_trace(plan, "simulate replay plan.toml --html FILE")
        .unwrap();
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

/// Writes the page of a story. `of`: the test's own word.
fn story_page(name: &str, of: &str) -> PathBuf {
    let story = Story::named(name).unwrap().unwrap();
    let told = story
        .tell(&format!("simulate story {name} --html FILE"))
        .unwrap();
    let page = quorate_page::story(&told.trace, &told.telling).unwrap();
    assert!(page.len() < 5_000_000, "{name}: {} bytes", page.len());
    let file =
        std::env::temp_dir().join(format!("quorate-{name}-{of}-{}.html", std::process::id()));
    fs::write(&file, page).unwrap();
    file
}

#[test]
fn a_reader_plays_all_stories_by_keys_and_by_mouse() {
    let pages: Vec<_> = story::names()
        .map(|name| story_page(name, "played"))
        .collect();
    in_node("stories.cjs", &pages);
}

/// The folder of the pictures, and the documents that show them.
const PICTURES: &str = "docs/pictures";
const SHOWN: [(&str, &str); 2] = [("page", "docs/page.md"), ("story", "docs/stories.md")];

/// The pictures of the documents are taken as they are there. With `QUORATE_PICTURES` set they are put there.
#[test]
fn the_documents_show_pictures_of_the_page_in_light_and_dark() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let pages = [
        page("pictured", PLAN),
        story_page("silent-primary", "pictured"),
    ];
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page/pictures.cjs");
    support::in_node(&script, std::iter::once(&folder).chain(&pages));
    for page in pages {
        fs::remove_file(page).unwrap();
    }
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    for (name, document) in SHOWN {
        let text = fs::read_to_string(root.join(document)).unwrap();
        for scheme in ["light", "dark"] {
            let file = format!("{name}-{scheme}.png");
            let kept = root.join(PICTURES).join(&file);
            let taken = folder.join(&file);
            if std::env::var_os("QUORATE_PICTURES").is_some() {
                fs::create_dir_all(root.join(PICTURES)).unwrap();
                fs::copy(&taken, &kept).unwrap();
            }
            let size = |path: &Path| size(&fs::read(path).unwrap());
            assert_eq!(size(&kept), PIXELS, "{file}");
            // There is none where there is no browser.
            if taken.exists() {
                assert_eq!(size(&taken), PIXELS, "{file}, as it is taken now");
            }
            let bytes = fs::metadata(&kept).unwrap().len();
            assert!(bytes < 150_000, "{file}: {bytes} bytes");
            assert!(
                text.contains(&format!("pictures/{file}")),
                "{document} does not show {file}"
            );
        }
    }
    for scheme in ["light", "dark"] {
        assert!(
            readme.contains(&format!("{PICTURES}/story-{scheme}.png")),
            "README.md shows no story in {scheme}"
        );
    }
}

/// How large each picture is.
const PIXELS: (u32, u32) = (1000, 860);

/// Width and height of a PNG, which stand at its beginning.
fn size(png: &[u8]) -> (u32, u32) {
    assert!(png.starts_with(b"\x89PNG"));
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

/// Two twins of four split Q, R and S.
fn fork() -> Plan {
    let twins = ["P", "Q"].map(|name| name.to_owned().try_into().unwrap());
    let choice = Choice {
        processes: Some(4),
        twins: Some(twins.to_vec()),
        ..Choice::default()
    };
    Plan::generate(25, &choice)
}

#[test]
fn each_panel_shows_what_it_is_for_to_everybody() {
    let pages = [
        page("panels", PLAN),
        page("equivocate", EQUIVOCATE),
        page("cut", CUT),
        page_of("fork", &fork()),
    ];
    in_node("panels.cjs", &pages);
}

/// What key B offers is what `--branch` takes.
#[test]
fn the_behaviours_that_the_page_offers_for_a_branch_are_known() {
    let text = include_str!("../../../page/assets/branch.js");
    let (_, list) = text.split_once("EXAMPLES = [").unwrap();
    let (list, _) = list.split_once(']').unwrap();
    let offered: Vec<&str> = list.split(", ").map(|one| one.trim_matches('"')).collect();
    assert!(offered.len() > 3);
    for behaviour in offered {
        let words = format!("P={behaviour}@after=417ms");
        let plan = FaultPlan::parse(&words, 4, Scene::Order);
        assert!(plan.is_ok(), "{words}: {plan:?}");
    }
}

/// All are correct, and callers ask for much.
fn busy() -> Plan {
    let mut plan = Plan::from_text("[[network]]\nshortest_us = 300\nlongest_us = 9000\n").unwrap();
    for process in 0..4 {
        let times = (0..40).map(|number| 30 * number + u64::from(process));
        plan.requests.insert(Name::of(process), times.collect());
    }
    plan
}

/// How many runs are counted.
const RUNS: usize = 25;

/// A run, as JSON: its trace, and what the simulator has counted of it.
fn counted(plan: &Plan) -> Value {
    let watch = Watch {
        events: true,
        measures: true,
        ..Watch::default()
    };
    let mut outcome = run_with(plan, watch, &|| false).unwrap();
    let trace = outcome.take_trace(plan, "").unwrap();
    let mut text = Vec::new();
    trace.write(&mut text).unwrap();
    let figures = figures(plan, &outcome, &trace);
    json!({"seed": plan.seed, "trace": String::from_utf8(text).unwrap(), "figures": figures})
}

fn figures(plan: &Plan, outcome: &Outcome, trace: &Trace) -> Value {
    let measured = outcome.measured.as_ref().unwrap();
    // Votes of the exchange are no messages between replicas.
    let sent = measured.sent.iter().filter(|(kind, _)| **kind != "vote");
    let sent: BTreeMap<_, _> = sent.map(|(kind, one)| (*kind, one.messages)).collect();
    let waits = waits(&trace.events);
    let lost = trace.events.iter().filter(|one| one.kind == Kind::Drop);
    // In a disagreement a slot has two batches, and a run ends where a rule is broken: in the middle of what a process sends.
    let comparable = outcome.violation.is_none();
    let answers = answers(plan, outcome);
    let answers = answers.as_deref();
    json!({
        "answers": answers.map(<[f64]>::len),
        "answer_median_ms": answers.and_then(|all| quantile(all, 0.5)),
        "answer_p99_ms": answers.and_then(|all| quantile(all, 0.99)),
        "executed": comparable.then_some(outcome.counts.executed),
        "executed_by": executed_by(&trace.events),
        "sent": comparable.then_some(sent),
        "lost": lost.count(),
        "waits": waits.len(),
        "wait_median_ms": quantile(&waits, 0.5),
        "wait_p99_ms": quantile(&waits, 0.99),
    })
}

/// How many milliseconds callers waited for their answers. None: a caller may have asked twice for one answer, or have asked a faulty process,
/// and the simulator measures neither.
fn answers(plan: &Plan, outcome: &Outcome) -> Option<Vec<f64>> {
    let asks_once = plan.rounds.is_empty() && plan.stops.is_empty() && plan.disks.is_empty();
    let all_correct = plan.faulty.is_empty() && plan.twins.is_empty();
    let measured = outcome.measured.as_ref()?;
    (asks_once && all_correct && plan.costs.is_none()).then(|| {
        let ended = measured.asked.iter();
        let ended = ended.filter_map(|one| Some(ms(one.answered?.0 - one.at.0)));
        ended.collect()
    })
}

fn executed_by(events: &[Event]) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    for event in events.iter().filter(|event| event.kind == Kind::Execute) {
        let words = event.what.as_deref().unwrap();
        let (_, operations) = words.split_once(" requests, ").unwrap();
        let operations = operations.strip_suffix(" operations").unwrap();
        *all.entry(event.p.to_string()).or_default() += operations.parse::<u64>().unwrap();
    }
    all
}

/// How many milliseconds passed at each process from the first proposal of a slot that it knew in this life to the slot's execution.
fn waits(events: &[Event]) -> Vec<f64> {
    let mut known = BTreeMap::new();
    let mut done = BTreeSet::new();
    let mut waits = Vec::new();
    for event in events {
        let slot = (event.p, event.life, event.slot);
        if event.kind == Kind::Accept {
            known.entry(slot).or_insert(event.t_us);
        }
        if event.kind == Kind::Execute
            && let Some(since) = known.get(&slot)
            && done.insert(slot)
        {
            waits.push(ms(event.t_us - since));
        }
    }
    waits
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a run has fewer than 2^52 microseconds"
)]
fn ms(micros: u64) -> f64 {
    micros as f64 / 1000.0
}

/// The page's own code counts what the simulator counts.
#[test]
fn the_charts_count_what_the_simulator_has_counted() {
    let mut dice = Dice::of([19; 32]);
    let drawn = (0..RUNS).map(|_| Plan::generate(dice.below(1_000_000), &Choice::default()));
    let plans = drawn.chain([fork(), Plan::from_text(CUT).unwrap(), busy()]);
    let runs: Vec<Value> = plans.map(|plan| counted(&plan)).collect();
    let name = format!("quorate-counts-{}.json", std::process::id());
    let file = std::env::temp_dir().join(name);
    fs::write(&file, json!(runs).to_string()).unwrap();
    in_node("counts.cjs", &[file]);
}

/// How many decisions are compared, and at most how many of one run.
const DECISIONS: usize = 200;
const OF_ONE_RUN: usize = 8;

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
