//! Slow primaries and slow networks: scenarios 26 and 34.

use crate::harness::Network;
use quorate_protocol::{Duration, SignedMessage};

#[test]
fn scenario_26_a_slow_primary_is_replaced_and_a_slow_network_is_tolerated() {
    let mut net = Network::new(4);
    let mut views = 0;
    for timestamp in 1..=60 {
        // The proposals of every primary take 400 of the 500 ms.
        net.hold_if(|parcel| matches!(parcel.message, SignedMessage::PrePrepare { .. }));
        net.order(3, timestamp);
        net.run_for(Duration::from_millis(400));
        net.release();
        while (net.executed(3).len() as u64) < timestamp {
            net.run_for(Duration::from_millis(100));
        }
        views = net.view(3).0;
    }
    assert!((1..=3).contains(&views), "{views} view changes");
    let expected: Vec<_> = (1..=60).map(|t| (3, t)).collect();
    assert!(net.all_executed(&expected));
}

/// Orders requests while the proposals of these primaries take so long, and the others' none. Returns how long each
/// request took.
fn served_with_slow_primaries(
    net: &mut Network,
    slow: &[u32],
    delay: Duration,
    requests: u64,
) -> Vec<u64> {
    let slow = slow.to_vec();
    let mut took = Vec::new();
    for timestamp in 1..=requests {
        let is_slow = slow.clone();
        net.hold_if(move |parcel| {
            matches!(parcel.message, SignedMessage::PrePrepare { .. })
                && is_slow.contains(&parcel.from)
        });
        let asked = net.now().0;
        net.order(6, timestamp);
        if (net.executed(6).len() as u64) < timestamp {
            net.run_for(delay);
            net.release();
            net.run();
        }
        net.release();
        net.run();
        took.push(net.now().0 - asked);
    }
    took
}

#[test]
fn scenario_34_f_slow_primaries_in_a_row_are_left_and_clients_get_the_pace_of_a_correct_one() {
    for delay in [450, 200].map(Duration::from_millis) {
        let mut net = Network::new(7);
        let took = served_with_slow_primaries(&mut net, &[0, 1], delay, 30);
        assert!(
            took.iter().take(16).all(|took| *took >= delay.0),
            "{took:?}"
        );
        assert!(took.iter().skip(18).all(|took| *took == 0), "{took:?}");
        assert_eq!(net.view(6), (2, true));
        assert!(net.nobody_is_accused());
    }
}

#[test]
fn scenario_34_where_every_primary_is_equally_slow_only_f_are_left() {
    let mut net = Network::new(7);
    let all: Vec<u32> = (0..7).collect();
    served_with_slow_primaries(&mut net, &all, Duration::from_millis(200), 100);
    assert_eq!(net.view(6), (2, true));
}
