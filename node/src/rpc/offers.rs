//! `offers`: the offers of this epoch.

use quorate_wire::method::Offers;
use quorate_wire::{Fault, View};

use super::{Handle, gathering};

pub(super) async fn answer(handle: Handle, call: Offers) -> Result<View, Fault> {
    let question = call
        .member
        .map_or_else(|| "offers".to_owned(), |member| format!("offer {member}"));
    gathering::view(&handle, question).await
}
