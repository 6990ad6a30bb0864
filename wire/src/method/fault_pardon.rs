use dxr::Value;

use super::parameters::Parameters;
use super::{Method, answer};
use crate::Fault;

/// Tells a process to pardon another one.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultPardon {
    /// Who is pardoned.
    pub process: String,
}

impl Method for FaultPardon {
    const NAME: &'static str = "fault.pardon";
    const HELP: &'static str = "fault.pardon(process): the named process counts again at this one, though this one has proved it faulty \
        (docs/evidence.md), until it lies anew. The proofs are kept. Answers whether there was anything to pardon.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["boolean", "string"]];
    const FAULTS: &'static [i32] = &[Fault::UNKNOWN_PROCESS, Fault::NOT_FROM_ELSEWHERE];
    type Answer = bool;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        Ok(Self {
            process: Parameters::of::<Self>(params, 1..=1, "process")?.text("process")?,
        })
    }

    fn into_params(self) -> Vec<Value> {
        vec![Value::String(self.process)]
    }

    fn answer_into_value(answer: bool) -> Value {
        Value::Boolean(answer)
    }

    fn answer_from_value(value: Value) -> Result<bool, String> {
        match value {
            Value::Boolean(flag) => Ok(flag),
            other => Err(answer::expected("a boolean", &other)),
        }
    }
}
