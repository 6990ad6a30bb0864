//! `pbft.deliver`: a batch of signed messages from a peer. Anyone may call it, but only the peer that the head names can
//! make the tag, so nobody else fills the peer's room. A batch never waits for the runtime: if there is no room, the peer
//! is told to try again.

use quorate_host::{BadBatch, Batch, Head};
use quorate_wire::Fault;
use quorate_wire::method::Deliver;

use super::Handle;

pub(super) async fn answer(handle: Handle, call: Deliver) -> Result<i32, Fault> {
    let refused = |bad| match bad {
        BadBatch::OtherCluster(sender) => handle.of_another_cluster(sender),
        BadBatch::Unreadable(_) => Fault::new(Fault::WRONG_PARAMETERS, format!("batch: {bad}")),
    };
    let Deliver { batch, tag } = &call;
    let sender = Head::open(batch, handle.cluster()).map_err(refused)?.sender;
    if !handle.is_from(sender, batch, tag) {
        let why = format!("tag: {sender} has not made it for {}", handle.own());
        return Err(Fault::new(Fault::WRONG_PARAMETERS, why));
    }
    let batch = Batch::open(batch, handle.cluster()).map_err(refused)?;
    let count = i32::try_from(batch.messages.len()).unwrap_or(i32::MAX);
    handle.deliver(call.batch.len(), batch)?;
    Ok(count)
}

#[cfg(test)]
mod tests {
    use quorate_host::{Head, join};
    use quorate_protocol::{ClusterId, ReplicaId, TAG};

    use super::*;
    use crate::inbox::ROOM;
    use crate::question;
    use crate::tests::{config, keys_of};

    const CLUSTER: ClusterId = ClusterId([7; 32]);
    const P: ReplicaId = ReplicaId(0);
    const Q: ReplicaId = ReplicaId(1);

    /// A batch without messages that says it is from Q. `tagger` has made its tag for P.
    fn batch(cluster: ClusterId, tagger: ReplicaId) -> Deliver {
        let head = Head { cluster, sender: Q };
        let batch = join(head, &[]);
        let key = keys_of(tagger, CLUSTER).shared_with(P);
        let tag = key.map_or([0; TAG], |key| key.tag(Q, &batch)).to_vec();
        Deliver { batch, tag }
    }

    fn handle(runtime: question::ToRuntime) -> Handle {
        let pairs = keys_of(P, CLUSTER).shared_with_all(4);
        Handle::new(&config(), pairs, runtime)
    }

    #[tokio::test]
    async fn what_is_signed_under_the_keys_of_another_cluster_is_refused_with_what_to_do() {
        let (runtime, mut at_runtime) = question::ways(4);
        let handle = handle(runtime);
        let other = batch(ClusterId([8; 32]), Q);
        let refused = answer(handle.clone(), other).await.unwrap_err();
        assert_eq!(refused.code(), Fault::WRONG_PARAMETERS);
        assert!(refused.message().contains("server keygen"), "{refused}");
        assert!(
            refused.message().ends_with("to all"),
            "it is cut: {refused}"
        );
        assert_eq!(answer(handle, batch(CLUSTER, Q)).await, Ok(0));
        let batch = at_runtime.batches.next().await.batch;
        assert_eq!((batch.sender, batch.messages.len()), (Q, 0));
    }

    #[tokio::test]
    async fn whoever_is_not_the_peer_that_a_batch_names_takes_no_room_of_that_peer() {
        let (runtime, mut at_runtime) = question::ways(4);
        let handle = handle(runtime);
        for other in [P, ReplicaId(2), ReplicaId(3)] {
            for _ in 0..ROOM / 1024 {
                let refused = answer(handle.clone(), batch(CLUSTER, other)).await;
                let refused = refused.unwrap_err();
                assert_eq!(refused.code(), Fault::WRONG_PARAMETERS);
                assert_eq!(refused.message(), "tag: Q has not made it for P");
            }
        }
        assert_eq!(answer(handle, batch(CLUSTER, Q)).await, Ok(0));
        at_runtime.batches.next().await;
    }

    #[tokio::test]
    async fn a_batch_for_a_runtime_without_room_is_refused_at_once() {
        let (runtime, mut at_runtime) = question::ways(4);
        let empty = Batch {
            sender: Q,
            messages: Vec::new(),
        };
        let filled = runtime.batches.put(Q, ROOM, empty);
        assert_eq!(filled, Ok(()));
        let handle = handle(runtime);
        let deliver = || answer(handle.clone(), batch(CLUSTER, Q));
        assert_eq!(deliver().await.unwrap_err().code(), Fault::OVERLOADED);
        at_runtime.batches.next().await;
        assert_eq!(deliver().await, Ok(0));
        drop(at_runtime);
        assert_eq!(deliver().await.unwrap_err().code(), Fault::SHUTTING_DOWN);
    }
}
