//! What theory says of each experiment comes out, with live processes and few calls; and a stopped program leaves what it has.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use libtest_mimic::{Arguments, Failed, Trial};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use quorate_experiment::{Case, Found, Runs, Size, find};
use quorate_report::{Folder, Section};

/// How long to wait for what comes within a second on a quiet machine.
const LIMIT: Duration = Duration::from_secs(120);

/// The sentences about time and high loads: few runs on a busy machine do not show them.
const ABOUT_TIME: [&str; 6] = [
    "It takes longer than at a single process",
    "It is faster than an ordered write",
    "The lowest load is served as it falls due",
    "The higher the load, the more writes share a slot",
    "Larger batches make fewer slots",
    "clients get more done than one",
];

fn main() -> ExitCode {
    // The processes that are measured are this program.
    if let Some(child) = quorate_server::child_call() {
        return child();
    }
    let trial = |name: &str, test: fn()| {
        Trial::test(name, move || {
            test();
            Ok::<(), Failed>(())
        })
    };
    let tests = vec![
        trial("agreement_costs_a_slot_and_a_single_process_none", overhead),
        trial("a_read_costs_a_question_and_an_answer_each", reads),
        trial("clients_share_slots_and_nothing_is_lost", clients),
        trial("what_falls_due_is_served_in_memory_and_on_disk", load),
        trial("measurements_that_fail_are_told_and_end_the_whole", failing),
        trial("ctrl_c_leaves_a_report_and_no_process", ctrl_c),
        trial("a_folder_with_something_in_it_is_refused", full_folder),
    ];
    libtest_mimic::run(&Arguments::from_args(), tests).exit_code()
}

fn overhead() {
    let cases = cases("overhead", |case| case.x < 4.5);
    let fewer = cases.into_iter().map(|case| Case {
        options: case.options.replace(" --compare", ""),
        ..case
    });
    holds("overhead", fewer.collect());
}

fn reads() {
    holds("reads", cases("reads", |case| case.x < 1.5));
}

fn clients() {
    let cases = cases("clients", |case| case.x < 1.5 || case.x > 500.0);
    let section = holds("clients", cases);
    let most = section.rows.last().unwrap();
    assert_eq!((most.x, most.figure("count")), (512.0, Some(512.0 * 8.0)));
}

fn load() {
    let least = |case: &Case| case.x < 100.5 && !case.series.contains("16");
    let section = holds("load", cases("load", least));
    let disks = section
        .rows
        .iter()
        .filter(|row| row.again.contains("--data-dir data"));
    assert_eq!(disks.count(), 2);
}

fn failing() {
    let wrong = Case {
        series: "wrong".to_owned(),
        x: 1.0,
        options: "--processes none".to_owned(),
        on_disk: false,
    };
    let path = folder("failing");
    let made = Folder::make(&path).unwrap();
    let experiment = find("clients").unwrap();
    let mut runs = Runs::new(vec![(experiment, vec![wrong])], 5, &path);
    let ended = on_runtime(runs.take(&made, &ProgressBar::hidden()));
    assert!(
        format!("{ended:?}").contains("--processes none"),
        "{ended:?}"
    );
    let found = runs.found().unwrap();
    assert!(found.skipped.is_empty());
    let why = found.sections[0].cut_short.as_ref().unwrap();
    assert!(why.contains("after 3 of 5 measurements"), "{why}");
}

fn ctrl_c() {
    let path = folder("stopped");
    let child = program(&path).spawn().unwrap();
    until("a first measurement", || path.join("runs.jsonl").is_file());
    let mut measured = Vec::new();
    until("processes are measured", || {
        measured = children(child.id());
        !measured.is_empty()
    });
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    kill(pid, Signal::SIGINT).unwrap();
    let output = child.wait_with_output().unwrap();
    let complained = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{complained}");
    let told = "stopped by Ctrl-C before the end; not whole: reads, clients, load, overhead";
    assert!(complained.contains(told), "{complained}");
    let page = fs::read_to_string(path.join("index.html")).unwrap();
    assert!(page.contains("Not run: reads, clients, load"));
    assert!(page.contains(", measured"), "its axes say so");
    assert!(!path.join("data").exists());
    until("the processes end", || {
        !measured.iter().any(|one| is_ours(one))
    });
}

fn full_folder() {
    let path = folder("full");
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join("mine.txt"), "mine").unwrap();
    let output = program(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let complained = String::from_utf8(output.stderr).unwrap();
    assert!(complained.contains("it is not empty"), "{complained}");
    assert_eq!(fs::read_dir(&path).unwrap().count(), 1);
}

/// The cases of an experiment that are wanted.
fn cases(name: &str, wanted: impl Fn(&Case) -> bool) -> Vec<Case> {
    let mut cases = find(name).unwrap().cases(Size::Quick);
    cases.retain(wanted);
    cases
}

/// Measures each of the cases once. What theory says of messages and of correctness must come out.
fn holds(name: &str, cases: Vec<Case>) -> Section {
    let path = folder(name);
    let made = Folder::make(&path).unwrap();
    let count = cases.len();
    let mut runs = Runs::new(vec![(find(name).unwrap(), cases)], 1, &path);
    on_runtime(runs.take(&made, &ProgressBar::hidden())).unwrap();
    let Found {
        mut sections,
        files,
        ..
    } = runs.found().unwrap();
    let lines = files["latencies.hdr"].lines();
    let tag = format!("Tag={name}/");
    assert_eq!(lines.filter(|line| line.starts_with(&tag)).count(), count);
    let section = sections.remove(0);
    assert_eq!(section.cut_short, None);
    let wrong = section
        .findings
        .iter()
        .filter(|one| !one.holds && !ABOUT_TIME.iter().any(|about| one.says.contains(about)));
    let wrong: Vec<_> = wrong.collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(section.findings.len() > 2, "{:#?}", section.findings);
    assert_eq!(section.rows.len(), count);
    let kept = fs::read_to_string(path.join("runs.jsonl")).unwrap();
    assert_eq!(kept.lines().count(), count, "each was kept at once");
    for chart in &section.charts {
        let points = chart.series.iter().map(|one| one.points.len());
        assert!(points.sum::<usize>() > 0, "{} has points", chart.name);
        assert!(!chart.text.is_empty(), "{} is explained", chart.name);
    }
    section
}

fn on_runtime<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(future)
}

/// A folder that is not there.
fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("experiment-{name}"));
    let _ = fs::remove_dir_all(&path);
    path
}

/// All experiments, into this folder.
fn program(out: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_experiment"));
    command.args(["all", "--quick", "--out"]).arg(out);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The processes that this one has started.
fn children(parent: u32) -> Vec<PathBuf> {
    let wanted = format!("\nPPid:\t{parent}\n");
    let is_child = |process: &PathBuf| {
        let status = fs::read_to_string(process.join("status"));
        status.is_ok_and(|status| status.contains(&wanted))
    };
    let all = fs::read_dir("/proc").unwrap();
    let all = all.map(|entry| entry.unwrap().path());
    all.filter(is_child).collect()
}

/// Whether this process runs, and is one of those that are measured.
fn is_ours(process: &Path) -> bool {
    fs::read_link(process.join("exe")).is_ok_and(|program| program.ends_with("experiment"))
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}: not within {LIMIT:?}");
        sleep(Duration::from_millis(10));
    }
}
