use dxr::Value;

use super::parameters::Parameters;
use super::{Method, answer};
use crate::Fault;

/// Has a server end.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerStop;

impl Method for ServerStop {
    const NAME: &'static str = "server.stop";
    const HELP: &'static str = "server.stop(): the server ends all its processes in order, and then itself, as at Ctrl-C. Answers a \
        sentence at once.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["string"]];
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
