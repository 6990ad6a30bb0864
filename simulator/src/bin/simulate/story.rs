//! Stories: a run that is told step by step, as a page or here.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, IsTerminal as _};

use anyhow::{Context as _, anyhow};
use quorate_page::telling::{Question, Step, Telling};
use quorate_simulator::story::{self, Story};

use crate::options;
use crate::out::{has_failed, say};

/// Tells a story, or lists all; the exit status.
pub(crate) fn command(options: &options::Story) -> anyhow::Result<u8> {
    let Some(name) = &options.name else {
        return list();
    };
    let story = read(name)?;
    if options.plan {
        say(story.plan.to_text().trim_end());
        return Ok(0);
    }
    let command = format!("simulate story {name} --html FILE");
    let told = story
        .tell(&command)
        .with_context(|| format!("the story {name}"))?;
    match &options.html {
        Some(file) => {
            let page = quorate_page::story(&told.trace, &told.telling)
                .and_then(|page| fs::write(file, page));
            page.with_context(|| format!("the page cannot be written to {}", file.display()))?;
            say(&format!(
                "{}: open {} in a browser",
                told.telling.title,
                file.display()
            ));
        }
        None if io::stdin().is_terminal() && io::stdout().is_terminal() => {
            tell(&told.telling, predicted);
        }
        // Nobody is there to predict anything.
        None => tell(&told.telling, |_| None),
    }
    Ok(0)
}

fn read(name: &str) -> anyhow::Result<Story> {
    let story = Story::named(name).ok_or_else(|| anyhow!("there is no story {name}"))?;
    story.with_context(|| format!("the story {name}"))
}

fn list() -> anyhow::Result<u8> {
    let width = story::names().map(str::len).max().unwrap_or_default();
    for name in story::names() {
        say(&format!("{name:width$}  {}", read(name)?.about));
    }
    say("\nsimulate story NAME tells one here, and with --html FILE as a page.");
    Ok(0)
}

/// Tells a story in lines. `predicted` asks the reader, who may have nothing to say.
fn tell(telling: &Telling, mut predicted: impl FnMut(&Question) -> Option<usize>) {
    say(&format!("{}\n{}", telling.title, telling.about));
    let mut came = String::new();
    for (step, number) in telling.steps.iter().zip(1..) {
        say(&format!(
            "\n{number} of {}: {}\n{came}{}",
            telling.steps.len(),
            step.title,
            body(step)
        ));
        came.clear();
        if let Some(question) = &step.question {
            say(&format!("\n{}", asked(question)));
            came = answer(question, predicted(question));
        }
        if has_failed() {
            return;
        }
    }
}

fn body(step: &Step) -> String {
    let mut body = step.text.join("\n");
    for fact in &step.facts {
        // Writing into memory cannot fail.
        let _ = write!(body, "\n  + {fact}");
    }
    for command in &step.commands {
        let _ = write!(body, "\n  $ {command}");
    }
    body
}

fn asked(question: &Question) -> String {
    let choices = question.choices.iter().zip(1..);
    let choices = choices.map(|(choice, number)| format!("\n  {number}. {}", choice.says));
    question.asks.clone() + &choices.collect::<String>()
}

/// What became of a prediction. The number counts from 0.
fn answer(question: &Question, predicted: Option<usize>) -> String {
    let chosen = predicted.and_then(|number| question.choices.get(number));
    let wrong = chosen.filter(|choice| !choice.right);
    let wrong = wrong.map(|choice| {
        format!(
            "It came otherwise. You said: {} {}\n",
            choice.says, choice.because
        )
    });
    let right = question.choices.iter().find(|choice| choice.right);
    let heading = if chosen.is_some_and(|choice| choice.right) {
        "You were right:"
    } else {
        "What came true:"
    };
    let right = right.map(|choice| format!("{heading} {} {}\n", choice.says, choice.because));
    wrong.unwrap_or_default() + &right.unwrap_or_default()
}

/// Asks at a terminal, until there is an answer or nothing more to read.
fn predicted(question: &Question) -> Option<usize> {
    let most = question.choices.len();
    loop {
        say(&format!("Your prediction, 1 to {most}:"));
        let mut line = String::new();
        let read = io::stdin().read_line(&mut line);
        if has_failed() || !read.is_ok_and(|length| length > 0) {
            return None;
        }
        let number = line.trim().parse::<usize>().ok();
        let answer = number.and_then(|number| number.checked_sub(1));
        if let Some(answer) = answer.filter(|answer| *answer < most) {
            return Some(answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use quorate_page::telling::{Choice, Question};

    use super::{answer, asked};

    fn question() -> Question {
        let choice = |says: &str, right| Choice {
            says: says.to_owned(),
            because: format!("Because of {says}"),
            right,
        };
        Question {
            asks: "Which?".to_owned(),
            choices: vec![choice("A.", false), choice("B.", true)],
        }
    }

    #[test]
    fn a_prediction_is_answered_with_what_came_true_and_why() {
        assert_eq!(asked(&question()), "Which?\n  1. A.\n  2. B.");
        assert_eq!(
            answer(&question(), Some(1)),
            "You were right: B. Because of B.\n"
        );
        assert_eq!(
            answer(&question(), None),
            "What came true: B. Because of B.\n"
        );
        assert_eq!(
            answer(&question(), Some(0)),
            "It came otherwise. You said: A. Because of A.\nWhat came true: B. Because of B.\n"
        );
    }
}
