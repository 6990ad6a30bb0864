use dxr::Value;

use super::Method;
use super::answer::{self, from_number};
use super::parameters::Parameters;
use crate::Fault;

/// Has a process bid for a lot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bid {
    /// The lot.
    pub lot: String,
    /// How much.
    pub amount: u64,
}

impl Method for Bid {
    const NAME: &'static str = "bid";
    const HELP: &'static str = "bid(lot, amount): this process bids for the lot as soon as the lot is up, with a sealed bid, \
        and reveals it when it is time. Answers a sentence at once. auction(lot) tells what became of \
        it.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["string", "string", "int"]];
    const FAULTS: &'static [i32] = &[Fault::NOT_FROM_ELSEWHERE, Fault::GATHERING];
    type Answer = String;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        let mut params = Parameters::of::<Self>(params, 2..=2, "lot, amount")?;
        Ok(Self {
            lot: params.text("lot")?,
            amount: params.number("amount")?,
        })
    }

    fn into_params(self) -> Vec<Value> {
        vec![Value::String(self.lot), from_number(self.amount)]
    }

    fn answer_into_value(answer: String) -> Value {
        Value::String(answer)
    }

    fn answer_from_value(value: Value) -> Result<String, String> {
        answer::text(value)
    }
}
