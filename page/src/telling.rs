//! A story as the page tells it: steps, each at a moment of the run, and what the reader is asked between them.

use serde::Serialize;

/// A story of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Telling {
    /// Its title.
    pub title: String,
    /// What it is about, in a sentence.
    pub about: String,
    /// What is told, in order. The places of their moments do not fall.
    pub steps: Vec<Step>,
}

/// A step of a story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Its title.
    pub title: String,
    /// What it tells, a sentence each.
    pub text: Vec<String>,
    /// The place of its moment among the events of the trace, from 0.
    pub place: usize,
    /// The place at whose time the picture begins; the moment of the step before if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<usize>,
    /// The id of the panel that it points at.
    pub look: &'static str,
    /// The process that is chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
    /// The slot that is chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slot: Option<u64>,
    /// What is so at this moment, a sentence each.
    pub facts: Vec<String>,
    /// What the reader is asked before the next step is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<Question>,
    /// Commands with which the reader can go on.
    pub commands: Vec<String>,
}

/// A prediction that the reader is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Question {
    /// What is asked.
    pub asks: String,
    /// What may be answered.
    pub choices: Vec<Choice>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// The prediction.
    pub says: String,
    /// Why it comes true, or why it does not.
    pub because: String,
    /// Whether it comes true.
    pub right: bool,
}
