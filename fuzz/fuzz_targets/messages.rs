//! Decodes arbitrary bytes as messages from peers, records from disk, operations and snapshots. Whatever can be decoded
//! can be encoded, and decodes to the same value.
#![no_main]

use std::num::NonZeroU32;

use libfuzzer_sys::fuzz_target;
use quorate_host::{Arrived, Batch, Head, join};
use quorate_protocol::message::{self, Request};
use quorate_protocol::{ClusterId, Keys, Part, Quorum, Record, ReplicaId, Sequence, Timestamp};
use quorate_service::exchange::Rules;
use quorate_service::gathering::Membership;
use quorate_service::{Answer, Replicated, Service as _};

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    match kind % 5 {
        0 => messages(rest),
        1 => record(rest),
        2 => reads_back::<message::Batch>(rest),
        3 => operations(rest),
        _ => restore(rest),
    }
});

/// Decodes a record. Of its parts it finds the empty one.
fn record(bytes: &[u8]) {
    let find = |_| Some(Part::from(&[][..]));
    if let Ok(record) = Record::decode(bytes, find) {
        assert_eq!(Record::decode(&record.encode(), find), Ok(record));
    }
}

fn reads_back<T>(bytes: &[u8])
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    if let Ok(value) = postcard::from_bytes::<T>(bytes) {
        let again = postcard::to_stdvec(&value).expect("a decoded value can be encoded");
        assert_eq!(postcard::from_bytes::<T>(&again).as_ref(), Ok(&value));
    }
}

/// The head of a peer's batches.
const HEAD: Head = Head {
    cluster: ClusterId([0; 32]),
    sender: ReplicaId(1),
};

/// Opens a peer's batch, and checks each message.
fn messages(bytes: &[u8]) {
    let mut keys = Keys::simulated(ReplicaId(1), 4, HEAD.cluster);
    let Ok(batch) = Batch::open(&join(HEAD, &[bytes.into()]), HEAD.cluster) else {
        return;
    };
    for Arrived { message, .. } in batch.messages {
        let again = postcard::to_stdvec(&message).expect("a decoded value can be encoded");
        assert_eq!(postcard::from_bytes(&again).as_ref(), Ok(&message));
        let _ = keys.verify_message(message);
    }
}

fn service() -> Replicated {
    let quorum = Quorum::of(NonZeroU32::new(4).expect("four"));
    let rules = Rules {
        quorum,
        default_decision: "-".to_owned(),
    };
    Replicated::new(rules, Membership::plain(HEAD.cluster, quorum))
}

/// Decodes operations of several clients, one after another. Each has an answer that can be decoded.
fn operations(bytes: &[u8]) {
    let mut service = service();
    let all = bytes.split(|byte| *byte == 0xFE);
    for ((sequence, index), operation) in (1..).zip(0..).zip(all) {
        let client = ReplicaId(index % 4).into();
        let request = Request::new(client, Timestamp(sequence), operation.to_vec());
        let answer = service.execute(Sequence(sequence), &request);
        assert!(Answer::decode(&answer).is_some());
        if let Some(answer) = service.query(operation) {
            assert!(Answer::decode(&answer).is_some());
        }
    }
}

/// A service either restores the state from these parts, or refuses them and keeps its state.
fn restore(bytes: &[u8]) {
    let mut service = service();
    let parts: Vec<Part> = bytes.split(|byte| *byte == 0xFE).map(Part::from).collect();
    let before = service.snapshot();
    match service.restore(&parts) {
        Ok(()) => {
            let now = service.snapshot();
            service.restore(&now).expect("its own snapshot");
            assert_eq!(service.snapshot(), now);
        }
        Err(_) => assert_eq!(service.snapshot(), before),
    }
}
