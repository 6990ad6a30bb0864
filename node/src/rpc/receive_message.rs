//! `receive_message`: another process tells this one its decision.

use quorate_host::{Answer, Ask, Heard};
use quorate_wire::Fault;
use quorate_wire::method::ReceiveMessage;

use super::{Handle, mismatch};

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
    match handle.ask_process(Ask::Hear(heard)).await? {
        Answer::Listened(true) => Ok(format!("{own} received decision '{decision}' from {from}")),
        Answer::Listened(false) => Ok(format!("{own} (faulty) ignored message from {from}")),
        other => Err(mismatch(&other)),
    }
}
