use dxr::Value;

use super::parameters::Parameters;
use super::{Method, answer};
use crate::Fault;

/// Asks a process where its server takes commands.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerControl;

impl Method for ServerControl {
    const NAME: &'static str = "server.control";
    const HELP: &'static str = "server.control(): answers the host and the port, such as '127.0.0.1:43210', where the server that \
        started this process takes commands: process.kill and the others below. While the process is gone or paused, the server \
        answers in its place.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["string"]];
    const FAULTS: &'static [i32] = &[Fault::NOT_FROM_ELSEWHERE, Fault::NOT_SUPERVISED];
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
