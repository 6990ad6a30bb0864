//! Replicas that are behind, wrong or restarted: scenarios 19 to 21 and 25.

use crate::harness::{K, Network, rejects};
use crate::{LONG, SOON};
use quorate_protocol::message::{Piece, State};
use quorate_protocol::{Effect, Message, Misbehaviour, ReplicaId, Sequence, SignedMessage, Timer};

#[test]
fn scenario_19_an_idle_laggard_catches_up() {
    let mut net = Network::new(4);
    net.isolate(3);
    net.order(0, 1);
    net.order(1, 1);
    net.heal();
    assert_eq!(net.executed(3), []);

    net.run_for(SOON);

    assert!(net.all_executed(&[(0, 1), (1, 1)]));
}

#[test]
fn scenario_19_an_idle_laggard_of_an_older_view_catches_up() {
    let mut net = Network::new(7);
    net.isolate(6);
    net.crash(0);
    net.submit(1, 1);
    net.run_for(SOON);
    assert_eq!((net.view(5), net.view(6)), ((1, true), (0, true)));
    assert_eq!(net.executed(5), [(1, 1)]);

    net.heal();
    net.run_for(SOON);

    assert_eq!(net.view(6), (1, true));
    assert!(net.all_executed(&[(1, 1)]));
}

/// Isolates D while the others take two checkpoints. From then on, holds every piece of state that is sent to D.
fn laggard_without_state() -> Network {
    let mut net = Network::new(4);
    net.isolate(3);
    for timestamp in 1..=2 * K {
        net.order(0, timestamp);
    }
    net.heal();
    net.hold_if(|parcel| matches!(parcel.message, SignedMessage::State(_)));
    net.run_for(SOON);
    assert!(
        net.sent(3)
            .iter()
            .any(|message| matches!(message, Message::FetchState(_)))
    );
    net
}

#[test]
fn scenario_20_a_liar_about_the_state_is_refused_and_another_is_asked() {
    let sequence = Sequence(2 * K);
    let mut net = laggard_without_state();
    let stale = {
        let mut stale = Network::new(4);
        stale.isolate(3);
        for timestamp in 1..=K {
            stale.order(0, timestamp);
        }
        stale.heal();
        stale.run_for(SOON);
        stale.manifest_sent_to(3)
    };

    let wrong_manifest = net.deliver(
        3,
        SignedMessage::State(net.sign(
            0,
            State {
                sequence,
                piece: Piece::Manifest(stale),
            },
        )),
    );
    let asked_after: Vec<_> = wrong_manifest
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send {
                to,
                message: Message::FetchState(_),
            } => Some(*to),
            _ => None,
        })
        .collect();
    let honest = net.held_manifest();
    net.deliver(3, honest);
    let wrong_part = net.deliver(
        3,
        SignedMessage::State(net.sign(
            1,
            State {
                sequence,
                piece: Piece::Part(b"another reply table"[..].into()),
            },
        )),
    );
    net.release();
    net.run_for(LONG);

    let refused = |signer| Misbehaviour::WrongState {
        signer: ReplicaId(signer),
        sequence,
    };
    assert_eq!(rejects(&wrong_manifest), [refused(0)]);
    assert!(!asked_after.is_empty() && !asked_after.contains(&ReplicaId(0)));
    assert_eq!(rejects(&wrong_part), [refused(1)]);
    assert_eq!(net.executed(3), net.executed(0));
    assert_eq!(net.status(3).low_watermark, sequence);
    assert!(net.nobody_is_accused());
}

/// Runs a fixed story with requests, a view change and a checkpoint. Kills the recipient of parcel number `at` after it
/// has written and before it sends. The killed replica starts again from its disk.
fn story_with_a_kill(at: usize) -> Option<Network> {
    let mut net = Network::new(4);
    let mut delivered = 0;
    let mut killed = None;
    for act in 0..12 {
        match act {
            3 => drop(net.fire_if_set(1, Timer::View)),
            4 => net.isolate(0),
            8 => net.heal(),
            _ => {}
        }
        net.submit(2, act + 1);
        loop {
            if delivered == at {
                killed = net.deliver_next_and_kill_before_it_sends();
            } else if !net.deliver_next() {
                break;
            }
            delivered += 1;
        }
        if let Some(i) = killed.take() {
            net.restart(i);
        }
        net.run_for(SOON);
    }
    net.run_for(LONG);
    (delivered > at).then_some(net)
}

#[test]
fn scenario_21_a_replica_killed_between_write_and_send_does_not_contradict_itself() {
    let mut kills = 0;
    for at in (0..).step_by(7) {
        let Some(net) = story_with_a_kill(at) else {
            break;
        };
        kills += 1;
        assert!(net.nobody_is_accused(), "killed at parcel {at}");
        assert!(
            (0..4).all(|i| net.rejects(i).is_empty() || net.only_late_rejects(i)),
            "killed at parcel {at}: {:?}",
            (0..4).map(|i| net.rejects(i)).collect::<Vec<_>>()
        );
        for i in 0..4 {
            assert_eq!(net.executed(i), net.executed(1), "killed at parcel {at}");
        }
        assert_eq!(
            net.executed(1).last(),
            Some(&(2, 12)),
            "killed at parcel {at}"
        );
    }
    assert!(kills > 40, "only {kills} kills");
}

#[test]
fn scenario_25_a_replica_with_a_wrong_state_repairs_it() {
    let mut net = Network::new(4);
    net.order(0, 1);
    net.tamper(3);

    for timestamp in 2..=2 * K {
        net.order(0, timestamp);
    }
    net.run_for(LONG);

    assert_eq!(net.diverged(3), [Sequence(K)]);
    assert!(net.all_executed(&(1..=2 * K).map(|t| (0, t)).collect::<Vec<_>>()));
    assert_eq!(net.checkpoints(3).last(), net.checkpoints(0).last());
    assert!(net.nobody_is_accused());
}
