//! Slots and bodies of the normal case: scenarios 7, 9 and 12 to 15.

use crate::LONG;
use crate::harness::{K, L, Network, broadcasts};
use quorate_protocol::message::Batch;
use quorate_protocol::{Effect, Message, Misbehaviour, ReplicaId, Sequence, SignedMessage, View};

#[test]
fn scenario_07_requests_execute_while_f_backups_are_down() {
    for (n, crashed) in [(4, vec![3]), (7, vec![3, 6]), (10, vec![1, 5, 9])] {
        let mut net = Network::new(n);
        for i in crashed {
            net.crash(i);
        }

        for timestamp in 1..=2 * K {
            net.order(0, timestamp);
        }

        let expected: Vec<_> = (1..=2 * K).map(|timestamp| (0, timestamp)).collect();
        assert!(net.all_executed(&expected));
        assert_eq!(net.status(0).low_watermark, Sequence(2 * K));
        assert_eq!(net.view(0), (0, true));
    }
}

#[test]
fn scenario_09_a_withheld_body_does_not_block_the_cluster() {
    let mut net = Network::new(4);
    let m = net.batch(0, 1);
    let digest = m.digest();
    net.crash(0);

    // The body goes to Q alone. R and S get only the PRE-PREPARE's digest.
    net.deliver(1, net.pre_prepare(0, 0, 1, &m));
    for i in [2, 3] {
        let bare = SignedMessage::PrePrepare {
            pre_prepare: net.proposal(0, 0, 1, &m),
            batch: Batch::null(),
        };
        let effects = net.deliver(i, bare);
        assert_eq!(
            effects,
            [Effect::Reject(Misbehaviour::BodyMismatch {
                signer: ReplicaId(0),
                digest
            })]
        );
    }
    net.submit(2, 1);
    net.run_for(LONG);

    assert!(
        net.said(2)
            .iter()
            .all(|said| !matches!(said, Message::Prepare(p) if p.view == View(0)))
    );
    assert_eq!(net.view(3), (1, true));
    for i in 1..4 {
        assert!(net.executed(i).contains(&(2, 1)));
    }
}

#[test]
fn scenario_09_a_body_that_only_one_replica_has_is_fetched_in_the_new_view() {
    let mut net = Network::new(4);
    let m = net.batch(0, 1);
    net.crash(0);
    net.deliver(1, net.pre_prepare(0, 0, 1, &m));
    net.deliver(1, net.prepare(2, 0, 1, &m));

    net.submit(2, 1);
    net.run_for(LONG);

    assert_eq!(net.new_views(1)[0].chosen, [(Sequence(1), m.digest())]);
    let fetches = |i| {
        net.said(i)
            .iter()
            .filter(|said| matches!(said, Message::Fetch(_)))
            .count()
    };
    assert_eq!((fetches(1), fetches(2), fetches(3)), (0, 1, 1));
    assert!(net.all_executed(&[(0, 1), (2, 1)]));
}

/// A certificate of view 0 appears only in view 2. In view 1 the slot was not needed. The holder of the certificate
/// does not send the body, so the replicas that prepared it must have kept it.
#[test]
fn scenario_09_a_replica_keeps_a_prepared_body_as_long_as_a_certificate_may_name_it() {
    let mut net = Network::new(4);
    let m = net.batch(0, 1);
    net.deliver(3, net.pre_prepare(0, 0, 1, &m));
    net.deliver(3, net.new_view(1, 1, net.wishes(&[1, 2, 3], 1), &[]));
    let certificate = net.certificate(0, 1, &m, &[2, 3]);
    let wishes = [
        vec![net.wish(0, 2, vec![certificate])],
        net.wishes(&[1, 2], 2),
    ]
    .concat();

    let effects = net.deliver(3, net.new_view(2, 2, wishes, &[(1, m.digest())]));

    let prepares = broadcasts(&effects)
        .iter()
        .filter(|said| matches!(said, Message::Prepare(_)))
        .count();
    assert_eq!(prepares, 1);
}

#[test]
fn scenario_12_a_request_in_two_slots_executes_in_the_first() {
    let mut net = Network::new(4);
    let request = net.named_request(2, "c", 1);
    let m = Batch::new(vec![request.clone()]);

    for sequence in [1, 2] {
        for i in 1..4 {
            net.deliver(i, net.pre_prepare(0, 0, sequence, &m));
        }
        net.deliver(0, net.pre_prepare(0, 0, sequence, &m));
        net.run();
    }
    let again = net.deliver(3, SignedMessage::Request(request));

    for i in 0..4 {
        assert_eq!(net.slots(i), [(1, vec![(99, 1)]), (2, vec![])]);
    }
    assert!(net.all_executed(&[(99, 1)]));
    let [
        Effect::Send {
            to,
            message: Message::Replies(told),
        },
    ] = &again[..]
    else {
        panic!("{again:?} is no reply")
    };
    let reply = &told.replies[0];
    assert_eq!((*to, reply.sequence), (ReplicaId(2), Sequence(1)));
    assert_eq!(reply.result.as_deref(), Some(&b"c/1 done"[..]));
}

#[test]
fn scenario_13_a_gap_holds_execution_until_nulls_fill_it() {
    let mut net = Network::new(4);
    let (first, last) = (net.batch(1, 1), net.batch(2, 1));
    for (sequence, batch) in [(1, &first), (L, &last)] {
        for i in 0..4 {
            net.deliver(i, net.pre_prepare(0, 0, sequence, batch));
        }
    }
    net.run();
    let held: Vec<_> = (0..4).map(|i| net.slots(i)).collect();

    net.run_for(LONG);

    assert_eq!(held, vec![vec![(1, vec![(1, 1)])]; 4]);
    let nulls = (2..L).map(|n| (n, vec![]));
    let filled: Vec<_> = [(1, vec![(1, 1)])]
        .into_iter()
        .chain(nulls)
        .chain([(L, vec![(2, 1)])])
        .collect();
    for i in 0..4 {
        assert_eq!(net.slots(i), filled);
        assert_eq!(net.view(i), (1, true));
        assert_eq!(net.status(i).low_watermark, Sequence(L));
    }
}

#[test]
fn scenario_14_a_proposal_above_the_window_leaves_no_trace() {
    let mut net = Network::new(4);
    let before = net.state(3);

    let effects = net.deliver(3, net.pre_prepare(0, 0, L + 1, &net.batch(0, 1)));
    let votes = [
        net.prepare(1, 0, L + 1, &net.batch(0, 1)),
        net.commit(1, 0, L + 1, &net.batch(0, 1)),
    ];
    let votes: Vec<Effect> = votes
        .into_iter()
        .flat_map(|vote| net.deliver(3, vote))
        .collect();

    let why = Misbehaviour::OutsideWindow {
        signer: ReplicaId(0),
        sequence: Sequence(L + 1),
    };
    assert_eq!(effects, [Effect::Reject(why)]);
    assert_eq!(votes, []);
    assert_eq!(net.state(3), before);
}

#[test]
fn scenario_15_a_slow_replica_does_not_hold_up_a_full_window() {
    let mut net = Network::new(4);
    net.hold_if(|parcel| parcel.to == 3);

    for timestamp in 1..=3 * L {
        net.order(0, timestamp);
    }

    for i in 0..3 {
        assert_eq!(net.status(i).low_watermark, Sequence(3 * L));
        assert_eq!(net.status(i).executed, Sequence(3 * L));
    }
    net.release();
    net.run_for(LONG);
    assert!(net.nobody_is_accused());
    assert_eq!(net.executed(0), net.executed(3));
}
