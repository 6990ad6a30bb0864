//! A sweep in parts: on several machines, stopped and gone on with, and merged.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::support::{Ended, file, program, simulate};

/// A folder of one test, empty.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("shards-{name}"));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("it can be made");
    path
}

fn good(arguments: &str) -> Ended {
    let ended = simulate(arguments);
    assert_eq!(ended.status, Some(0), "{arguments}: {ended:?}");
    ended
}

fn refused(arguments: &str) -> String {
    let ended = simulate(arguments);
    assert_eq!(ended.status, Some(2), "{arguments}: {ended:?}");
    ended.complained
}

/// The seeds of 0..30, or a part of them, into a file of this folder.
fn sweep(folder: &Path, shard: &str, name: &str) -> String {
    let file = folder.join(name).display().to_string();
    let shard = match shard {
        "" => String::new(),
        part => format!(" --shard {part}"),
    };
    format!("sweep --seeds 0..30 --processes 4 --out {file}{shard}")
}

fn merged(folder: &Path, files: &[&str]) -> Vec<u8> {
    let out = folder.join("merged.jsonl");
    let files: Vec<_> = files
        .iter()
        .map(|name| folder.join(name).display().to_string())
        .collect();
    good(&format!(
        "merge --out {} {}",
        out.display(),
        files.join(" ")
    ));
    fs::read(out).expect("it was written")
}

#[test]
fn one_part_seven_and_seven_of_which_one_was_killed_give_the_same_bytes() {
    let folder = folder("same");
    good(&sweep(&folder, "", "whole"));
    let whole = merged(&folder, &["whole"]);
    assert_eq!(whole.iter().filter(|byte| **byte == b'\n').count(), 31);
    let parts: Vec<String> = (0..7).map(|index| format!("{index}.jsonl")).collect();
    let names: Vec<&str> = parts.iter().map(String::as_str).collect();
    for (index, name) in names.iter().enumerate() {
        good(&sweep(&folder, &format!("{index}/7"), name));
    }
    assert!(merged(&folder, &names) == whole, "seven parts");
    // One ends within a row.
    let path = folder.join(names[3]);
    let text = fs::read_to_string(&path).expect("it is there");
    fs::write(&path, &text[..text.len() - 100]).expect("it can be written");
    let missing = refused(&format!(
        "merge {}",
        names
            .iter()
            .map(|name| folder.join(name).display().to_string())
            .collect::<Vec<_>>()
            .join(" ")
    ));
    assert!(
        missing.contains("1 of 30 seeds are missing: 24;"),
        "{missing}"
    );
    let resumed = good(&format!("{} --resume", sweep(&folder, "3/7", names[3])));
    assert!(
        resumed.printed.contains("3 seeds were known"),
        "{resumed:?}"
    );
    assert_eq!(fs::read_to_string(&path).expect("it is there"), text);
    assert!(
        merged(&folder, &names) == whole,
        "one of seven gone on with"
    );
}

#[test]
fn a_sweep_that_is_killed_keeps_what_it_has_played_and_goes_on() {
    let folder = folder("killed");
    good(&sweep(&folder, "", "whole"));
    let mut sweeping = program(&format!("{} --format json", sweep(&folder, "", "killed")));
    let mut child = sweeping
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program can be run");
    let printed = child.stdout.take().expect("it is piped");
    // Two rows are printed, and were kept before.
    for row in BufReader::new(printed).lines().take(2) {
        row.expect("it plays on");
    }
    child.kill().expect("it is a child");
    child.wait().expect("it is a child");
    let resumed = good(&format!("{} --resume", sweep(&folder, "", "killed")));
    assert!(resumed.printed.contains("seeds were known"), "{resumed:?}");
    assert!(merged(&folder, &["killed"]) == merged(&folder, &["whole"]));
}

#[test]
fn what_does_not_belong_together_is_refused_by_what_differs() {
    let folder = folder("mixed");
    let path = |name: &str| folder.join(name).display().to_string();
    let (first, other) = (path("first"), path("other"));
    good(&format!("sweep --seeds 0..4 --shard 0/2 --out {first}"));
    good(&format!(
        "sweep --seeds 0..4 --shard 1/2 --processes 7 --out {other}"
    ));
    let said = refused(&format!("merge {first} {other}"));
    assert!(
        said.contains("are of different sweeps: the plan differs"),
        "{said}"
    );
    let said = refused(&format!("merge {first} {first}"));
    assert!(
        said.contains("seeds are there more than once: 0, 2"),
        "{said}"
    );
    let said = refused(&format!("sweep --seeds 0..4 --shard 0/2 --out {first}"));
    assert!(
        said.contains("it is there already: go on with it with --resume"),
        "{said}"
    );
    for (change, what) in [
        ("--seeds 0..5 --shard 0/2", "the seeds differs"),
        ("--seeds 0..4 --shard 0/3", "the number of parts differs"),
        (
            "--seeds 0..4 --shard 1/2",
            "it has another part of the seeds",
        ),
        (
            "--seeds 0..4 --shard 0/2 --twins P --processes 4",
            "the plan differs",
        ),
    ] {
        let said = refused(&format!("sweep {change} --resume --out {first}"));
        assert!(said.contains(what), "{change}: {said}");
    }
    for (member, what) in [
        ("version", "the version of Quorate"),
        ("engine", "the engine"),
    ] {
        let text = fs::read_to_string(folder.join("first")).expect("it is there");
        let mut lines = text.lines();
        let mut header: serde_json::Value =
            serde_json::from_str(lines.next().expect("a header")).expect("it is JSON");
        header[member] = "another".into();
        let rest: String = lines.map(|line| format!("{line}\n")).collect();
        let changed = file("shards-changed", &format!("{header}\n{rest}"));
        let said = refused(&format!("merge {first} {}", changed.display()));
        assert!(said.contains(what), "{said}");
    }
    let nonsense = file("shards-nonsense", "nonsense\n");
    let said = refused(&format!("merge {}", nonsense.display()));
    assert!(said.contains("line 1 is no header"), "{said}");
    let full = refused("sweep --seeds 0..4 --out /dev/full");
    assert!(full.contains("/dev/full"), "{full}");
}

#[test]
fn a_sweep_begins_no_seed_after_its_budget_and_a_broken_rule_is_told_by_a_merge() {
    let folder = folder("budget");
    let path = |name: &str| folder.join(name).display().to_string();
    let none = path("none");
    let ended = good(&format!("sweep --seeds 0..30 --budget 0s --out {none}"));
    assert!(
        ended
            .printed
            .starts_with("stopped by its budget after 0 of 30 seeds"),
        "{ended:?}"
    );
    good(&format!("sweep --seeds 0..30 --resume --out {none}"));
    let broken = path("broken");
    let sweep = format!("sweep --seeds 0..40 --processes 4 --twins P,Q --out {broken}");
    assert_eq!(simulate(&sweep).status, Some(1));
    let ended = simulate(&format!("merge {broken}"));
    assert_eq!(ended.status, Some(1), "{}", ended.complained);
    assert_eq!(ended.printed.lines().count(), 41);
}
