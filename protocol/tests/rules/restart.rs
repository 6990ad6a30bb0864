//! Restart: rules 22 and 23.

use super::{commit, prepare};
use crate::harness::{K, L, Network, STATUS_INTERVAL, broadcasts};
use quorate_protocol::message::{Memory, Proved, Recall, Stable, Standing};
use quorate_protocol::{Duration, Effect, Message, Sequence, SignedMessage, Timer, View};

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
    net.run_for(Duration::from_millis(5000));
    net.order(0, K + 3);
    let votes = votes(&net.said(3).split_off(said_before));
    assert!(!votes.is_empty());
    for (view, sequence) in votes {
        assert!(view > View(0) && sequence > Sequence(bound));
    }
    assert!(net.nobody_is_accused());
}

/// The view and slot of each vote.
fn votes(said: &[Message]) -> Vec<(View, Sequence)> {
    let of = |message: &Message| match message {
        Message::Prepare(prepare) => Some((prepare.view, prepare.sequence)),
        Message::Commit(commit) => Some((commit.view, commit.sequence)),
        _ => None,
    };
    said.iter().filter_map(of).collect()
}

#[test]
pub(crate) fn rule_23_replicas_that_lose_their_memory_one_after_another_vote_again_though_nothing_is_asked()
 {
    let mut net = Network::new(4);
    net.order(0, 1);
    for lost in [1, 2, 0, 3, 1] {
        net.crash(lost);
        net.restart_without_disk(lost);
        assert!(!net.votes(lost));
        net.run_for(Duration::from_millis(4000));
        assert!((0..4).all(|i| net.votes(i)), "after {lost}");
    }
    net.crash(0);
    net.submit(2, 2);
    net.run_for(Duration::from_millis(3000));
    assert_eq!(net.executed(1), [(0, 1), (2, 2)]);
    assert!(net.nobody_is_accused());
}

#[test]
fn rule_23_under_load_a_replica_without_memory_votes_again_though_nobody_blames_the_primary() {
    let mut net = Network::new(4);
    net.order(0, 1);
    net.crash(3);
    net.restart_without_disk(3);
    for timestamp in 2..60 {
        net.order(0, timestamp);
        net.run_for(Duration::from_millis(50));
    }
    assert!(net.votes(3));
    net.crash(2);
    net.order(0, 60);
    assert_eq!(net.executed(3).last(), Some(&(0, 60)));
    assert!(net.nobody_is_accused());
}

#[test]
fn rule_23_a_liar_that_claims_a_lost_memory_gets_help_only_so_often() {
    let mut net = Network::new(4);
    net.order(0, 1);
    let claim = |net: &Network, memory| claim(net, 3, memory);
    // Whatever it claims in one moment, the primary proposes null slots once.
    let proposals = |effects: Vec<Effect>| {
        let said = broadcasts(&effects);
        let proposes = |message: &&Message| matches!(message, Message::PrePrepare(..));
        said.iter().filter(proposes).count() as u64
    };
    net.now_is(1_000_000);
    let first = proposals(net.deliver(0, claim(&net, Memory::Lost { life: 1 })));
    net.run();
    let second = proposals(net.deliver(0, claim(&net, Memory::Lost { life: 2 })));
    assert_eq!((first, second), (L - 1, 0));
    // One view is left for it, and no other before the window has moved.
    let left = |net: &Network| net.view_changes(1).len();
    net.deliver(1, claim(&net, Memory::VotesFrom(View(2))));
    assert_eq!((net.view(1), left(&net)), ((2, false), 1));
    let new_view = net.new_view(2, 2, net.wishes(&[0, 2, 3], 2), &[]);
    net.deliver(1, new_view);
    net.deliver(1, claim(&net, Memory::VotesFrom(View(3))));
    assert_eq!((net.view(1), left(&net)), ((2, true), 1));
}

#[test]
fn rule_23_a_primary_that_proposes_no_null_slots_for_a_replica_without_memory_is_left() {
    let mut net = Network::new(7);
    net.order(0, 1);
    // The first primary is faulty: it does not listen to the replica that loses its memory.
    net.drop_if(|parcel| {
        let standing = matches!(parcel.message, SignedMessage::Standing(_));
        standing && parcel.from == 6 && parcel.to == 0
    });
    net.crash(6);
    net.restart_without_disk(6);
    net.run_for(Duration::from_millis(8000));
    assert!(net.votes(6));
    assert!((0..7).all(|i| net.view(i) == net.view(0)));
    assert!(net.nobody_is_accused());
}

#[test]
fn rule_23_a_liar_that_hides_its_claim_from_the_primary_ends_fewer_and_fewer_views() {
    let mut net = Network::new(4);
    net.order(0, 1);
    let views = |net: &mut Network, seconds: u64| {
        let before = net.view(0).0;
        for _ in 0..4 * seconds {
            for to in 0..3 {
                if to != u32::try_from(net.view(0).0 % 4).unwrap() {
                    net.deliver(to, claim(net, 3, Memory::Lost { life: 1 }));
                }
            }
            net.run_for(STATUS_INTERVAL);
        }
        net.view(0).0 - before
    };
    net.drop_if(|parcel| parcel.from == 3 && matches!(parcel.message, SignedMessage::Standing(_)));
    let (first, second) = (views(&mut net, 30), views(&mut net, 30));
    assert!(first > 0 && first <= 8, "{first}");
    assert!(second <= 3, "{second}");
}

#[test]
fn rule_23_nobody_is_left_for_a_replica_that_has_its_memory_again_or_is_gone() {
    for after in [Some(Memory::Whole), None] {
        let mut net = Network::new(4);
        net.order(0, 1);
        net.deliver(1, claim(&net, 3, Memory::Lost { life: 1 }));
        // The replica may be gone, too.
        net.crash(3);
        if let Some(memory) = after {
            net.deliver(1, claim(&net, 3, memory));
        }
        net.run_for(Duration::from_millis(5000));
        assert_eq!(net.view(1), (0, true), "{after:?}");
    }
}

/// A replica's claim about its memory.
fn claim(net: &Network, from: u32, memory: Memory) -> SignedMessage {
    let standing = Standing {
        view: View(0),
        active: true,
        executed: Sequence(1),
        stable: Sequence(0),
        memory,
        proved: Proved::none(),
    };
    SignedMessage::Standing(net.sign(from, standing))
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
    assert_eq!(net.executed(3).last(), net.executed(0).last());
    let votes = votes(&net.said(3).split_off(said_before));
    assert!(votes.iter().all(|(view, _)| *view > View(0)), "{votes:?}");
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
