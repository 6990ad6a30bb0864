//! `pbft.deliver`: a batch of signed messages from a peer. Who calls does not matter; signatures do.

use quorate_wire::Fault;
use quorate_wire::method::Deliver;

use super::Handle;
use crate::outbox;
use crate::runtime::Question;

pub(super) async fn answer(handle: Handle, call: Deliver) -> Result<i32, Fault> {
    let messages = outbox::decode(&call.batch).map_err(|error| {
        Fault::new(
            Fault::WRONG_PARAMETERS,
            format!("batch: not a batch of signed messages: {error}"),
        )
    })?;
    let count = i32::try_from(messages.len()).unwrap_or(i32::MAX);
    handle.tell(Question::Deliver(messages)).await?;
    Ok(count)
}
