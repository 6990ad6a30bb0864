//! Stories: a run that is told step by step to somebody who knows nothing of it. Before a step goes on, it may ask what will happen.
//!
//! A story is data, a text in `simulator/stories/`: the plan of its run, and steps. What the steps claim is checked against the run
//! whenever the story is told, so none tells what is not so.
//!
//! * [`moment`]: when a step is, by what happens then. [`fact`]: what a step claims.

pub mod fact;
pub mod moment;

use std::collections::BTreeSet;

use quorate_page::telling::{
    Choice as ToldChoice, Question as ToldQuestion, Step as ToldStep, Telling,
};
use quorate_trace::{Actor, Event};
use serde::Deserialize;

use crate::invariant::Violation;
use crate::plan::{Plan, PlanError};
use crate::run::run_with;
use crate::world::Watch;

use fact::{Fact, Seen};
use moment::Moment;

/// The stories, by name.
const TEXTS: [(&str, &str); 5] = [
    (
        "silent-primary",
        include_str!("../../stories/silent-primary.toml"),
    ),
    ("liar", include_str!("../../stories/liar.toml")),
    (
        "equivocating-primary",
        include_str!("../../stories/equivocating-primary.toml"),
    ),
    ("amnesia", include_str!("../../stories/amnesia.toml")),
    ("two-liars", include_str!("../../stories/two-liars.toml")),
];

/// The names of all stories, in the order in which a newcomer reads them.
pub fn names() -> impl Iterator<Item = &'static str> {
    TEXTS.iter().map(|(name, _)| *name)
}

/// A story.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Story {
    /// Its title.
    pub title: String,
    /// What it is about, in a sentence.
    pub about: String,
    /// The run.
    pub plan: Plan,
    /// What is told, in order.
    pub steps: Vec<Step>,
}

/// A step of a story.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its title.
    pub title: String,
    /// The terms that this step explains. Later steps may use them.
    #[serde(default)]
    pub explains: Vec<String>,
    /// What it tells, a short sentence each.
    pub text: Vec<String>,
    /// The moment of the run that it shows; the end of the run if there is none.
    #[serde(default)]
    pub moment: Option<Moment>,
    /// Where the picture begins; at the moment of the step before if there is none, and a step at the end shows all of the run.
    #[serde(default)]
    pub from: Option<Moment>,
    /// The panel of the page that it points at.
    pub look: Panel,
    /// The process that is chosen on the page.
    #[serde(default)]
    pub process: Option<Actor>,
    /// The slot that is chosen on the page.
    #[serde(default)]
    pub slot: Option<u64>,
    /// What is so at this moment. The reader sees these too, in words.
    #[serde(default)]
    pub facts: Vec<Fact>,
    /// What the reader is asked about the next step, before it is shown.
    #[serde(default)]
    pub question: Option<Question>,
    /// Commands with which the reader can go on.
    #[serde(default)]
    pub commands: Vec<String>,
}

/// A panel of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Panel {
    /// The space-time picture.
    Space,
    /// The table of processes.
    Processes,
    /// Why a process decided.
    Why,
    /// The table of slots.
    Slots,
    /// What happened, in words.
    Log,
}

/// A prediction that the reader is asked for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// What is asked.
    pub asks: String,
    /// What may be answered. One of them comes true.
    pub choices: Vec<Choice>,
}

/// An answer. It is right if its facts hold at the next step.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The prediction.
    pub says: String,
    /// Why it came true, or why it did not.
    pub because: String,
    /// What is so if it comes true.
    pub facts: Vec<Fact>,
}

/// A story with its run.
#[derive(Clone, Debug)]
pub struct Told {
    /// The run.
    pub trace: quorate_trace::Trace,
    /// What is told of it.
    pub telling: Telling,
}

/// Why a story cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum StoryError {
    /// The text is no story.
    #[error("the text is no story: {0}")]
    Text(toml::de::Error),
    /// Its plan cannot be played.
    #[error("its plan cannot be played: {0}")]
    Plan(PlanError),
    /// A step's moment is not in the run, or comes before that of an earlier step.
    #[error("step '{step}': its moment {what}")]
    Moment {
        /// The step's title.
        step: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A step claims what is not so.
    #[error("step '{step}' claims what is not so in its run: {fact}")]
    False {
        /// The step's title.
        step: String,
        /// The claim.
        fact: String,
    },
    /// Not exactly one answer comes true.
    #[error("step '{step}': {right} of its answers come true, and one must")]
    Answers {
        /// The title of the step that asks.
        step: String,
        /// How many come true.
        right: usize,
    },
    /// The last step asks for what is not shown.
    #[error("the last step asks, and nothing comes after it")]
    AsksAtTheEnd,
}

