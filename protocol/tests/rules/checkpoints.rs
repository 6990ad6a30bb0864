//! Checkpoints: rules 8 and 9.

use crate::harness::{K, L, Network};
use quorate_protocol::message::Fetch;
use quorate_protocol::{
    Digest, Duration, Effect, Misbehaviour, ReplicaId, Sequence, SignedMessage,
};

#[test]
fn rule_08_a_checkpoint_is_stable_at_a_quorum_and_moves_the_window() {
    let mut net = Network::new(4);
    for sequence in 1..=K {
        net.commit_at(3, 0, sequence, &net.batch(0, sequence));
    }
    let own = *net.checkpoints(3).first().expect("a checkpoint was taken");
    let other = Digest::of(&[b"other"]);

    net.deliver(
        3,
        SignedMessage::Checkpoint(net.checkpoint(0, K, own.digest)),
    );
    net.deliver(
        3,
        SignedMessage::Checkpoint(net.checkpoint(0, K, own.digest)),
    );
    net.deliver(3, SignedMessage::Checkpoint(net.checkpoint(1, K, other)));
    let two = net.status(3);
    net.deliver(
        3,
        SignedMessage::Checkpoint(net.checkpoint(2, K, own.digest)),
    );
    let three = net.status(3);
    let dropped = net.deliver(3, net.pre_prepare(0, 0, K, &net.batch(0, K)));
    let fetched = net.deliver(
        3,
        SignedMessage::Fetch(net.sign(
            1,
            Fetch {
                digest: net.batch(0, K).digest(),
            },
        )),
    );

    assert_eq!(net.checkpoints(3).len(), 1);
    assert_eq!(own.sequence, Sequence(K));
    assert_eq!(
        (two.low_watermark, two.high_watermark),
        (Sequence(0), Sequence(L))
    );
    assert_eq!(
        (three.low_watermark, three.high_watermark),
        (Sequence(K), Sequence(K + L))
    );
    let (signer, sequence) = (ReplicaId(0), Sequence(K));
    assert_eq!(
        dropped,
        [Effect::Reject(Misbehaviour::OutsideWindow {
            signer,
            sequence
        })]
    );
    assert_eq!(fetched, []);
}

#[test]
fn rule_08_a_checkpoint_covers_the_reply_table_too() {
    let mut net = Network::new(4);
    net.set_accent(3, b"not ");
    net.drop_if(|parcel| matches!(parcel.message, SignedMessage::State(_)));

    for timestamp in 1..=K {
        net.order(0, timestamp);
    }

    assert!(net.all_executed(&[(0, 1), (0, 2), (0, 3), (0, 4)]));
    assert_eq!(net.checkpoints(0), net.checkpoints(1));
    assert_ne!(net.checkpoints(0), net.checkpoints(3));
    assert_eq!(net.status(0).low_watermark, Sequence(K));
    assert_eq!(net.status(3).low_watermark, Sequence(0));
    assert!(net.nobody_is_accused());
}

#[test]
fn rule_08_a_replica_that_missed_the_votes_learns_that_its_checkpoint_is_stable() {
    let mut net = Network::new(4);
    net.drop_if(|parcel| parcel.to == 3 && matches!(parcel.message, SignedMessage::Checkpoint(_)));
    for timestamp in 1..=K {
        net.order(0, timestamp);
    }
    let missed = net.status(3);
    net.run_for(Duration::from_millis(1000));

    assert_eq!(
        (missed.executed, missed.low_watermark),
        (Sequence(K), Sequence(0))
    );
    assert_eq!(net.status(3).low_watermark, Sequence(K));
    assert_eq!(net.sent(3), []);
}

#[test]
fn rule_09_a_state_that_differs_is_reported_and_repaired_before_anything_more_executes() {
    let mut net = Network::new(4);
    net.set_accent(3, b"not ");
    net.hold_if(|parcel| matches!(parcel.message, SignedMessage::State(_)));

    for timestamp in 1..=K + 2 {
        net.order(0, timestamp);
    }
    let (stuck, reported) = (net.executed(3).len(), net.diverged(3));
    net.set_accent(3, b"");
    net.release();
    net.run_for(Duration::from_millis(2000));

    assert_eq!(reported, [Sequence(K)]);
    assert_eq!(stuck, usize::try_from(K).unwrap());
    assert!(net.all_executed(&(1..=K + 2).map(|t| (0, t)).collect::<Vec<_>>()));
    assert_eq!(net.status(3).low_watermark, Sequence(K));
    for timestamp in K + 3..=2 * K {
        net.order(0, timestamp);
    }
    assert_eq!(net.diverged(3), [Sequence(K)]);
    assert_eq!(net.checkpoints(3).last(), net.checkpoints(0).last());
    assert!(net.nobody_is_accused());
}
