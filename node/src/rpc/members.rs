//! `members`: who the members of the gathering are.

use quorate_wire::method::Members;
use quorate_wire::{Fault, View};

use super::{Handle, gathering};

pub(super) async fn answer(handle: Handle, _: Members) -> Result<View, Fault> {
    gathering::view(&handle, "members".to_owned()).await
}
