use dxr::Value;

use super::parameters::{Parameters, with_round};
use super::{Method, answer};
use crate::Fault;

/// Closes a round and answers its decision.
#[derive(Clone, Debug, PartialEq)]
pub struct FinalizeDecision {
    /// The round, from 1. `None`: the open round.
    pub round: Option<u64>,
}

impl Method for FinalizeDecision {
    const NAME: &'static str = "finalize_decision";
    const HELP: &'static str = "finalize_decision([round]): closes the round and answers the decision that the \
        correct processes agree on. A faulty process answers 'faulty'.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["string"], &["string", "int"]];
    const FAULTS: &'static [i32] = &[Fault::NOT_DECIDED, Fault::ROUND_OUT_OF_WINDOW];
    type Answer = String;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        Ok(Self {
            round: Parameters::of::<Self>(params, 0..=1, "[round]")?.round()?,
        })
    }

    fn into_params(self) -> Vec<Value> {
        with_round(Vec::new(), self.round)
    }

    fn answer_into_value(answer: String) -> Value {
        Value::String(answer)
    }

    fn answer_from_value(value: Value) -> Result<String, String> {
        answer::text(value)
    }
}
