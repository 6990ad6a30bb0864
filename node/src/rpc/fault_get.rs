//! `fault.get`: how this process misbehaves.

use quorate_wire::Fault;
use quorate_wire::method::FaultGet;

use super::Handle;

pub(super) async fn answer(handle: Handle, _: FaultGet) -> Result<String, Fault> {
    handle.fault().await
}
