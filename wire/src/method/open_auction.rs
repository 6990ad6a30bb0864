use dxr::Value;

use super::Method;
use super::answer;
use super::parameters::Parameters;
use crate::Fault;

/// Has a process put a lot up for auction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenAuction {
    /// The lot.
    pub lot: String,
    /// `first` or `second`.
    pub price: String,
}

impl Method for OpenAuction {
    const NAME: &'static str = "open_auction";
    const HELP: &'static str = "open_auction(lot, price): this process puts the lot up for auction. The highest bidder pays its \
        own bid if the price is 'first', and the highest bid of another if it is 'second'. Answers a \
        sentence at once. auction(lot) tells what became of it.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["string", "string", "string"]];
    const FAULTS: &'static [i32] = &[Fault::NOT_FROM_ELSEWHERE, Fault::GATHERING];
    type Answer = String;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        let mut params = Parameters::of::<Self>(params, 2..=2, "lot, price")?;
        Ok(Self {
            lot: params.text("lot")?,
            price: params.text("price")?,
        })
    }

    fn into_params(self) -> Vec<Value> {
        vec![Value::String(self.lot), Value::String(self.price)]
    }

    fn answer_into_value(answer: String) -> Value {
        Value::String(answer)
    }

    fn answer_from_value(value: Value) -> Result<String, String> {
        answer::text(value)
    }
}
