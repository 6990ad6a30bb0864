//! Catching up: what a replica that is behind gets, and when (rules 17 and 19).

use crate::harness::{Network, STATUS_INTERVAL};
use quorate_protocol::message::{Memory, Proved, Standing};
use quorate_protocol::{Duration, Effect, Message, Sequence, SignedMessage, Timer, View};

/// A cluster whose window has many parts.
fn wide() -> Network {
    with_checkpoints_every(128)
}

fn with_checkpoints_every(interval: u64) -> Network {
    Network::with(4, |config| {
        config.checkpoint_interval = interval;
        config.window = 2 * interval;
    })
}

/// Orders the requests of client 0 with these timestamps, one in each slot.
fn order(net: &mut Network, timestamps: std::ops::RangeInclusive<u64>) {
    for timestamp in timestamps {
        net.order(0, timestamp);
    }
}

/// The standing of replica 3.
fn standing(net: &Network, executed: u64, stable: u64) -> SignedMessage {
    let standing = Standing {
        view: View(0),
        active: true,
        executed: Sequence(executed),
        stable: Sequence(stable),
        memory: Memory::Whole,
        proved: Proved::none(),
    };
    SignedMessage::Standing(net.sign(3, standing))
}

fn slots_sent(effects: &[Effect]) -> Vec<u64> {
    let slot = |effect: &Effect| match effect {
        Effect::Send {
            message: Message::Committed(committed),
            ..
        } => Some(committed.proof[0].value().sequence.0),
        _ => None,
    };
    effects.iter().filter_map(slot).collect()
}

fn states_offered(effects: &[Effect]) -> usize {
    let stable = |effect: &&Effect| {
        matches!(
            effect,
            Effect::Send {
                message: Message::Stable(_),
                ..
            }
        )
    };
    effects.iter().filter(stable).count()
}

#[test]
fn rule_17_a_replica_that_was_cut_off_catches_up_within_a_status_interval() {
    for interval in [10, 128] {
        for before in [0, 95] {
            for missed in [5, 127, 228] {
                let mut net = with_checkpoints_every(interval);
                net.run_for(STATUS_INTERVAL);
                order(&mut net, 1..=before);
                net.isolate(3);
                order(&mut net, before + 1..=before + missed);
                net.run_for(Duration(STATUS_INTERVAL.0 * 3));
                assert_eq!(net.status(3).executed, Sequence(before));
                net.heal();

                net.run_for(STATUS_INTERVAL);

                assert_eq!(
                    net.status(3).executed,
                    Sequence(before + missed),
                    "checkpoints every {interval}, {before} executed before"
                );
            }
        }
    }
}

#[test]
fn rule_17_a_status_in_the_middle_of_a_part_does_not_stop_the_parts() {
    let mut net = wide();
    net.run_for(STATUS_INTERVAL);
    net.isolate(3);
    order(&mut net, 1..=127);
    net.heal();
    net.hold_if(|parcel| match &parcel.message {
        SignedMessage::Committed(committed) => committed.value().proof[0].value().sequence.0 > 10,
        _ => false,
    });
    net.fire(3, Timer::Status);
    net.run();
    assert_eq!(net.status(3).executed, Sequence(10));
    net.fire(3, Timer::Status);

    net.release();
    net.run();

    assert_eq!(net.status(3).executed, Sequence(127));
}

#[test]
fn rule_17_slots_in_flight_above_a_part_are_sent_after_it() {
    for executed in [30, 31, 32, 33] {
        let mut net = wide();
        net.run_for(STATUS_INTERVAL);
        net.isolate(3);
        order(&mut net, 1..=executed);
        net.crash(2);
        net.order(0, executed + 1);
        net.heal();

        net.run_for(STATUS_INTERVAL);

        let status = net.status(3);
        assert_eq!(
            (status.executed, status.view),
            (Sequence(executed + 1), View(0))
        );
    }
}

#[test]
fn rule_17_a_replica_that_executes_by_itself_gets_nothing_even_if_it_was_helped_before() {
    let mut net = wide();
    order(&mut net, 1..=50);
    let stands = standing(&net, 10, 0);
    net.deliver(0, stands.clone());
    let helped = net.deliver(0, stands);
    assert_eq!(slots_sent(&helped), (11..=32).collect::<Vec<_>>());

    for executed in [33, 60, 100] {
        order(&mut net, executed + 18..=executed + 25);
        let goes_on = standing(&net, executed, 0);

        let effects = net.deliver(0, goes_on);

        assert!(slots_sent(&effects).is_empty(), "at {executed}");
    }
}

#[test]
fn rule_17_a_replica_that_needed_only_one_part_gets_no_second() {
    let mut net = wide();
    order(&mut net, 1..=20);
    let stands = standing(&net, 10, 0);
    net.deliver(0, stands.clone());
    let helped = net.deliver(0, stands);
    assert_eq!(slots_sent(&helped), (11..=20).collect::<Vec<_>>());
    order(&mut net, 21..=50);
    let goes_on = standing(&net, 32, 0);

    let effects = net.deliver(0, goes_on);

    assert!(slots_sent(&effects).is_empty());
}

#[test]
fn rule_17_a_replica_that_is_no_longer_helped_asks_for_nothing() {
    let mut net = wide();
    net.run_for(STATUS_INTERVAL);
    net.isolate(3);
    order(&mut net, 1..=40);
    net.heal();
    net.run_for(STATUS_INTERVAL);
    assert_eq!(net.status(3).executed, Sequence(40));
    let standings = |net: &Network, i| {
        let said = net.said(i).into_iter();
        said.filter(|message| matches!(message, Message::Standing(_)))
            .count()
    };
    // The part that it did not need is still asked for once.
    order(&mut net, 41..=64);
    let before = [0, 3].map(|i| standings(&net, i));

    order(&mut net, 65..=120);

    assert_eq!([0, 3].map(|i| standings(&net, i)), before);
}

#[test]
fn rule_19_a_replica_that_took_over_a_state_gets_the_slots_above_it() {
    for known_before in [true, false] {
        let mut net = wide();
        net.isolate(3);
        order(&mut net, 1..=130);
        let (at_the_start, above) = (standing(&net, 0, 0), standing(&net, 129, 128));
        let at_the_state = standing(&net, 128, 128);
        if known_before {
            net.deliver(0, at_the_start.clone());
        }
        net.deliver(1, at_the_start);

        let took_over = net.deliver(0, at_the_state);
        let goes_on = net.deliver(1, above);

        assert_eq!(slots_sent(&took_over), [129, 130]);
        assert!(slots_sent(&goes_on).is_empty(), "it executes by itself");
    }
}

#[test]
fn rule_19_a_replica_behind_the_checkpoint_is_offered_the_state_with_the_next_part() {
    let mut net = wide();
    order(&mut net, 1..=120);
    let stands = standing(&net, 64, 0);
    net.deliver(0, stands.clone());
    let helped = net.deliver(0, stands);
    assert_eq!(
        (slots_sent(&helped).len(), states_offered(&helped)),
        (32, 0)
    );
    order(&mut net, 121..=140);
    assert_eq!(net.status(0).low_watermark, Sequence(128));
    let (asks, at_an_old_state) = (standing(&net, 96, 0), standing(&net, 128, 128));

    let to_who_asks = net.deliver(0, asks);
    order(&mut net, 141..=300);
    let to_who_took_over = net.deliver(1, at_an_old_state);

    assert_eq!(states_offered(&to_who_asks), 1);
    assert_eq!(states_offered(&to_who_took_over), 1);
}