impl Story {
    /// The story with this name, if there is one.
    ///
    /// # Errors
    /// Its text is no story.
    pub fn named(name: &str) -> Option<Result<Self, StoryError>> {
        let (_, text) = TEXTS.iter().find(|(known, _)| *known == name)?;
        Some(Self::from_text(text))
    }

    /// Reads a story.
    ///
    /// # Errors
    /// The text is no story.
    pub fn from_text(text: &str) -> Result<Self, StoryError> {
        toml::from_str(text).map_err(StoryError::Text)
    }

    /// Plays the run, and tells the story of it. `command` gives the run again.
    ///
    /// # Errors
    /// The story is not true of its run, or the plan cannot be played.
    pub fn tell(&self, command: &str) -> Result<Told, StoryError> {
        let watch = Watch {
            events: true,
            ..Watch::default()
        };
        let outcome = run_with(&self.plan, watch, &|| false).map_err(StoryError::Plan)?;
        let culprits = match &outcome.violation {
            Some(Violation::Agreement(disagreement)) => disagreement.culprits.clone(),
            _ => BTreeSet::new(),
        };
        let trace = outcome
            .recorded
            .unwrap_or_default()
            .trace(&self.plan, command);
        let moments = self.moments(&trace.events)?;
        let nobody = BTreeSet::new();
        let seen = |place: usize| Seen {
            events: &trace.events[..=place],
            culprits: if place + 1 == trace.events.len() {
                &culprits
            } else {
                &nobody
            },
        };
        let steps = self.steps.iter().zip(0..).map(|(step, number)| {
            let next = moments.get(number + 1).map(|&next| seen(next));
            step.told(seen(moments[number]), next)
        });
        let telling = Telling {
            title: self.title.clone(),
            about: self.about.clone(),
            steps: steps.collect::<Result<_, _>>()?,
        };
        Ok(Told { trace, telling })
    }

    /// The place of each step's moment among the events.
    fn moments(&self, events: &[Event]) -> Result<Vec<usize>, StoryError> {
        let mut places: Vec<usize> = Vec::new();
        for step in &self.steps {
            let wrong = |what| step.wrong_moment(what);
            let end = events.len().checked_sub(1);
            let place = step
                .moment
                .as_ref()
                .map_or(end, |moment| moment.place(events));
            let place = place.ok_or_else(|| wrong("never comes"))?;
            if places.last().is_some_and(|&before| place < before) {
                return Err(wrong("comes before that of the step before"));
            }
            places.push(place);
        }
        Ok(places)
    }
}

impl Step {
    /// `now`: the moment of this step; `next`: that of the next step, if there is one.
    fn told(&self, now: Seen<'_>, next: Option<Seen<'_>>) -> Result<ToldStep, StoryError> {
        if let Some(fact) = self.facts.iter().find(|fact| !fact.holds(now)) {
            return Err(StoryError::False {
                step: self.title.clone(),
                fact: fact.to_string(),
            });
        }
        let from =
            match (&self.from, &self.moment) {
                (Some(from), _) => {
                    let place = from.place(now.events);
                    Some(place.ok_or_else(|| {
                        self.wrong_moment("comes before where the picture begins")
                    })?)
                }
                (None, Some(_)) => None,
                (None, None) => Some(0),
            };
        let question = match (&self.question, next) {
            (None, _) => None,
            (Some(_), None) => return Err(StoryError::AsksAtTheEnd),
            (Some(question), Some(next)) => Some(question.told(next)),
        };
        let right = |told: &ToldQuestion| told.choices.iter().filter(|choice| choice.right).count();
        if let Some(right) = question.as_ref().map(right).filter(|right| *right != 1) {
            return Err(StoryError::Answers {
                step: self.title.clone(),
                right,
            });
        }
        Ok(ToldStep {
            title: self.title.clone(),
            text: self.text.clone(),
            place: now.events.len() - 1,
            from,
            look: self.look.name(),
            process: self.process.map(|process| process.to_string()),
            slot: self.slot,
            facts: self.facts.iter().map(Fact::to_string).collect(),
            question,
            commands: self.commands.clone(),
        })
    }

    fn wrong_moment(&self, what: &'static str) -> StoryError {
        StoryError::Moment {
            step: self.title.clone(),
            what,
        }
    }
}

impl Question {
    fn told(&self, seen: Seen<'_>) -> ToldQuestion {
        let told = |choice: &Choice| ToldChoice {
            says: choice.says.clone(),
            because: choice.because.clone(),
            right: choice.facts.iter().all(|fact| fact.holds(seen)),
        };
        ToldQuestion {
            asks: self.asks.clone(),
            choices: self.choices.iter().map(told).collect(),
        }
    }
}

impl Panel {
    /// The panel's id on the page.
    const fn name(self) -> &'static str {
        match self {
            Self::Space => "space",
            Self::Processes => "processes",
            Self::Why => "why",
            Self::Slots => "slots",
            Self::Log => "log",
        }
    }
}
