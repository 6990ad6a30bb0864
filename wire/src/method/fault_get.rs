use dxr::Value;

use super::parameters::Parameters;
use super::{Method, answer};
use crate::Fault;

/// Asks a process for its behaviour.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultGet;

impl Method for FaultGet {
    const NAME: &'static str = "fault.get";
    const HELP: &'static str = "fault.get(): answers this process's behaviour, written as for the server's \
        --faulty. A correct process answers 'none'.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["string"]];
    const CHANGES_NOTHING: bool = true;
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
