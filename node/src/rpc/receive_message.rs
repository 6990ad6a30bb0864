//! `receive_message`: another process tells this one its decision.

use quorate_wire::Fault;
use quorate_wire::method::ReceiveMessage;

use super::Handle;
use crate::question::{Heard, Question};

pub(super) async fn answer(handle: Handle, call: ReceiveMessage) -> Result<String, Fault> {
    let ReceiveMessage {
        sender,
        decision,
        round,
        signature,
    } = call;
    let own = handle.inner.own;
    let (from, _) = handle.other(&sender, &decision)?;
    let heard = Heard {
        sender: from,
        decision: decision.clone(),
        round,
        signature,
    };
    if handle.ask(|answer| Question::Hear(heard, answer)).await?? {
        Ok(format!("{own} received decision '{decision}' from {from}"))
    } else {
        Ok(format!("{own} (faulty) ignored message from {from}"))
    }
}
