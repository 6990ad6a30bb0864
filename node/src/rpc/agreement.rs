//! `agreement`: what the members agreed on.

use quorate_wire::method::Agreement;
use quorate_wire::{Fault, View};

use super::{Handle, gathering};

pub(super) async fn answer(handle: Handle, _: Agreement) -> Result<View, Fault> {
    gathering::view(&handle, "agreement".to_owned()).await
}
