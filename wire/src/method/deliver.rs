use dxr::Value;

use super::parameters::Parameters;
use super::{Method, answer};
use crate::Fault;

/// Gives a batch of signed protocol messages to the called process. For peers only: only they can make the tag.
#[derive(Clone, Debug, PartialEq)]
pub struct Deliver {
    /// The messages, encoded and signed by the peer.
    pub batch: Vec<u8>,
    /// 32 bytes that prove to the called process that the batch comes from the peer that its head names.
    pub tag: Vec<u8>,
}

impl Method for Deliver {
    const NAME: &'static str = "pbft.deliver";
    const HELP: &'static str = "pbft.deliver(batch, tag): takes a batch of signed protocol messages from a peer, and \
        answers how many it took. Only the peer can make the tag.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["int", "base64", "base64"]];
    const RESERVED: bool = true;
    type Answer = i32;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        let mut params = Parameters::of::<Self>(params, 2..=2, "batch, tag")?;
        Ok(Self {
            batch: params.bytes("batch")?,
            tag: params.bytes("tag")?,
        })
    }

    fn into_params(self) -> Vec<Value> {
        vec![Value::Base64(self.batch), Value::Base64(self.tag)]
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
