use dxr::Value;

use super::Method;
use super::answer::{self, from_texts};
use super::parameters::Parameters;
use crate::Fault;

/// Has a process vote on a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ballot {
    /// The question.
    pub question: String,
    /// The options, best first.
    pub options: Vec<String>,
}

impl Method for Ballot {
    const NAME: &'static str = "ballot";
    const HELP: &'static str = "ballot(question, options): this process votes on the question as soon as it is asked: for one \
        option, or with the rule 'borda' for some in order, best first. Answers a sentence at once. \
        vote(question) tells what became of it.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["string", "string", "array"]];
    const FAULTS: &'static [i32] = &[Fault::NOT_FROM_ELSEWHERE, Fault::GATHERING];
    type Answer = String;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        let mut params = Parameters::of::<Self>(params, 2..=2, "question, options")?;
        Ok(Self {
            question: params.text("question")?,
            options: params.texts("options")?,
        })
    }

    fn into_params(self) -> Vec<Value> {
        vec![Value::String(self.question), from_texts(self.options)]
    }

    fn answer_into_value(answer: String) -> Value {
        Value::String(answer)
    }

    fn answer_from_value(value: Value) -> Result<String, String> {
        answer::text(value)
    }
}
