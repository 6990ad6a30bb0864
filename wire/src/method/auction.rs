use dxr::Value;

use super::Method;
use super::parameters::Parameters;
use crate::{Fault, View};

/// Asks for all lots of this epoch, or for one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Auction {
    /// The lot. `None`: all lots in short.
    pub lot: Option<String>,
}

impl Method for Auction {
    const NAME: &'static str = "auction";
    const HELP: &'static str = "auction([lot]): answers a struct. Without a lot, it has all lots in short: v, epoch, auctions \
        (lot, by, price, stage, bids, winner, pays). With one, it has that lot: v, cluster, epoch, \
        slot, auction (as above), bids (bidder, slot, commitment, amount), bids_closing, \
        reveals_closing, void.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["struct"], &["struct", "string"]];
    const FAULTS: &'static [i32] = &[Fault::NO_QUORUM, Fault::GATHERING];
    const CHANGES_NOTHING: bool = true;
    type Answer = View;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        let mut params = Parameters::of::<Self>(params, 0..=1, "[lot]")?;
        Ok(Self {
            lot: params.optional_text("lot")?,
        })
    }

    fn into_params(self) -> Vec<Value> {
        self.lot.map(Value::String).into_iter().collect()
    }

    fn answer_into_value(answer: View) -> Value {
        answer.into_value()
    }

    fn answer_from_value(value: Value) -> Result<View, String> {
        Ok(View::from_value(value))
    }
}
