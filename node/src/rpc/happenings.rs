//! `happenings`: what has happened in the gathering.

use quorate_wire::method::Happenings;
use quorate_wire::{Fault, View};

use super::{Handle, gathering};

pub(super) async fn answer(handle: Handle, call: Happenings) -> Result<View, Fault> {
    let from = call.from.unwrap_or_default();
    gathering::view(&handle, format!("happenings {from}")).await
}
