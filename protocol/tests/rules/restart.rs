//! Restart: rules 22 and 23.

use super::{commit, prepare};
use crate::harness::{K, L, Network};
use quorate_protocol::message::{Recall, Stable};
use quorate_protocol::{Duration, Message, Sequence, SignedMessage, Timer, View};

#[test]
fn rule_22_a_restarted_replica_continues_where_its_records_end() {
    let mut net = Network::new(4);
    for timestamp in 1..=K + 2 {
        net.order(0, timestamp);
    }
    let before = (net.status(3), net.executed(3));
    net.crash(3);
    net.restart(3);
    let restored = net.status(3);
    net.run_for(Duration::from_millis(1500));

    assert_eq!(restored.executed, Sequence(K));
    assert_eq!(restored.low_watermark, before.0.low_watermark);
    assert_eq!((net.status(3), net.executed(3)), before);
    net.order(1, 1);
    assert_eq!(net.executed(3), net.executed(0));
    assert!(net.nobody_is_accused());
}

#[test]
fn rule_22_a_restarted_replica_repeats_its_votes_and_exactly_its_view_change() {
    let mut net = Network::new(4);
    net.drop_if(|parcel| matches!(parcel.message, SignedMessage::Commit(_)));
    net.order(0, 1);
    net.crash(3);
    net.restart(3);
    let again = net.said(3);
    let votes = |messages: &[Message]| -> Vec<Message> {
        let is_vote = |m: &&Message| matches!(m, Message::Prepare(_) | Message::Commit(_));
        messages.iter().filter(is_vote).cloned().collect()
    };
    let m = net.batch(0, 1);
    let both = [prepare(0, 1, &m), commit(0, 1, &m)];
    assert_eq!(votes(&again), [both.clone(), both].concat());

    net.fire(3, Timer::View);
    net.crash(3);
    net.restart(3);
    let asked = net.view_changes(3);
    assert_eq!(net.view(3), (1, false));
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0], asked[1]);
    assert_eq!(asked[0].prepared.len(), 1);
}

#[test]
fn rule_23_a_replica_without_its_records_does_not_vote_where_it_may_have_voted_before() {
    let mut net = Network::new(4);
    for timestamp in 1..=K + 2 {
        net.order(0, timestamp);
    }
    net.crash(3);
    net.restart_without_disk(3);
    let said_before = net.said(3).len();
    net.run_for(Duration::from_millis(1500));
    // The others' stable checkpoint is K, so this replica cannot have voted above K + 2L.
    let bound = K + 2 * L;
    let mut timestamp = K + 2;
    while net.status(0).executed < Sequence(bound - 1) {
        timestamp += 1;
        net.order(0, timestamp);
        net.run_for(Duration::from_millis(300));
    }
    let silent = net.said(3).split_off(said_before);
    assert!(
        silent.iter().all(|m| matches!(
            m,
            Message::Standing(_) | Message::Checkpoint(_) | Message::Fetch(_)
        )),
        "{silent:?}"
    );
    assert_eq!(net.executed(3), net.executed(0));

    for _ in 0..2 * K {
        timestamp += 1;
        net.order(0, timestamp);
        net.run_for(Duration::from_millis(300));
    }
    // This replica may have left view 0. Only after a view change does it vote again.
    net.crash(2);
    net.order(0, timestamp + 1);
    assert_eq!(net.executed(0).last(), Some(&(0, timestamp)));
    net.run_for(Duration::from_millis(5000));
    assert_eq!(net.executed(3).last(), Some(&(0, timestamp + 1)));
    assert_eq!(net.view(3), (1, true));
    assert!(net.nobody_is_accused());
}

#[test]
fn rule_23_no_vote_in_a_view_that_the_earlier_life_had_left() {
    let mut net = Network::new(4);
    net.order(0, 1);
    net.isolate(3);
    net.submit(3, 1);
    net.fire(3, Timer::View);
    net.discard();
    net.heal();
    assert_eq!(net.view(3), (1, false));
    net.crash(3);
    net.restart_without_disk(3);
    let said_before = net.said(3).len();
    for timestamp in 2..3 * L + K {
        net.order(0, timestamp);
        net.run_for(Duration::from_millis(300));
    }
    assert_eq!(net.view(3), (0, true));
    assert_eq!(net.executed(3).last(), net.executed(0).last());
    let said = net.said(3).split_off(said_before);
    assert!(
        !said
            .iter()
            .any(|m| matches!(m, Message::Prepare(_) | Message::Commit(_))),
        "it votes in a view that it had left: {said:?}"
    );
    assert!(net.nobody_is_accused());
}

#[test]
fn rule_23_an_answer_to_an_earlier_life_does_not_end_the_silence() {
    let mut net = Network::new(4);
    net.order(0, 1);
    for _ in 0..2 {
        net.crash(3);
        net.restart_without_disk(3);
    }
    let recalls = |message: &SignedMessage| match message {
        SignedMessage::Stable(stable) => stable.value().recall,
        _ => None,
    };
    net.drop_if(move |parcel| recalls(&parcel.message).is_some());
    for from in 0..3 {
        let stable = Stable {
            proof: Vec::new(),
            recall: Some(Recall {
                life: 1,
                view: View(0),
            }),
        };
        let stable = SignedMessage::Stable(net.sign(from, stable));
        net.deliver(3, stable);
    }
    for timestamp in 2..3 * L + K {
        net.order(0, timestamp);
        net.run_for(Duration::from_millis(300));
    }
    net.crash(2);
    net.order(0, 3 * L + K);
    net.run_for(Duration::from_millis(5000));
    assert_eq!(net.executed(0).last(), Some(&(0, 3 * L + K - 1)));
    assert_eq!(net.view_changes(3), []);
}
