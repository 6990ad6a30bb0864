//! `pbft.deliver`: a batch of signed messages from a peer. Anyone may call it, because only the signatures matter. A
//! batch therefore never waits for the runtime: if there is no room, the peer is told to try again.

use quorate_host::{BadBatch, Batch};
use quorate_wire::Fault;
use quorate_wire::method::Deliver;

use super::Handle;

pub(super) async fn answer(handle: Handle, call: Deliver) -> Result<i32, Fault> {
    let batch = Batch::open(&call.batch, handle.cluster()).map_err(|bad| match bad {
        BadBatch::OtherCluster(sender) => handle.of_another_cluster(sender),
        BadBatch::Unreadable(_) => Fault::new(Fault::WRONG_PARAMETERS, format!("batch: {bad}")),
    })?;
    let count = i32::try_from(batch.messages.len()).unwrap_or(i32::MAX);
    handle.deliver(call.batch.len(), batch)?;
    Ok(count)
}

#[cfg(test)]
mod tests {
    use quorate_host::{Head, join};
    use quorate_protocol::{ClusterId, ReplicaId};

    use super::*;
    use crate::inbox::ROOM;
    use crate::question;

    /// A batch without messages, from Q.
    fn batch(cluster: u8) -> Deliver {
        let head = Head {
            cluster: ClusterId([cluster; 32]),
            sender: ReplicaId(1),
        };
        let batch = join(head, &[]);
        Deliver { batch }
    }

    #[tokio::test]
    async fn what_is_signed_under_the_keys_of_another_cluster_is_refused_with_what_to_do() {
        let (runtime, mut at_runtime) = question::ways(4);
        let handle = Handle::new(&crate::tests::config(), runtime);
        let refused = answer(handle.clone(), batch(8)).await.unwrap_err();
        assert_eq!(refused.code(), Fault::WRONG_PARAMETERS);
        assert!(refused.message().contains("server keygen"), "{refused}");
        assert!(
            refused.message().ends_with("to all"),
            "it is cut: {refused}"
        );
        assert_eq!(answer(handle, batch(7)).await, Ok(0));
        let (sender, batch) = at_runtime.batches.next().await;
        assert_eq!((sender, batch.messages.len()), (ReplicaId(1), 0));
    }

    #[tokio::test]
    async fn a_batch_for_a_runtime_without_room_is_refused_at_once() {
        let (runtime, mut at_runtime) = question::ways(4);
        let empty = Batch {
            sender: ReplicaId(1),
            messages: Vec::new(),
        };
        let filled = runtime.batches.put(ReplicaId(1), ROOM, empty);
        assert_eq!(filled, Ok(()));
        let handle = Handle::new(&crate::tests::config(), runtime);
        let deliver = || answer(handle.clone(), batch(7));
        assert_eq!(deliver().await.unwrap_err().code(), Fault::OVERLOADED);
        at_runtime.batches.next().await;
        assert_eq!(deliver().await, Ok(0));
        drop(at_runtime);
        assert_eq!(deliver().await.unwrap_err().code(), Fault::SHUTTING_DOWN);
    }
}
