//! `fault.pardon`: this process counts another one again that it has proved faulty.

use quorate_protocol::{Pardon, Sequence, View};
use quorate_wire::Fault;
use quorate_wire::method::FaultPardon;

use super::Handle;
use crate::question::Question;

pub(super) async fn answer(handle: Handle, call: FaultPardon) -> Result<bool, Fault> {
    let (process, _) = handle.process(&call.process)?;
    let signed = Pardon {
        view: View(call.view),
        sequence: Sequence(call.last_slot),
    };
    handle
        .ask(|answer| Question::Pardon(process, signed, answer))
        .await?
}
