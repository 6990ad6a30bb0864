//! Bounds: rules 27 and 28.

use crate::harness::{Network, broadcasts, rejects};
use quorate_protocol::message::{Batch, Body, Committed, Request};
use quorate_protocol::{
    ClientId, Duration, Effect, Limits, Message, Misbehaviour, ReplicaId, Signed, SignedMessage,
    Timestamp,
};

/// Limits that a few requests reach: four requests of [`large`] in a batch, and eight waiting of one speaker.
fn small(limits: &mut Limits) {
    limits.operation = 1000;
    limits.batch = 5000;
    limits.waiting = 9000;
}

fn small_network() -> Network {
    Network::with(4, |config| small(&mut config.limits))
}

/// A request of `bytes` for one of a speaker's clients.
fn request(net: &Network, speaker: u32, client: u64, bytes: usize) -> Signed<Request> {
    let client = ClientId::session(ReplicaId(speaker), client);
    net.sign(speaker, Request::new(client, Timestamp(1), vec![0; bytes]))
}

fn large(net: &Network, speaker: u32, client: u64) -> Signed<Request> {
    request(net, speaker, client, 1000)
}

fn proposals(effects: &[Effect]) -> Vec<Batch> {
    let batch = |message| match message {
        Message::PrePrepare(_, batch) => Some(batch),
        _ => None,
    };
    broadcasts(effects).into_iter().filter_map(batch).collect()
}

/// The speakers of a batch's requests.
fn speakers(batch: &Batch) -> Vec<u32> {
    batch.requests.iter().map(|one| one.signer().0).collect()
}

#[test]
fn rule_27_an_operation_over_the_limit_is_refused_wherever_it_stands() {
    let mut net = small_network();
    let limit = request(&net, 1, 1, 1000);
    let over = Batch {
        requests: vec![request(&net, 1, 2, 1001)],
    };
    let proof = [0, 1, 2].map(|i| net.signed_commit(i, 0, 1, &over));
    let committed = Committed {
        proof: proof.to_vec(),
        batch: over.clone(),
    };
    let body = Body {
        batch: over.clone(),
    };
    let taken = net.deliver(3, SignedMessage::Request(limit));
    assert_eq!(rejects(&taken), []);
    for message in [
        SignedMessage::Request(over.requests[0].clone()),
        net.pre_prepare(0, 0, 1, &over),
        SignedMessage::Committed(net.sign(2, committed)),
        SignedMessage::Body(net.sign(2, body)),
    ] {
        let before = net.state(3);
        let effects = net.deliver(3, message);
        let expected = Misbehaviour::LargeOperation {
            signer: ReplicaId(1),
            bytes: 1001,
            limit: 1000,
        };
        assert_eq!(effects, [Effect::Reject(expected)]);
        assert_eq!(net.state(3), before);
    }
}

#[test]
fn rule_27_a_batch_over_the_limit_is_refused_by_every_backup() {
    let mut net = small_network();
    let requests = |count| (0..count).map(|i| large(&net, 1, i)).collect();
    let (full, over) = (
        Batch {
            requests: requests(4),
        },
        Batch {
            requests: requests(5),
        },
    );
    let refused = net.deliver(3, net.pre_prepare(0, 0, 1, &over));
    let taken = net.deliver(3, net.pre_prepare(0, 0, 1, &full));
    assert!(matches!(
        refused[..],
        [Effect::Reject(Misbehaviour::LargeBatch {
            signer: ReplicaId(0),
            limit: 5000,
            ..
        })]
    ));
    assert_eq!(rejects(&taken), []);
    assert!(
        broadcasts(&taken)
            .iter()
            .any(|m| matches!(m, Message::Prepare(_)))
    );
}

#[test]
fn rule_27_the_primary_fills_a_batch_up_to_its_bytes_and_all_is_executed() {
    let mut net = small_network();
    // All that may wait of every speaker, which is several batches.
    for (speaker, client) in (0..4).flat_map(|speaker| (0..8).map(move |i| (speaker, i))) {
        let request = large(&net, speaker, client);
        for to in 0..4 {
            let effects = net.deliver(to, SignedMessage::Request(request.clone()));
            assert_eq!(rejects(&effects), []);
        }
    }
    net.run();
    for i in 0..4 {
        assert_eq!(net.executed(i).len(), 32);
        assert_eq!(net.rejects(i), []);
        assert_eq!(net.view(i), (0, true));
    }
    assert!(net.slots(0).iter().all(|(_, requests)| requests.len() <= 4));
}

#[test]
fn rule_27_over_its_bound_a_speaker_is_refused_and_the_others_are_not() {
    let mut net = small_network();
    let flood: Vec<Effect> = (0..12)
        .flat_map(|client| net.deliver(2, SignedMessage::Request(large(&net, 3, client))))
        .collect();
    let other = net.deliver(2, SignedMessage::Request(large(&net, 1, 1)));
    let speaker = ReplicaId(3);
    let refused = Misbehaviour::TooManyWaiting { speaker };
    assert_eq!(rejects(&flood), vec![refused; 4]);
    assert_eq!(rejects(&other), []);
}

#[test]
fn rule_27_a_flood_of_small_requests_is_bounded_by_its_number() {
    let mut net = Network::with(4, |config| config.limits.waiting_requests = 3);
    let flood: Vec<Effect> = (0..5)
        .flat_map(|client| net.deliver(2, SignedMessage::Request(request(&net, 3, client, 1))))
        .collect();
    assert_eq!(rejects(&flood).len(), 2);
}

#[test]
fn rule_27_speakers_take_turns_in_a_batch() {
    let mut net = Network::with(4, |config| {
        small(&mut config.limits);
        config.slots_in_flight = 1;
    });
    // The first request is proposed at once, alone. The others wait meanwhile.
    let first = large(&net, 3, 0);
    net.deliver(0, SignedMessage::Request(first.clone()));
    for client in 1..8 {
        net.deliver(0, SignedMessage::Request(large(&net, 3, client)));
    }
    for speaker in [1, 2] {
        net.deliver(0, SignedMessage::Request(large(&net, speaker, 1)));
    }
    let batch = Batch {
        requests: vec![first],
    };
    let next = net.commit_at(0, 0, 1, &batch);
    let in_turn: Vec<_> = proposals(&next).iter().map(speakers).collect();
    assert_eq!(in_turn.first(), Some(&vec![3, 1, 2, 3]));
}

#[test]
fn rule_27_a_result_over_the_limit_is_cut_and_replies_are_split_into_messages() {
    let mut net = Network::with(4, |config| {
        config.limits.result = 5;
        config.limits.batch = 400;
    });
    for name in ["a", "b", "c", "d"] {
        net.submit_for(1, name, 1);
    }
    net.run();
    net.run_for(Duration::from_millis(10));
    let results: Vec<_> = net.results(1).iter().map(|a| a.result.clone()).collect();
    let cut = ["a", "b", "c", "d"].map(|name| format!("{name}/1 d").into_bytes());
    assert_eq!(results, cut);
}
