use dxr::Value;

use super::parameters::{Parameters, with_round};
use super::{Method, answer};
use crate::Fault;

/// Tells another process's decision to the called process.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceiveMessage {
    /// The process that voted.
    pub sender: String,
    /// The vote.
    pub decision: String,
    /// The round, from 1. `None`: the open round.
    pub round: Option<u64>,
    /// The sender's signature. Only peers sign.
    pub signature: Option<Vec<u8>>,
}

impl Method for ReceiveMessage {
    const NAME: &'static str = "receive_message";
    const HELP: &'static str = "receive_message(sender, decision[, round[, signature]]): keeps the sender's \
        decision for the round and answers whether it was received or ignored. Peers sign; unsigned votes are \
        accepted on loopback only.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[
        &["string", "string", "string"],
        &["string", "string", "string", "int"],
        &["string", "string", "string", "int", "base64"],
    ];
    const FAULTS: &'static [i32] = &[
        Fault::UNKNOWN_PROCESS,
        Fault::ROUND_OUT_OF_WINDOW,
        Fault::ROUND_DECIDED,
        Fault::UNSIGNED_VOTE,
        Fault::BAD_SIGNATURE,
        Fault::BAD_DECISION,
    ];
    type Answer = String;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        let mut params =
            Parameters::of::<Self>(params, 2..=4, "sender, decision[, round[, signature]]")?;
        Ok(Self {
            sender: params.text("sender")?,
            decision: params.text("decision")?,
            round: params.round()?,
            signature: params.optional_bytes("signature")?,
        })
    }

    fn into_params(self) -> Vec<Value> {
        let mut params = with_round(
            vec![Value::String(self.sender), Value::String(self.decision)],
            self.round,
        );
        if let Some(signature) = self.signature {
            // The signature is the fourth parameter. If the round is missing before it, nil takes the round's place.
            params.resize(3, Value::Nil);
            params.push(Value::Base64(signature));
        }
        params
    }

    fn answer_into_value(answer: String) -> Value {
        Value::String(answer)
    }

    fn answer_from_value(value: Value) -> Result<String, String> {
        answer::text(value)
    }
}
