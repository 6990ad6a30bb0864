//! The diagram of a run.

use std::fs;
use std::path::Path;

use svg::parser::Event;

use crate::support::assert_good;

/// Draws a run; the texts of the diagram, and how many arrows there are.
fn draw(name: &str, options: &str) -> (String, usize) {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let path = file.display();
    assert_good("pbft.py", &format!("{options} --diagram {path}"));
    let content = fs::read_to_string(&file).expect("it is written");
    let (mut texts, mut arrows) = (String::new(), 0);
    for event in svg::read(&content).expect("it is an SVG") {
        match event {
            Event::Error(error) => panic!("{error}"),
            Event::Text(text) => texts = texts + text + "\n",
            Event::Tag("g", _, attributes) if attributes.contains_key("class") => arrows += 1,
            _ => {}
        }
    }
    (texts, arrows)
}

#[test]
fn it_shows_who_sent_what() {
    let (texts, arrows) = draw("all.svg", "--requests 1 --liar n2=alter");
    for words in [
        "c1",
        "n1",
        "n4",
        "pbft_request",
        "pbft_request_ok v0 #1",
        "pre_prepare v0 #1",
        "prepare v0 #1",
        "commit v0 #1",
        "pbft_status_ok",
    ] {
        assert!(texts.contains(words), "'{words}' is missing in {texts}");
    }
    // The request and its answer, 3 PRE-PREPAREs, PREPAREs of two backups, COMMITs of three, and that three have executed it.
    assert!(arrows >= 23, "{arrows} arrows: {texts}");
    assert!(!texts.contains("cut:"), "{texts}");
}

#[test]
fn it_says_where_it_is_cut_and_results_are_never_cut() {
    let (texts, arrows) = draw("cut.svg", "--requests 1 --arrows 2");
    // Of the 12 messages that are no result only 2; all 12 COMMITs, the request, its answer, and that 4 have executed it.
    assert!((18..=20).contains(&arrows), "{arrows} arrows: {texts}");
    for words in ["left out here", "commit v0 #1", "pbft_status_ok"] {
        assert!(texts.contains(words), "'{words}' is missing in {texts}");
    }
}

#[test]
fn a_time_and_types_choose_what_is_shown() {
    let (texts, _) = draw("only.svg", "--requests 1 --only prepare,commit");
    assert!(texts.contains("prepare v0 #1"), "{texts}");
    assert!(!texts.contains("pre_prepare"), "{texts}");
    let (texts, arrows) = draw("from.svg", "--requests 1 --from 1h");
    assert_eq!(arrows, 0, "{texts}");
}
