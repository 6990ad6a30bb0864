//! Slow primaries, slow networks and floods: scenarios 26, 32 and 34.

use std::collections::VecDeque;

use crate::harness::{L, Network};
use quorate_protocol::message::{Batch, Fetch, Memory, Proved, Standing};
use quorate_protocol::{Duration, Sequence, SignedMessage, View};

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

/// What a signature and a KiB cost a process, in microseconds.
const CHECK: u64 = 28;
const SIGN: u64 = 12;
const KIB: u64 = 10;

/// What a process has read, in bytes, and the time that its work took, in microseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Work {
    read: u64,
    time: u64,
}

impl Work {
    /// Hands a message to a process, and counts what it costs the process.
    fn hand(&mut self, net: &mut Network, at: u32, message: SignedMessage) {
        let signed = |net: &Network| (net.said(at).len() + net.sent(at).len()) as u64;
        let (checked_before, signed_before) = (net.checked(at), signed(net));
        let bytes = message.weight() as u64;
        net.deliver(at, message);
        let checked = net.checked(at) - checked_before;
        let signed = signed(net) - signed_before;
        self.read += bytes;
        self.time += CHECK * checked + SIGN * signed + KIB * bytes / 1024;
    }
}

/// What a hostile process sends in a row: a VIEW-CHANGE stuffed with its own votes, and as many bytes of Standings and questions.
/// Each Standing tells of another loss of memory.
fn flood(net: &Network, by: u32, number: u64, known: &Batch) -> Vec<SignedMessage> {
    let stuffed = (1..=L).map(|slot| net.certificate(0, slot, known, &[by; 3]));
    let wish = SignedMessage::ViewChange(net.wish(by, 1, stuffed.collect()));
    let pairs = wish.weight() / 240;
    let mut messages = vec![wish];
    for life in (0..pairs as u64).map(|pair| number * 1000 + pair) {
        let standing = Standing {
            view: View(0),
            active: true,
            executed: Sequence(0),
            stable: Sequence(0),
            memory: Memory::Lost { life },
            proved: Proved::none(),
        };
        let digest = known.digest();
        messages.push(SignedMessage::Standing(net.sign(by, standing)));
        messages.push(SignedMessage::Fetch(net.sign(by, Fetch { digest })));
    }
    messages
}

/// The time that a process's work takes while 50 requests execute, with a hostile process or without. The peers of a
/// process take turns, counted in bytes: the hostile one gets as much as each of the two others.
fn time_of_50_requests(victim: u32, is_flooded: bool) -> u64 {
    const HOSTILE: u32 = 3;
    let mut net = Network::new(4);
    net.hold_if(move |parcel| parcel.to == victim || parcel.from == HOSTILE);
    let known = net.batch(2, 1);
    let (mut honest, mut hostile) = (Work::default(), Work::default());
    let mut waiting = VecDeque::new();
    for timestamp in 1..=50 {
        // As much time passes as the victim works.
        net.now_is(1_000 + honest.time + hostile.time);
        net.submit(2, timestamp);
        while let Some(held) = net.take_held() {
            for parcel in held.into_iter().filter(|parcel| parcel.from != HOSTILE) {
                honest.hand(&mut net, victim, parcel.message);
            }
        }
        while is_flooded && hostile.read < honest.read / 2 {
            if waiting.is_empty() {
                waiting.extend(flood(&net, HOSTILE, timestamp, &known));
            }
            if let Some(message) = waiting.pop_front() {
                hostile.hand(&mut net, victim, message);
            }
        }
    }
    let expected: Vec<_> = (1..=50).map(|timestamp| (2, timestamp)).collect();
    assert!((0..3).all(|i| net.executed(i) == expected));
    assert!((0..4).all(|i| net.view(i) == (0, true)));
    honest.time + hostile.time
}

#[test]
fn scenario_32_a_flood_as_fast_as_the_link_carries_leaves_the_others_more_than_half_their_pace() {
    for victim in [0, 1] {
        let calm = time_of_50_requests(victim, false);
        let flooded = time_of_50_requests(victim, true);
        assert!(calm < flooded && flooded < 2 * calm, "{calm}, {flooded}");
    }
}
