use dxr::Value;

use super::parameters::Parameters;
use super::{Method, answer};
use crate::Fault;

/// Gives the called node a packet of another node that looks for a cluster. For nodes only: they sign what is in it.
#[derive(Clone, Debug, PartialEq)]
pub struct GatherTell {
    /// The packet.
    pub packet: Vec<u8>,
}

impl Method for GatherTell {
    const NAME: &'static str = "gather.tell";
    const HELP: &'static str = "gather.tell(packet): takes a packet of a node that looks for others, and answers whether \
        there was room for it. What the packet says is answered with packets.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["boolean", "base64"]];
    const RESERVED: bool = true;
    type Answer = bool;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        let mut params = Parameters::of::<Self>(params, 1..=1, "packet")?;
        Ok(Self {
            packet: params.bytes("packet")?,
        })
    }

    fn into_params(self) -> Vec<Value> {
        vec![Value::Base64(self.packet)]
    }

    fn answer_into_value(answer: bool) -> Value {
        Value::Boolean(answer)
    }

    fn answer_from_value(value: Value) -> Result<bool, String> {
        match value {
            Value::Boolean(taken) => Ok(taken),
            other => Err(answer::expected("a boolean", &other)),
        }
    }
}
