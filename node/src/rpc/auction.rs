//! `auction`: the lots, or one of them.

use quorate_wire::method::Auction;
use quorate_wire::{Fault, View};

use super::{Handle, gathering};

pub(super) async fn answer(handle: Handle, call: Auction) -> Result<View, Fault> {
    let question = call
        .lot
        .map_or_else(|| "auctions".to_owned(), |lot| format!("auction {lot}"));
    gathering::view(&handle, question).await
}
