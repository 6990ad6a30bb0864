//! `open_auction`: this process puts a lot up for auction.

use quorate_service::gathering::{Price, Wish};
use quorate_wire::Fault;
use quorate_wire::method::OpenAuction;

use super::Handle;
use super::gathering::{self, word};

pub(super) async fn answer(handle: Handle, call: OpenAuction) -> Result<String, Fault> {
    let (lot, price) = (word(&call.lot)?, word::<Price>(&call.price)?);
    let sentence = format!("puts '{lot}' up for auction ({price} price)");
    gathering::wish(&handle, Wish::Auction(lot, price), &sentence).await
}
