//! Stories, told here and as pages.

use std::fs;
use std::path::PathBuf;

use quorate_simulator::story::{Story, names};

use crate::support::{end, file, program, simulate};

#[test]
fn without_a_name_all_stories_are_listed() {
    let ended = simulate("story");
    assert_eq!(ended.status, Some(0), "{ended:?}");
    for name in names() {
        let line = ended.printed.lines().find(|line| line.starts_with(name));
        let line = line.unwrap_or_else(|| panic!("{name}: {ended:?}"));
        assert!(line.len() <= 110, "{line}");
    }
    assert!(ended.printed.contains("simulate story NAME"), "{ended:?}");
}

/// Where nobody can answer, the story is told to its end and asks nobody.
#[test]
fn a_story_is_told_in_lines() {
    for name in names() {
        let ended = simulate(&format!("story {name}"));
        assert_eq!(ended.status, Some(0), "{ended:?}");
        let story = Story::named(name)
            .expect("it is known")
            .expect("it can be read");
        for step in &story.steps {
            assert!(
                ended.printed.contains(&step.title),
                "{name}: {}",
                step.title
            );
            if let Some(question) = &step.question {
                let (_, rest) = ended
                    .printed
                    .split_once(&question.asks)
                    .expect("it is asked");
                assert!(rest.contains("What came true:"), "{name}: {rest}");
            }
        }
        assert!(!ended.printed.contains("Your prediction"), "{ended:?}");
    }
}

#[test]
fn a_story_is_written_as_a_page() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("liar.html");
    let ended = end(program("story liar --html").arg(&path));
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let page = fs::read_to_string(path).expect("it is there");
    assert!(
        page.contains("id=\"telling\">{\"title\":\"A liar\""),
        "the story stands in it"
    );
    let ended = simulate("story liar --html /nowhere/liar.html");
    assert_eq!(ended.status, Some(2));
    assert!(ended.complained.contains("/nowhere/liar.html"), "{ended:?}");
}

#[test]
fn the_plan_of_a_story_can_be_played() {
    let ended = simulate("story liar --plan");
    assert_eq!(ended.status, Some(0), "{ended:?}");
    let plan = file("liar.toml", &ended.printed);
    let ended = end(program("replay").arg(plan));
    assert_eq!(ended.status, Some(0), "{ended:?}");
}

#[test]
fn a_story_that_there_is_not_is_refused_with_those_that_there_are() {
    let ended = simulate("story silent");
    assert_eq!(ended.status, Some(2));
    assert!(ended.complained.contains("silent-primary"), "{ended:?}");
    let ended = simulate("story --html x.html");
    assert_eq!(ended.status, Some(2), "{ended:?}");
}
