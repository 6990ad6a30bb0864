//! `fault.clear`: makes this process correct.

use quorate_wire::Fault;
use quorate_wire::method::FaultClear;

use super::Handle;
use crate::question::Question;

pub(super) async fn answer(handle: Handle, _: FaultClear) -> Result<String, Fault> {
    handle
        .ask(|answer| Question::SetFault(None, answer))
        .await?
}
