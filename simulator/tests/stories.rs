//! The stories are true of their runs, and a newcomer can read them.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use quorate_simulator::plan::Plan;
use quorate_simulator::story::{Story, StoryError, names};

fn story(name: &str) -> Story {
    Story::named(name).unwrap().unwrap()
}

/// All facts of a story are checked when it is told, and that one answer of each question comes true.
#[test]
fn every_story_is_true_of_its_run() {
    for name in names() {
        let told = story(name)
            .tell("")
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let steps = told.telling.steps;
        let questions = steps.iter().filter(|step| step.question.is_some());
        assert!(questions.count() > 0, "{name} asks nothing");
        let facts: usize = steps.iter().map(|step| step.facts.len()).sum();
        assert!(facts >= steps.len(), "{name} claims little: {facts} facts");
    }
}

#[test]
fn a_story_is_not_told_of_a_run_in_which_nobody_is_faulty() {
    for name in names() {
        let mut story = story(name);
        story.plan = Plan {
            requests: story.plan.requests,
            calls: story.plan.calls,
            ..Plan::calm(story.plan.processes)
        };
        let told = story.tell("");
        let noticed = matches!(
            told,
            Err(StoryError::False { .. } | StoryError::Answers { .. } | StoryError::Moment { .. })
        );
        assert!(noticed, "{name}: {told:?}");
    }
}

#[test]
fn a_false_claim_is_named() {
    let text = "title = 't'\nabout = 'a'\nplan = {}\n[[steps]]\ntitle = 'Claims'\ntext = []\nlook = 'log'\n\
                facts = [{ fact = 'proved', accused = 'P', by = ['Q'] }]";
    let error = Story::from_text(text).unwrap().tell("").unwrap_err();
    assert_eq!(
        error.to_string(),
        "step 'Claims' claims what is not so in its run: Q can prove that P lied."
    );
}

#[test]
fn nobody_is_blamed_for_a_disagreement_before_it_is_there() {
    let mut early = story("two-liars");
    let blamed = early.steps.last().unwrap().facts.last().unwrap().clone();
    early.steps[0].facts.push(blamed);
    let error = early.tell("").unwrap_err();
    assert!(
        matches!(&error, StoryError::False { fact, .. } if fact.contains("P and Q lied")),
        "{error}"
    );
}

#[test]
fn all_texts_of_the_folder_are_stories() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("stories");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files: BTreeSet<String> = files
        .map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(files, names().map(str::to_owned).collect());
}

/// Terms of the field. Whoever reads a story for the first time knows none of them.
const TERMS: [&str; 20] = [
    "primary",
    "backup",
    "replica",
    "view",
    "slot",
    "quorum",
    "batch",
    "digest",
    "checkpoint",
    "certificate",
    "request",
    "proposal",
    "vote",
    "PREPARE",
    "COMMIT",
    "PRE-PREPARE",
    "f+1",
    "2f+1",
    "null",
    "Byzantine",
];

/// The most words of a sentence.
const WORDS: usize = 20;

#[test]
fn a_newcomer_can_read_every_step() {
    for name in names() {
        let mut known: BTreeSet<String> = BTreeSet::new();
        for step in &story(name).steps {
            known.extend(step.explains.iter().cloned());
            let choices = step.question.iter().flat_map(|question| &question.choices);
            let said = choices.flat_map(|choice| [&choice.says, &choice.because]);
            let asked = step.question.iter().map(|question| &question.asks);
            for text in step
                .text
                .iter()
                .chain([&step.title])
                .chain(said)
                .chain(asked)
            {
                let words: Vec<&str> = text
                    .split(|c: char| !(c.is_alphanumeric() || "-+'".contains(c)))
                    .collect();
                for term in TERMS {
                    let uses = words
                        .iter()
                        .any(|word| *word == term || word.strip_suffix('s') == Some(term));
                    assert!(
                        !uses || known.contains(term),
                        "{name}, '{}': {term} is not explained: {text}",
                        step.title
                    );
                }
                for sentence in text.split(['.', '?', ':']) {
                    let count = sentence.split_whitespace().count();
                    assert!(
                        count <= WORDS,
                        "{name}, '{}': {count} words: {sentence}",
                        step.title
                    );
                }
            }
        }
    }
}
