use dxr::Value;

use super::Method;
use super::parameters::Parameters;
use super::process_list::Supervised;
use crate::Fault;

/// Has a server kill one of its processes.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessKill {
    /// P, Q, ...
    pub process: String,
}

impl Method for ProcessKill {
    const NAME: &'static str = "process.kill";
    const HELP: &'static str = "process.kill(process): ends the process at once, by SIGKILL, as if it had crashed. The server then does what its --restart \
        says. Answers its struct of process.list.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["struct", "string"]];
    const FAULTS: &'static [i32] = &[Fault::UNKNOWN_PROCESS, Fault::WRONG_STATE];
    type Answer = Supervised;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        Ok(Self {
            process: Parameters::of::<Self>(params, 1..=1, "process")?.text("process")?,
        })
    }

    fn into_params(self) -> Vec<Value> {
        vec![Value::String(self.process)]
    }

    fn answer_into_value(answer: Supervised) -> Value {
        answer.into_value()
    }

    fn answer_from_value(value: Value) -> Result<Supervised, String> {
        Supervised::from_value(value)
    }
}
