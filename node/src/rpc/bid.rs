//! `bid`: this process bids for a lot.

use quorate_service::gathering::Wish;
use quorate_wire::Fault;
use quorate_wire::method::Bid;

use super::Handle;
use super::gathering::{self, word};

pub(super) async fn answer(handle: Handle, call: Bid) -> Result<String, Fault> {
    let lot = word(&call.lot)?;
    let sentence = format!("bids {} for '{lot}'", call.amount);
    gathering::wish(&handle, Wish::Bid(lot, call.amount), &sentence).await
}
