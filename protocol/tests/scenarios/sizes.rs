//! All that the bounds allow: scenarios 30 and 31.

use crate::harness::Network;
use crate::{LONG, SOON};
use quorate_protocol::message::Request;
use quorate_protocol::{
    ClientId, Effect, Misbehaviour, ReplicaId, Sequence, SignedMessage, Timestamp,
};

#[test]
fn scenario_30_requests_as_large_and_as_many_as_allowed_wait_and_execute_once_two_are_back() {
    let mut net = Network::with(4, |config| {
        let limits = &mut config.limits;
        (limits.operation, limits.batch, limits.waiting) = (10_000, 25_000, 207_000);
    });
    net.isolate(2);
    net.isolate(3);
    let request = |net: &Network, speaker, client: u64| {
        let client = ClientId::session(ReplicaId(speaker), client);
        net.sign(speaker, Request::new(client, Timestamp(1), vec![0; 10_000]))
    };
    // All four replicas have all requests: a client asks again everywhere.
    for (speaker, client) in (0..4).flat_map(|speaker| (0..20).map(move |i| (speaker, i))) {
        let request = request(&net, speaker, client);
        for to in 0..4 {
            net.deliver(to, SignedMessage::Request(request.clone()));
        }
    }
    let over = net.deliver(1, SignedMessage::Request(request(&net, 3, 20)));
    net.run_for(LONG);
    net.heal();
    net.run_for(LONG);

    assert!(matches!(
        over[..],
        [Effect::Reject(Misbehaviour::TooManyWaiting { .. })]
    ));
    for i in 0..4 {
        let requests: usize = net
            .slots(i)
            .iter()
            .map(|(_, executed)| executed.len())
            .sum();
        assert_eq!((net.executed(i).len(), requests), (80, 80), "replica {i}");
        let large = |reject: &Misbehaviour| matches!(reject, Misbehaviour::LargeBatch { .. });
        assert!(!net.rejects(i).iter().any(large));
    }
    assert!(net.nobody_is_accused());
}

#[test]
fn scenario_31_a_full_window_of_the_longest_interval_survives_the_loss_of_its_primary() {
    let mut net = Network::with(4, |config| {
        *config = config.clone().with_checkpoint_interval(10_000);
        (config.batch_limit, config.slots_in_flight) = (1, u64::MAX);
    });
    net.drop_if(|parcel| matches!(parcel.message, SignedMessage::Checkpoint(_)));
    let window = net.status(0).high_watermark.0;
    for timestamp in 1..=window {
        net.order(1, timestamp);
    }
    assert_eq!(net.status(2).low_watermark, Sequence(0));
    assert_eq!(net.status(2).executed, Sequence(window));
    net.crash(0);
    net.submit(1, window + 1);
    net.release();
    net.run_for(SOON);

    assert_eq!(window, 500);
    for i in 1..4 {
        assert_eq!(net.view(i), (1, true));
        assert_eq!(net.executed(i).last(), Some(&(1, window + 1)));
        assert!(net.only_late_rejects(i));
    }
}
