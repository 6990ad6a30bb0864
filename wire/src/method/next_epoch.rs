use dxr::Value;

use super::Method;
use super::answer;
use super::parameters::Parameters;
use crate::Fault;

/// Has a process ask for the next epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextEpoch;

impl Method for NextEpoch {
    const NAME: &'static str = "next_epoch";
    const HELP: &'static str = "next_epoch(): this process asks for the next epoch, which begins with new offers once a quorum \
        of members has asked. Answers a sentence at once. members() tells the epoch.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["string"]];
    const FAULTS: &'static [i32] = &[Fault::NOT_FROM_ELSEWHERE, Fault::GATHERING];
    type Answer = String;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        Parameters::of::<Self>(params, 0..=0, "").map(|_| Self)
    }

    fn into_params(self) -> Vec<Value> {
        Vec::new()
    }

    fn answer_into_value(answer: String) -> Value {
        Value::String(answer)
    }

    fn answer_from_value(value: Value) -> Result<String, String> {
        answer::text(value)
    }
}
