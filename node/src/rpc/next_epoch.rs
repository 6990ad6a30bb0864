//! `next_epoch`: this process asks for the next epoch.

use quorate_service::gathering::Wish;
use quorate_wire::Fault;
use quorate_wire::method::NextEpoch;

use super::{Handle, gathering};

pub(super) async fn answer(handle: Handle, _: NextEpoch) -> Result<String, Fault> {
    gathering::wish(&handle, Wish::NextEpoch, "asks for the next epoch").await
}
