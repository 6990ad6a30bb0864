use dxr::Value;

use super::parameters::{Parameters, with_round};
use super::{Method, answer};
use crate::Fault;

/// Sends a decision from the called process to another one.
#[derive(Clone, Debug, PartialEq)]
pub struct SendMessage {
    /// The process to send to.
    pub recipient: String,
    /// The vote.
    pub decision: String,
    /// The round, from 1. `None`: the open round.
    pub round: Option<u64>,
}

impl Method for SendMessage {
    const NAME: &'static str = "send_message";
    const HELP: &'static str = "send_message(recipient, decision[, round]): sends this process's decision to \
        the recipient and answers a sentence that says what was sent. Rounds count from 1; without a round, the \
        open round is meant.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[
        &["string", "string", "string"],
        &["string", "string", "string", "int"],
    ];
    const FAULTS: &'static [i32] = &[
        Fault::NOT_DECIDED,
        Fault::UNKNOWN_PROCESS,
        Fault::ROUND_OUT_OF_WINDOW,
        Fault::ROUND_DECIDED,
        Fault::BAD_SIGNATURE,
        Fault::BAD_DECISION,
    ];
    type Answer = String;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        let mut params = Parameters::of::<Self>(params, 2..=3, "recipient, decision[, round]")?;
        Ok(Self {
            recipient: params.text("recipient")?,
            decision: params.text("decision")?,
            round: params.round()?,
        })
    }

    fn into_params(self) -> Vec<Value> {
        with_round(
            vec![Value::String(self.recipient), Value::String(self.decision)],
            self.round,
        )
    }

    fn answer_into_value(answer: String) -> Value {
        Value::String(answer)
    }

    fn answer_from_value(value: Value) -> Result<String, String> {
        answer::text(value)
    }
}
