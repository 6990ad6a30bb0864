//! State transfer: rule 19.

use crate::harness::{K, L, Network, STATUS_INTERVAL};
use quorate_protocol::message::Standing;
use quorate_protocol::{Duration, Effect, Message, Sequence, SignedMessage, View};
use std::collections::BTreeSet;

#[test]
fn rule_19_who_is_a_window_behind_fetches_the_state_and_goes_on_from_there() {
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
fn rule_19_who_takes_over_a_state_is_sent_the_slots_above_it_at_once() {
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
fn rule_19_who_took_over_a_state_by_itself_is_sent_the_slots_above_it_too() {
    let mut net = Network::new(4);
    net.isolate(3);
    for timestamp in 1..=L + 2 {
        net.order(0, timestamp);
    }
    net.heal();
    let at = |executed, stable| {
        let standing = Standing {
            view: View(0),
            active: true,
            executed: Sequence(executed),
            stable: Sequence(stable),
            rejoins: None,
        };
        SignedMessage::Standing(net.sign(3, standing))
    };
    let (at_the_start, above_it) = (at(0, 0), at(L + 1, L));
    let (new_state, old_state) = (at(L, L), at(L, L));

    net.deliver(0, at_the_start);
    let goes_on = net.deliver(0, above_it);
    let took_over_before = net.deliver(0, old_state);
    let took_over = net.deliver(1, new_state);

    let sent = |effects: &[Effect]| {
        let slots = effects.iter().filter(|effect| {
            matches!(
                effect,
                Effect::Send {
                    message: Message::Committed(_),
                    ..
                }
            )
        });
        slots.count()
    };
    assert_eq!(sent(&goes_on), 0, "it executes by itself");
    assert_eq!(sent(&took_over_before), 2, "it has gone back");
    assert_eq!(sent(&took_over), 2);
}

#[test]
fn rule_19_a_later_target_replaces_one_that_others_no_longer_have() {
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
