//! `fault.set`: makes this process faulty.

use quorate_wire::Fault;
use quorate_wire::method::FaultSet;

use super::Handle;
use crate::question::Question;

pub(super) async fn answer(handle: Handle, call: FaultSet) -> Result<String, Fault> {
    handle
        .ask(|answer| Question::SetFault(Some(call.behaviour), answer))
        .await?
}
