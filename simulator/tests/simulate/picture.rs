//! `--diagram`: who sends what to whom, as a picture.

use std::fs;
use std::path::{Path, PathBuf};

use svg::parser::Event;

use crate::support::{Ended, simulate};

/// A run in which P is silent, so that Q leads view 1 in the end.
const SILENT: &str = "run --seed 3 --processes 4 --faulty P=silent";

/// Where a picture goes.
fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// All texts of a picture.
fn texts(path: &Path) -> String {
    let content = fs::read_to_string(path).expect("the picture was written");
    let mut texts = Vec::new();
    for event in svg::read(&content).expect("it is an SVG") {
        match event {
            Event::Error(error) => panic!("{error}"),
            Event::Text(text) => texts.push(text.to_owned()),
            _ => {}
        }
    }
    texts.join("\n")
}

fn draw(arguments: &str, name: &str) -> (Ended, String) {
    let path = path(name);
    let ended = simulate(&format!("{arguments} --diagram {}", path.display()));
    let texts = texts(&path);
    (ended, texts)
}

#[test]
fn the_result_of_a_view_change_is_never_cut_off() {
    let (ended, texts) = draw(&format!("{SILENT} --arrows 5"), "cut.svg");
    assert_eq!(ended.status, Some(0));
    for words in [
        "view-change view 1",
        "view 1: Q leads",
        "new-view view 1",
        "commit view 1 slot 1",
        "executes slot 1",
        "messages are left out here",
        "silent",
    ] {
        assert!(texts.contains(words), "'{words}' is missing in:\n{texts}");
    }
}

#[test]
fn only_the_kinds_that_were_asked_for_are_drawn_and_only_from_the_time_on() {
    let (_, all) = draw(SILENT, "all.svg");
    assert!(all.contains("request 'set Q=1' of Q") && !all.contains("standing view"));
    let (_, only) = draw(&format!("{SILENT} --only view-change,new-view"), "only.svg");
    assert!(only.contains("new-view view 1"));
    assert!(!only.contains("request '") && !only.contains("commit view"));
    let (_, late) = draw(&format!("{SILENT} --from 500ms"), "late.svg");
    assert!(!late.contains("view-change view 1") && late.contains("commit view 1 slot 2"));
    let refused = simulate(&format!("{SILENT} --diagram x.svg --only gossip"));
    assert!(
        refused
            .complained
            .contains("'gossip' is not a kind of message: the kinds are request"),
        "{refused:?}"
    );
    let alone = simulate(&format!("{SILENT} --only commit"));
    assert_eq!(alone.status, Some(2), "--only means nothing alone");
}

#[test]
fn a_fork_beyond_the_bound_is_drawn_with_what_each_side_executed() {
    let (ended, texts) = draw(
        "run --seed 25 --processes 4 --twins P,Q --no-shrink",
        "fork.svg",
    );
    assert_eq!(ended.status, Some(1));
    for words in [
        "P (twin)",
        "runs twice",
        "contradicts another message of its sender",
        "executes slot 1: 'set S=1' of S",
        "executes slot 1: 'set R=1' of R",
        "agreement: slot 1: S executed 'set S=1' of S",
    ] {
        assert!(texts.contains(words), "'{words}' is missing in:\n{texts}");
    }
}

#[test]
fn a_transcript_is_drawn_without_what_processes_say_when_they_start() {
    let scenario = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/scenarios/08-equivocating-primary.txt"
    );
    let (ended, texts) = draw(&format!("transcript {scenario}"), "transcript.svg");
    assert_eq!(ended.printed, "1 scenario, no difference\n");
    for words in ["forger", "proves P faulty", "new-view view 1", "1.0 ms"] {
        assert!(texts.contains(words), "'{words}' is missing in:\n{texts}");
    }
    assert!(!texts.contains("standing view"));
}

#[test]
fn each_cluster_of_a_text_has_a_picture() {
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/17-partition.txt");
    let (ended, first) = draw(&format!("transcript {scenario}"), "clusters.svg");
    assert!(ended.complained.contains("clusters-2.svg"), "{ended:?}");
    let second = texts(&path("clusters-2.svg"));
    assert!(first.contains("cluster 1 of 2") && second.contains("cluster 2 of 2"));
}

#[test]
fn a_picture_that_cannot_be_written_ends_the_program_before_it_plays() {
    let ended = simulate(&format!("{SILENT} --diagram /nowhere/a.svg"));
    assert_eq!((ended.status, ended.printed.as_str()), (Some(2), ""));
    assert!(ended.complained.contains("cannot write /nowhere/a.svg"));
    let full = simulate(&format!("{SILENT} --diagram /dev/full"));
    assert_eq!(full.status, Some(2), "{full:?}");
}
