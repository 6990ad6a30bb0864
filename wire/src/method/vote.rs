use dxr::Value;

use super::Method;
use super::parameters::Parameters;
use crate::{Fault, View};

/// Asks for all questions of this epoch, or for one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vote {
    /// The question. `None`: all questions in short.
    pub question: Option<String>,
}

impl Method for Vote {
    const NAME: &'static str = "vote";
    const HELP: &'static str = "vote([question]): answers a struct. Without a question, it has all questions in short: v, \
        epoch, votes (question, by, rule, ballots, ended, winner). With one, it has that question: v, \
        epoch, slot, vote (as above), tally (option, points), ballots (member, slot, options), closing.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["struct"], &["struct", "string"]];
    const FAULTS: &'static [i32] = &[Fault::NO_QUORUM, Fault::GATHERING];
    const CHANGES_NOTHING: bool = true;
    type Answer = View;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        let mut params = Parameters::of::<Self>(params, 0..=1, "[question]")?;
        Ok(Self {
            question: params.optional_text("question")?,
        })
    }

    fn into_params(self) -> Vec<Value> {
        self.question.map(Value::String).into_iter().collect()
    }

    fn answer_into_value(answer: View) -> Value {
        answer.into_value()
    }

    fn answer_from_value(value: Value) -> Result<View, String> {
        Ok(View::from_value(value))
    }
}
