use dxr::Value;

use super::parameters::Parameters;
use super::{Method, answer};
use crate::Fault;

/// Asks for a key's value, without ordering if the replicas agree.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// The key.
    pub key: String,
}

impl Method for Read {
    const NAME: &'static str = "read";
    const HELP: &'static str = "read(key): answers the key's value on which a quorum of processes agrees. If \
        the processes answer differently, the read is ordered like an operation. A key without a value is a \
        fault.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["string", "string"]];
    const FAULTS: &'static [i32] = &[Fault::NO_SUCH_KEY, Fault::BAD_OPERATION, Fault::NO_QUORUM];
    const CHANGES_NOTHING: bool = true;
    type Answer = String;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        Ok(Self {
            key: Parameters::of::<Self>(params, 1..=1, "key")?.text("key")?,
        })
    }

    fn into_params(self) -> Vec<Value> {
        vec![Value::String(self.key)]
    }

    fn answer_into_value(answer: String) -> Value {
        Value::String(answer)
    }

    fn answer_from_value(value: Value) -> Result<String, String> {
        answer::text(value)
    }
}
