//! `pbft.deliver`: a batch of signed messages from a peer. Who calls does not matter; signatures do. Anyone can call, so a
//! batch never waits for the runtime: a peer that is told to try again does so.

use quorate_wire::Fault;
use quorate_wire::method::Deliver;

use super::Handle;
use crate::outbox;

pub(super) async fn answer(handle: Handle, call: Deliver) -> Result<i32, Fault> {
    let messages = outbox::decode(&call.batch).map_err(|error| {
        Fault::new(
            Fault::WRONG_PARAMETERS,
            format!("batch: not a batch of signed messages: {error}"),
        )
    })?;
    let count = i32::try_from(messages.len()).unwrap_or(i32::MAX);
    handle.deliver(messages)?;
    Ok(count)
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;
    use crate::question;

    #[tokio::test]
    async fn a_batch_for_a_runtime_without_room_is_refused_at_once() {
        let (batches, mut delivered) = mpsc::channel(1);
        let (mut runtime, _questions) = question::ways();
        runtime.batches = batches;
        let handle = Handle::new(&crate::tests::config(), runtime);
        let deliver = || answer(handle.clone(), Deliver { batch: Vec::new() });
        assert_eq!(deliver().await, Ok(0));
        assert_eq!(deliver().await.unwrap_err().code(), Fault::OVERLOADED);
        delivered.recv().await.unwrap();
        assert_eq!(deliver().await, Ok(0));
        drop(delivered);
        assert_eq!(deliver().await.unwrap_err().code(), Fault::SHUTTING_DOWN);
    }
}
