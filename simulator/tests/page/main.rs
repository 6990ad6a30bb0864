//! The page of a run, in a real browser. Skipped where there is no Chromium, or no playwright-core and axe-core for Node; CI has them.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use quorate_simulator::{Plan, Watch, run_with};

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

#[test]
fn a_reader_finds_in_the_page_what_happened_and_why() {
    let (silent, twins) = (page("silent", PLAN), page("twins", TWINS));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page/browser.cjs");
    let output = Command::new("node")
        .arg(script)
        .args([&silent, &twins])
        .output();
    for file in [silent, twins] {
        fs::remove_file(file).unwrap();
    }
    let Ok(output) = output else {
        assert!(
            std::env::var_os("QUORATE_ALL_TESTS").is_none(),
            "there is no Node"
        );
        return println!("skipped: Node is missing");
    };
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    print!("{said}");
}
