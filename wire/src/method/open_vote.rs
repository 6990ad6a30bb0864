use dxr::Value;

use super::Method;
use super::answer::{self, from_texts};
use super::parameters::Parameters;
use crate::Fault;

/// Has a process ask all members a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenVote {
    /// The question.
    pub question: String,
    /// `plurality` or `borda`.
    pub rule: String,
    /// What may be voted for.
    pub options: Vec<String>,
}

impl Method for OpenVote {
    const NAME: &'static str = "open_vote";
    const HELP: &'static str = "open_vote(question, rule, options): this process asks all members a question, which is one \
        word. With the rule 'plurality' a ballot names one option, with 'borda' the options in order, \
        best first. Answers a sentence at once. vote(question) tells what became of it.";
    const SIGNATURES: &'static [&'static [&'static str]] =
        &[&["string", "string", "string", "array"]];
    const FAULTS: &'static [i32] = &[Fault::NOT_FROM_ELSEWHERE, Fault::GATHERING];
    type Answer = String;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        let mut params = Parameters::of::<Self>(params, 3..=3, "question, rule, options")?;
        Ok(Self {
            question: params.text("question")?,
            rule: params.text("rule")?,
            options: params.texts("options")?,
        })
    }

    fn into_params(self) -> Vec<Value> {
        vec![
            Value::String(self.question),
            Value::String(self.rule),
            from_texts(self.options),
        ]
    }

    fn answer_into_value(answer: String) -> Value {
        Value::String(answer)
    }

    fn answer_from_value(value: Value) -> Result<String, String> {
        answer::text(value)
    }
}
