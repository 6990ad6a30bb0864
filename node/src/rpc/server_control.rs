//! `server.control`: where the server of this process takes commands.

use quorate_wire::Fault;
use quorate_wire::method::ServerControl;

use super::Handle;

pub(super) async fn answer(handle: Handle, _call: ServerControl) -> Result<String, Fault> {
    match handle.inner.control {
        None => Err(Fault::new(
            Fault::NOT_SUPERVISED,
            "no server supervises this process: stop it where it was started",
        )),
        Some(_) if !handle.inner.loopback => Err(Fault::new(
            Fault::NOT_FROM_ELSEWHERE,
            "processes are killed and paused by calls only if they listen on loopback alone: use signals on their machine",
        )),
        Some(address) => Ok(address.to_string()),
    }
}
