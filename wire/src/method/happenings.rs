use dxr::Value;

use super::Method;
use super::answer::from_number;
use super::parameters::Parameters;
use crate::{Fault, View};

/// Asks what has happened in the gathering.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Happenings {
    /// The number of the first happening that is wanted. `None`: 0.
    pub from: Option<u64>,
}

impl Method for Happenings {
    const NAME: &'static str = "happenings";
    const HELP: &'static str = "happenings([from]): answers a struct with what has happened, from this number on: v, next (the \
        number to ask from next time), more, happenings (number, slot, stage, text). The last 512 are \
        kept.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["struct"], &["struct", "int"]];
    const FAULTS: &'static [i32] = &[Fault::NO_QUORUM, Fault::GATHERING];
    const CHANGES_NOTHING: bool = true;
    type Answer = View;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        let mut params = Parameters::of::<Self>(params, 0..=1, "[from]")?;
        Ok(Self {
            from: params.at_least_0("from")?,
        })
    }

    fn into_params(self) -> Vec<Value> {
        self.from.map(from_number).into_iter().collect()
    }

    fn answer_into_value(answer: View) -> Value {
        answer.into_value()
    }

    fn answer_from_value(value: Value) -> Result<View, String> {
        Ok(View::from_value(value))
    }
}
