//! The page of a run and those of stories: in a real browser, and what the page's own code says of decisions. Skipped where there is no Node, no Chromium, or no
//! playwright-core and axe-core for Node; CI has them.
#![allow(clippy::unwrap_used)]

#[path = "../../../page/tests/support/mod.rs"]
mod support;

use std::fs;
use std::path::{Path, PathBuf};

use quorate_fault::Dice;
use quorate_protocol::Sequence;
use quorate_simulator::plan::Choice;
use quorate_simulator::story::{self, Story};
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
