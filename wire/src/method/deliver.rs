use dxr::Value;

use super::parameters::Parameters;
use super::{Method, answer};
use crate::Fault;

/// Gives a batch of signed protocol messages to the called process. For peers only.
#[derive(Clone, Debug, PartialEq)]
pub struct Deliver {
    /// The messages, encoded and signed by the peer.
    pub batch: Vec<u8>,
}

impl Method for Deliver {
    const NAME: &'static str = "pbft.deliver";
    const HELP: &'static str = "pbft.deliver(batch): takes a batch of signed protocol messages from a peer, and \
        answers how many it took.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["int", "base64"]];
    const RESERVED: bool = true;
    type Answer = i32;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        Ok(Self {
            batch: Parameters::of::<Self>(params, 1..=1, "batch")?.bytes("batch")?,
        })
    }

    fn into_params(self) -> Vec<Value> {
        vec![Value::Base64(self.batch)]
    }

    fn answer_into_value(answer: i32) -> Value {
        Value::Integer(answer)
    }

    fn answer_from_value(value: Value) -> Result<i32, String> {
        match value {
            Value::Integer(taken) => Ok(taken),
            other => Err(answer::expected("an int", &other)),
        }
    }
}
