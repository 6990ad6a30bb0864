use dxr::Value;

use super::answer::from_number;
use super::parameters::Parameters;
use super::status::ProcessStatus;
use super::{Method, answer};
use crate::Fault;

/// Tells a process to pardon another one.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultPardon {
    /// Who is pardoned.
    pub process: String,
    /// How far it has signed anything, as its own `status` says once it is correct: its view.
    pub view: u64,
    /// Its last slot.
    pub last_slot: u64,
}

impl FaultPardon {
    /// Of a process that is correct, and has just said this of itself.
    pub fn of(status: &ProcessStatus) -> Self {
        Self {
            process: status.process.clone(),
            view: status.view,
            last_slot: status.last_slot,
        }
    }
}

impl Method for FaultPardon {
    const NAME: &'static str = "fault.pardon";
    const HELP: &'static str = "fault.pardon(process[, view, last_slot]): the named process counts again at this one, though this one has proved it faulty \
        (docs/evidence.md), until it lies anew. view and last_slot are those of the named process's own status: what it has signed up to there, \
        and up to where this process is, proves nothing more. The proofs are kept. Answers whether there was anything to pardon.";
    const SIGNATURES: &'static [&'static [&'static str]] =
        &[&["boolean", "string"], &["boolean", "string", "int", "int"]];
    const FAULTS: &'static [i32] = &[Fault::UNKNOWN_PROCESS, Fault::NOT_FROM_ELSEWHERE];
    type Answer = bool;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        let mut params = Parameters::of::<Self>(params, 1..=3, "process[, view, last_slot]")?;
        Ok(Self {
            process: params.text("process")?,
            view: params.at_least_0("view")?.unwrap_or_default(),
            last_slot: params.at_least_0("last_slot")?.unwrap_or_default(),
        })
    }

    fn into_params(self) -> Vec<Value> {
        vec![
            Value::String(self.process),
            from_number(self.view),
            from_number(self.last_slot),
        ]
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
