use dxr::Value;

use super::parameters::Parameters;
use super::{Method, answer};
use crate::Fault;

/// Gives a process a behaviour while it runs.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultSet {
    /// The behaviour, in the words of `--faulty`: `deny:R+S`, `lie@slots=3-9`.
    pub behaviour: String,
}

impl Method for FaultSet {
    const NAME: &'static str = "fault.set";
    const HELP: &'static str = "fault.set(behaviour): makes this process faulty from now on. The behaviour is \
        written as for the server's --faulty, such as 'deny', 'deny:R+S', 'delay:200ms' or \
        'equivocate@chance=25%'; its times count from now. 'none' makes the process correct, as fault.clear \
        does. Answers the behaviour. The new behaviour replaces the old one, and a restart of the process loses \
        it.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["string", "string"]];
    const FAULTS: &'static [i32] = &[Fault::BAD_BEHAVIOUR, Fault::NOT_FROM_ELSEWHERE];
    type Answer = String;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        Ok(Self {
            behaviour: Parameters::of::<Self>(params, 1..=1, "behaviour")?.text("behaviour")?,
        })
    }

    fn into_params(self) -> Vec<Value> {
        vec![Value::String(self.behaviour)]
    }

    fn answer_into_value(answer: String) -> Value {
        Value::String(answer)
    }

    fn answer_from_value(value: Value) -> Result<String, String> {
        answer::text(value)
    }
}
