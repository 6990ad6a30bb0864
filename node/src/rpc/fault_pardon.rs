//! `fault.pardon`: this process counts another one again that it has proved faulty.

use quorate_wire::Fault;
use quorate_wire::method::FaultPardon;

use super::Handle;
use crate::question::Question;

pub(super) async fn answer(handle: Handle, call: FaultPardon) -> Result<bool, Fault> {
    let (process, _) = handle.process(&call.process)?;
    handle
        .ask(|answer| Question::Pardon(process, answer))
        .await?
}
