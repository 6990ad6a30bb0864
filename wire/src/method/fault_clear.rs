use dxr::Value;

use super::parameters::Parameters;
use super::{Method, answer};
use crate::Fault;

/// Makes a process correct again.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultClear;

impl Method for FaultClear {
    const NAME: &'static str = "fault.clear";
    const HELP: &'static str = "fault.clear(): makes this process correct from now on, and sends the protocol \
        messages that it held back at once. Answers 'none'.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["string"]];
    const FAULTS: &'static [i32] = &[Fault::NOT_FROM_ELSEWHERE];
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
