//! `fault.set`: makes this process faulty, or correct with `none`.

use quorate_wire::Fault;
use quorate_wire::method::FaultSet;

use super::Handle;
use crate::question::{CORRECT, Question};

pub(super) async fn answer(handle: Handle, call: FaultSet) -> Result<String, Fault> {
    let behaviour = Some(call.behaviour).filter(|words| words != CORRECT);
    handle
        .ask(|answer| Question::SetFault(behaviour, answer))
        .await?
}
