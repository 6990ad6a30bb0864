//! State transfer: rule 19.

use crate::harness::{K, L, Network, STATUS_INTERVAL, rejects};
use quorate_protocol::message::{Piece, State};
use quorate_protocol::snapshot::Manifest;
use quorate_protocol::{Duration, Message, Misbehaviour, ReplicaId, Sequence, SignedMessage};
use std::collections::BTreeSet;

#[test]
fn rule_19_a_replica_a_window_behind_fetches_the_state_and_continues_from_it() {
    let mut net = Network::new(4);
    net.isolate(3);
    for timestamp in 1..=3 * L {
        net.order(0, timestamp);
    }
    net.heal();

    net.run_for(Duration::from_millis(2000));
    net.order(1, 1);

    let expected: Vec<_> = (1..=3 * L).map(|t| (0, t)).chain([(1, 1)]).collect();
    assert!(net.all_executed(&expected));
    assert_eq!(net.slots(3), [(3 * L + 1, vec![(1, 1)])]);
    assert_eq!(net.status(3).low_watermark, Sequence(3 * L));
    assert!((0..4).all(|i| net.rejects(i).is_empty()));
}

#[test]
fn rule_19_a_replica_that_takes_over_a_state_gets_the_slots_above_it_at_once() {
    let mut net = Network::new(4);
    net.run_for(STATUS_INTERVAL);
    net.isolate(3);
    for timestamp in 1..=3 * L + 2 {
        net.order(0, timestamp);
    }
    net.heal();

    net.run_for(STATUS_INTERVAL);

    assert_eq!(net.status(3).low_watermark, Sequence(3 * L));
    assert_eq!(net.status(3).executed, Sequence(3 * L + 2));
}

#[test]
pub(crate) fn rule_19_a_manifest_that_no_quorum_has_signed_is_refused() {
    let mut net = Network::new(4);
    net.isolate(3);
    for timestamp in 1..=3 * L {
        net.order(0, timestamp);
    }
    net.heal();
    net.drop_if(|parcel| parcel.to == 3 && matches!(parcel.message, SignedMessage::State(_)));
    net.run_for(Duration::from_millis(2000));
    let (signer, sequence) = (ReplicaId(0), Sequence(3 * L));
    let piece = Piece::Manifest(Manifest::default());
    let state = net.sign(0, State { sequence, piece });
    let found = net.deliver(3, SignedMessage::State(state));
    assert_eq!(
        rejects(&found),
        [Misbehaviour::WrongState { signer, sequence }]
    );
}

#[test]
pub(crate) fn rule_19_a_later_target_replaces_one_that_others_no_longer_have() {
    let mut net = Network::new(4);
    net.isolate(3);
    for timestamp in 1..=K {
        net.order(0, timestamp);
    }
    net.heal();
    net.drop_if(|parcel| parcel.to == 3 && matches!(parcel.message, SignedMessage::State(_)));
    net.run_for(Duration::from_millis(800));
    let asked_for = |net: &Network| -> BTreeSet<u64> {
        let wanted = |message: &Message| match message {
            Message::FetchState(fetch) => Some(fetch.sequence.0),
            _ => None,
        };
        net.sent(3).iter().filter_map(wanted).collect()
    };
    assert_eq!(asked_for(&net), [K].into());

    net.drop_if(|parcel| parcel.to == 3);
    for timestamp in K + 1..=2 * K {
        net.order(0, timestamp);
    }
    net.release();
    net.run_for(Duration::from_millis(800));

    assert_eq!(asked_for(&net), [K, 2 * K].into());
    assert_eq!(net.executed(3), net.executed(0));
}

/// Two of seven sign checkpoints and never send a state. The others order a checkpoint's slots four times in each status
/// interval, and replica 6 gets no proposal and no committed slot, so it must fetch.
#[test]
pub(crate) fn rule_19_silent_sources_are_known_though_the_target_changes_faster_than_the_timer() {
    let mut net = Network::new(7);
    let silent = [ReplicaId(1), ReplicaId(2)];
    net.drop_if(move |parcel| {
        parcel.to == 6
            && match &parcel.message {
                SignedMessage::State(state) => silent.contains(&state.signer()),
                SignedMessage::PrePrepare { .. } | SignedMessage::Committed(_) => true,
                _ => false,
            }
    });
    let intervals = 10;
    for step in 0..4 * intervals {
        for timestamp in step * K + 1..=step * K + K {
            net.order(0, timestamp);
        }
        net.run_for(Duration(STATUS_INTERVAL.0 / 4));
    }
    let ordered = net.status(0).executed.0;
    let reached = net.status(6).executed.0;
    assert!(
        reached + 2 * L >= ordered,
        "it stands at slot {reached} of {ordered}"
    );
}
