//! What every PBFT engine must survive. Replicas 0 to 3 are P, Q, R and S. P is the primary of view 0.

mod harness;

use harness::{Fate, K, L, Network, Parcel, accusations, broadcasts, is_normal, rejects};
use quorate_protocol::certificate::PreparedCertificate;
use quorate_protocol::client::Read;
use quorate_protocol::forensics::culprits;
use quorate_protocol::message::{Batch, Piece, Request, State};
use quorate_protocol::misbehaviour::{CheckpointFlaw, NewViewFlaw, PreparedFlaw};
use quorate_protocol::{
    ClientId, ClusterId, Digest, Duration, Effect, Evidence, Message, Misbehaviour, ReplicaId,
    Sequence, SignedMessage, Timer, Timestamp, View,
};

const SOON: Duration = Duration::from_millis(800);
const LONG: Duration = Duration::from_millis(10_000);

fn is_prepare(parcel: &Parcel, slot: u64) -> bool {
    matches!(&parcel.message, SignedMessage::Prepare(m) if m.value().sequence == Sequence(slot))
}

const fn is_commit(parcel: &Parcel) -> bool {
    matches!(&parcel.message, SignedMessage::Commit(_))
}

/// Makes two view changes. A alone has prepared slot 1 in view 0. B, C and D move to view 1 without hearing from A;
/// then all but D move to view 2. With `slot_2_at_b`, B has prepared slot 2 in view 0, so slot 1 becomes a null in view
/// 1. If `lossy`, the first votes of view 2 are lost.
fn stale_certificate(slot_2_at_b: bool, lossy: bool) -> Network {
    let mut net = Network::with(4, |config| {
        if slot_2_at_b {
            // One request fills a batch, so that slot 2 follows while slot 1 is in flight. No checkpoint is taken in
            // this story.
            config.batch_limit = 1;
            (config.checkpoint_interval, config.window) = (2 * K, 2 * L);
        }
    });
    net.rule(move |parcel| {
        let wanted = is_prepare(parcel, 1) && parcel.to == 0
            || slot_2_at_b && is_prepare(parcel, 2) && parcel.to == 1;
        let vote = matches!(
            &parcel.message,
            SignedMessage::Prepare(_) | SignedMessage::Commit(_)
        );
        if vote && !wanted {
            Fate::Drop
        } else {
            Fate::Deliver
        }
    });
    net.order(0, 1);
    if slot_2_at_b {
        net.order(3, 1);
    }
    net.release();
    net.isolate(0);
    net.order(1, 1);
    net.run_for(Duration::from_millis(700));
    assert_eq!(net.view(0), (0, true));
    for i in 1..4 {
        assert_eq!(net.view(i), (1, true));
    }

    net.heal();
    net.rule(move |parcel| {
        let lost = match &parcel.message {
            SignedMessage::PrePrepare { pre_prepare, .. } => {
                lossy || pre_prepare.value().view < View(2)
            }
            SignedMessage::Prepare(prepare) => lossy || prepare.value().view < View(2),
            SignedMessage::Commit(commit) => lossy || commit.value().view < View(2),
            SignedMessage::NewView { new_view, .. } => {
                parcel.to == 0 && new_view.value().view < View(2)
            }
            SignedMessage::ViewChange(_) => (parcel.from, parcel.to) == (3, 2),
            SignedMessage::Standing(_) => true,
            _ => false,
        };
        if lost { Fate::Drop } else { Fate::Deliver }
    });
    net.order(2, 1);
    net.fire(2, Timer::View);
    net.fire(3, Timer::View);
    net.run();
    net
}

#[test]
fn scenario_01_a_certificate_of_an_older_view_loses_against_a_later_one() {
    let mut net = stale_certificate(false, false);
    let m = net.batch(0, 1);

    net.release();
    net.run_for(LONG);

    let new_view = &net.new_views(2)[0];
    let voters: Vec<_> = new_view.view_changes.iter().map(|v| v.signer().0).collect();
    assert_eq!(voters, [0, 1, 2]);
    let certificates = |i: usize| new_view.view_changes[i].value().prepared.clone();
    assert_eq!(certificates(0), [net.certificate(0, 1, &m, &[1, 2])]);
    let committed = Batch {
        requests: vec![net.request(0, 1), net.request(1, 1)],
    };
    assert_ne!(committed, m);
    assert_eq!(
        certificates(1)
            .iter()
            .map(PreparedCertificate::digest)
            .collect::<Vec<_>>(),
        [committed.digest()]
    );
    assert_eq!(new_view.chosen, [(Sequence(1), committed.digest())]);
    assert!(net.all_executed(&[(0, 1), (1, 1), (2, 1)]));
    assert!(net.nobody_is_accused());
}

#[test]
fn scenario_02_a_null_of_a_later_view_wins_over_an_older_batch() {
    let mut net = stale_certificate(true, false);
    let m = net.batch(0, 1);
    let null = Batch::null().digest();

    net.release();
    net.run_for(LONG);

    assert_eq!(net.new_views(1)[0].chosen[0], (Sequence(1), null));
    let new_view = &net.new_views(2)[0];
    assert_eq!(
        new_view.view_changes[0].value().prepared,
        [net.certificate(0, 1, &m, &[1, 2])]
    );
    assert_eq!(new_view.view_changes[1].value().prepared[0].view(), View(1));
    assert_eq!(new_view.chosen[0], (Sequence(1), null));
    assert_eq!(new_view.chosen[1], (Sequence(2), net.batch(3, 1).digest()));
    for i in 0..4 {
        assert_eq!(net.slots(i)[..2], [(1, vec![]), (2, vec![(3, 1)])]);
    }
    assert!(net.all_executed(&[(3, 1), (0, 1), (1, 1), (2, 1)]));
    assert!(net.nobody_is_accused());
}

#[test]
fn scenario_03_one_view_change_repeated_is_no_quorum() {
    let mut net = Network::new(4);
    let wish = net.wish(1, 1, Vec::new());

    let effects = net.deliver(3, net.new_view(1, 1, vec![wish; 3], &[]));

    let why = NewViewFlaw::TooFewViewChanges;
    assert_eq!(
        rejects(&effects),
        [Misbehaviour::InvalidNewView {
            signer: ReplicaId(1),
            why
        }]
    );
    assert_eq!(accusations(&effects).len(), 1, "a signed lie (E5)");
    assert_eq!(net.view(3), (0, true));
}

#[test]
fn scenario_04_a_new_view_from_another_or_for_another_view_is_refused() {
    let mut net = Network::new(4);
    let wishes = net.wishes(&[0, 1, 2], 1);

    let stranger = net.deliver(3, net.new_view(2, 1, wishes.clone(), &[]));
    let other_view = net.deliver(3, net.new_view(2, 2, wishes, &[]));

    let view = View(1);
    assert_eq!(
        stranger,
        [Effect::Reject(Misbehaviour::NotPrimary {
            signer: ReplicaId(2),
            view
        })]
    );
    let why = NewViewFlaw::OtherView;
    assert_eq!(
        rejects(&other_view),
        [Misbehaviour::InvalidNewView {
            signer: ReplicaId(2),
            why
        }]
    );
    assert_eq!(accusations(&other_view).len(), 1, "a signed lie (E5)");
    assert_eq!(net.view(3), (0, true));
}

#[test]
fn scenario_05_a_forged_certificate_is_refused() {
    let mut net = Network::new(4);
    let (m, other) = (net.batch(0, 1), net.batch(0, 2));
    let mut differs = net.certificate(0, 1, &m, &[1]);
    differs.prepares.push(net.signed_prepare(2, 0, 1, &other));
    let mut wrong_primary = net.certificate(0, 1, &m, &[1, 2]);
    wrong_primary.pre_prepare = net.proposal(1, 0, 1, &m);
    let forged = [
        (
            net.certificate(0, 1, &m, &[1, 1]),
            PreparedFlaw::TooFewBackups,
        ),
        (
            net.certificate(0, 1, &m, &[0, 1]),
            PreparedFlaw::TooFewBackups,
        ),
        (differs, PreparedFlaw::FieldMismatch),
        (wrong_primary, PreparedFlaw::WrongPrimary),
    ];

    for (certificate, why) in forged {
        let wish = net.wish(0, 1, vec![certificate]);
        let effects = net.deliver(1, SignedMessage::ViewChange(wish.clone()));
        let refused = Misbehaviour::InvalidPrepared {
            signer: ReplicaId(0),
            why,
        };
        assert_eq!(effects, [Effect::Reject(refused)]);
        let wishes = [vec![wish], net.wishes(&[1, 2], 1)].concat();
        let digest = m.digest();
        let effects = net.deliver(3, net.new_view(1, 1, wishes, &[(1, digest)]));
        let why = NewViewFlaw::InvalidViewChange;
        assert_eq!(
            rejects(&effects),
            [Misbehaviour::InvalidNewView {
                signer: ReplicaId(1),
                why
            }]
        );
        assert_eq!(accusations(&effects).len(), 1, "a signed lie (E5)");
    }

    // The forged VIEW-CHANGEs do not count towards the quorum of the new primary either.
    for i in [2, 3] {
        net.deliver(1, SignedMessage::ViewChange(net.wish(i, 1, Vec::new())));
    }
    assert_eq!(net.new_views(1)[0].chosen, []);
    assert!(
        net.new_views(1)[0]
            .view_changes
            .iter()
            .all(|wish| wish.signer() != ReplicaId(0))
    );
}

#[test]
fn scenario_06_a_forged_checkpoint_is_refused() {
    let mut net = Network::new(4);
    let (state, other) = (Digest::of(&[b"state"]), Digest::of(&[b"other"]));
    let [a, b, c] = [0, 1, 2].map(|i| net.checkpoint(i, K, state));
    let odd: Vec<_> = [0, 1, 2].map(|i| net.checkpoint(i, K - 1, state)).to_vec();
    let forged = [
        (K, vec![a.clone(), b.clone()], CheckpointFlaw::TooFewSigners),
        (
            K,
            vec![a.clone(), b.clone(), a.clone()],
            CheckpointFlaw::TooFewSigners,
        ),
        (
            K,
            vec![a.clone(), b.clone(), net.checkpoint(2, K, other)],
            CheckpointFlaw::Mixed,
        ),
        (K - 1, odd, CheckpointFlaw::NotAMultiple),
    ];

    for (stable, proof, why) in forged {
        let wish = net.wish_from(2, 1, stable, proof, Vec::new());
        let effects = net.deliver(3, SignedMessage::ViewChange(wish.clone()));
        let signer = ReplicaId(2);
        assert_eq!(
            effects,
            [Effect::Reject(Misbehaviour::InvalidCheckpointProof {
                signer,
                why
            })]
        );
        let wishes = [vec![wish], net.wishes(&[0, 1], 1)].concat();
        let effects = net.deliver(3, net.new_view(1, 1, wishes, &[]));
        let why = NewViewFlaw::InvalidViewChange;
        assert_eq!(
            rejects(&effects),
            [Misbehaviour::InvalidNewView {
                signer: ReplicaId(1),
                why
            }]
        );
        assert_eq!(accusations(&effects).len(), 1, "a signed lie (E5)");
    }

    let wish = net.wish_from(2, 1, K, vec![a, b, c], Vec::new());
    assert_eq!(net.deliver(3, SignedMessage::ViewChange(wish)), []);
}

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
fn scenario_08_of_two_batches_for_one_slot_at_most_one_commits_and_the_primary_is_accused() {
    let mut net = Network::new(4);
    let (m, other) = (net.batch(0, 1), net.batch(0, 2));
    let liar =
        |parcel: &Parcel| parcel.from == 0 && !matches!(&parcel.message, SignedMessage::Request(_));
    net.drop_if(liar);
    net.deliver(1, net.pre_prepare(0, 0, 1, &m));
    net.deliver(2, net.pre_prepare(0, 0, 1, &other));
    net.deliver(3, net.pre_prepare(0, 0, 1, &other));
    net.run();
    let lies = [net.proposal(0, 0, 1, &m), net.proposal(0, 0, 1, &other)];

    let found = net.deliver(2, net.pre_prepare(0, 0, 1, &m));
    net.crash(0);
    net.run_for(LONG);

    let [first, second] = lies;
    assert_eq!(
        accusations(&found),
        [Evidence::TwoPrePrepares(second, first)]
    );
    let why = Misbehaviour::Equivocation {
        signer: ReplicaId(0),
        view: View(0),
        sequence: Sequence(1),
    };
    assert_eq!(rejects(&found), [why]);
    let at_first_slot: Vec<_> = (1..4).map(|i| net.slots(i)[0].clone()).collect();
    assert_eq!(at_first_slot, vec![(1, vec![(0, 2)]); 3]);
    for i in 1..4 {
        assert_eq!(net.view(i), (1, true));
        assert!(
            net.accusations(i)
                .iter()
                .all(|evidence| evidence.accused() == ReplicaId(0))
        );
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
fn scenario_10_two_view_changes_without_progress_lose_no_certificate() {
    let mut net = Network::new(4);
    let m = net.batch(0, 1);
    net.drop_if(is_commit);
    net.order(0, 1);
    net.crash(0);
    net.drop_if(|parcel| {
        is_normal(&parcel.message) || matches!(&parcel.message, SignedMessage::NewView { .. })
    });

    for _ in 0..100 {
        if net.view(3).0 == 3 {
            break;
        }
        net.next_timer();
        net.run();
    }
    let carried: Vec<_> = net
        .view_changes(3)
        .iter()
        .map(|wish| (wish.view.0, wish.prepared.clone()))
        .collect();
    net.release();
    net.run_for(LONG);

    let views: Vec<_> = carried.iter().map(|(view, _)| *view).collect();
    assert!(views.starts_with(&[1]) && views.ends_with(&[3]));
    for (_, prepared) in &carried {
        let found: Vec<_> = prepared
            .iter()
            .map(|c| (c.view(), c.sequence(), c.digest()))
            .collect();
        assert_eq!(found, [(View(0), Sequence(1), m.digest())]);
    }
    assert!(net.all_executed(&[(0, 1)]));
}

#[test]
fn scenario_11_a_batch_that_one_replica_committed_keeps_its_slot() {
    let mut net = Network::new(4);
    net.drop_if(|parcel| is_commit(parcel) && parcel.to != 3);
    net.order(1, 1);
    let alone: Vec<_> = (0..4).map(|i| net.slots(i).len()).collect();
    net.crash(0);
    net.release();

    net.run_for(LONG);

    assert_eq!(alone, [0, 0, 0, 1]);
    assert_eq!(net.view(3), (1, true));
    for i in 1..4 {
        assert_eq!(net.slots(i), [(1, vec![(1, 1)])]);
    }
    assert_eq!(
        net.new_views(1)[0].chosen,
        [(Sequence(1), net.batch(1, 1).digest())]
    );
}

#[test]
fn scenario_12_a_request_in_two_slots_executes_in_the_first() {
    let mut net = Network::new(4);
    let request = net.named_request(2, "c", 1);
    let m = Batch {
        requests: vec![request.clone()],
    };

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

#[test]
fn scenario_16_a_replica_joins_the_lowest_of_f_plus_1_higher_views() {
    let mut net = Network::new(4);

    let f = net.deliver(3, SignedMessage::ViewChange(net.wish(0, 5, Vec::new())));
    let stayed = net.view(3);
    net.deliver(3, SignedMessage::ViewChange(net.wish(1, 2, Vec::new())));

    assert_eq!(f, []);
    assert_eq!(stayed, (0, true));
    assert_eq!(net.view(3), (2, false));
}

#[test]
fn scenario_17_progress_returns_after_a_partition_during_a_view_change() {
    let mut net = Network::new(4);
    net.crash(0);
    net.submit(1, 1);
    net.run();
    for i in 1..4 {
        for j in 1..i {
            net.cut(i, j);
        }
    }
    net.run_for(LONG);

    net.heal();
    net.run_for(LONG);

    assert!(net.all_executed(&[(1, 1)]));
    assert!(net.nobody_is_accused());
}

/// R alone saw the quorum for view 1 and went on to view 2. With P down, the others cannot do without R.
#[test]
fn scenario_17_progress_returns_when_one_replica_is_a_view_ahead_of_the_others() {
    let mut net = Network::new(4);
    net.crash(0);
    net.drop_if(|parcel| parcel.from == 2 && !matches!(&parcel.message, SignedMessage::Request(_)));
    net.submit(3, 1);
    net.run_for(Duration::from_millis(1100));
    assert_eq!(
        [net.view(1), net.view(2), net.view(3)],
        [(1, false), (2, false), (1, false)]
    );

    net.release();
    net.run_for(LONG);

    assert!(net.all_executed(&[(3, 1)]));
    assert!(net.nobody_is_accused());
}

/// The others executed the slot in view 1 and ask for nothing. Still they must run it again in view 2, because the
/// laggard needs their votes.
#[test]
fn scenario_17_a_laggard_gets_votes_that_were_lost_for_a_slot_that_others_executed_in_an_older_view()
 {
    let mut net = stale_certificate(false, true);

    net.release();
    net.run_for(LONG);

    assert!(net.all_executed(&[(0, 1), (1, 1), (2, 1)]));
}

#[test]
fn scenario_18_a_new_view_ahead_of_its_view_changes_completes() {
    let mut net = Network::new(4);
    net.hold_if(|parcel| matches!(&parcel.message, SignedMessage::ViewChange(_)) && parcel.to == 3);
    net.crash(0);
    net.submit(1, 1);
    net.run_for(LONG);
    let ahead = net.view(3);

    net.release();
    net.run_for(LONG);

    assert_eq!(ahead, (1, true));
    for i in 1..4 {
        assert_eq!(net.view(i), (1, true));
    }
    assert!(net.all_executed(&[(1, 1)]));
}

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
fn scenario_22_messages_of_an_older_cluster_and_older_requests_are_refused() {
    let mut net = Network::new(4);
    let earlier_life = Network::in_cluster(ClusterId([7; 32]), 4, |_| {});
    let m = earlier_life.batch(0, 1);
    let strangers = [
        SignedMessage::Request(earlier_life.request(0, 1)),
        earlier_life.pre_prepare(0, 0, 1, &m),
        earlier_life.prepare(1, 0, 1, &m),
        earlier_life.commit(1, 0, 1, &m),
        SignedMessage::ViewChange(earlier_life.wish(1, 1, Vec::new())),
    ];
    for message in strangers {
        let refused = net.deliver(3, message);
        assert!(
            matches!(
                refused[..],
                [Effect::Reject(Misbehaviour::BadSignature { .. })]
            ),
            "{refused:?}"
        );
    }

    for timestamp in 1..=K {
        net.submit_for(1, "c", timestamp);
        net.run();
    }
    net.crash(3);
    net.restart(3);
    let old = net.named_request(1, "c", K - 1);
    let refused = net.deliver(3, SignedMessage::Request(old));
    assert!(
        matches!(
            refused[..],
            [Effect::Reject(Misbehaviour::OldTimestamp { .. })]
        ),
        "{refused:?}"
    );
}

#[test]
fn scenario_23_a_read_never_goes_back_in_time_and_f_stale_answers_are_not_believed() {
    let mut net = Network::new(4);
    // D gets no slot, so its answers are stale.
    net.drop_if(|parcel| parcel.to == 3 && is_normal(&parcel.message));
    net.submit_for(1, "c", 1);
    net.run();
    assert_eq!(net.results(1).len(), 1, "the write is acknowledged");

    // C answers late. Of the three other answers one is stale, so there is no quorum yet.
    net.hold_if(|parcel| parcel.from == 2 && matches!(parcel.message, SignedMessage::Answer(_)));
    net.ask(0, b"count");
    net.run();
    assert_eq!(net.reads(0), []);
    net.release();
    net.run();
    assert_eq!(net.reads(0), [Read::Agreed(b"count = 1".to_vec())]);
}

#[test]
fn scenario_24_clients_get_answers_while_the_primary_starves_f_replicas() {
    let mut net = Network::new(4);
    net.drop_if(|parcel| (parcel.from, parcel.to) == (0, 3) && is_normal(&parcel.message));
    for timestamp in 1..=3 * L {
        net.submit_for(3, "c", timestamp);
        net.run_for(Duration::from_millis(600));
        assert_eq!(net.results(3).len() as u64, timestamp);
    }
    assert_eq!(net.executed(3).len(), net.executed(0).len());
    assert!(net.nobody_is_accused());
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

#[test]
fn scenario_27_a_client_that_asks_only_backups_causes_no_storm_of_view_changes() {
    let mut net = Network::new(4);
    for timestamp in 1..=20 {
        let request = net.named_request(3, "c", timestamp);
        for backup in [1, 2] {
            net.deliver(backup, SignedMessage::Request(request.clone()));
        }
        net.run_for(SOON);
        assert_eq!(net.executed(1).len() as u64, timestamp);
    }
    // Backups cannot tell such a client from a slow primary, so they leave f primaries, and then no more.
    let view = net.view(0);
    assert!([(0, true), (1, true)].contains(&view), "{view:?}");
    assert!((0..4).all(|i| net.view(i) == view));

    // A request with an invalid signature comes from no client, so no backup waits for it.
    let stranger = Network::in_cluster(ClusterId([7; 32]), 4, |_| {});
    for backup in [1, 2] {
        net.deliver(backup, SignedMessage::Request(stranger.request(3, 1)));
    }
    net.run_for(LONG);
    assert!((0..4).all(|i| net.view(i) == view));
}

#[test]
fn scenario_28_a_disagreement_beyond_the_bound_names_f_plus_1_culprits_and_no_honest_replica() {
    let mut net = Network::new(4);
    net.go_beyond_the_bound();
    let (m, other) = (net.batch(2, 1), net.batch(3, 1));
    // P and Q tell R one story and S another.
    for (honest, batch) in [(2, &m), (3, &other)] {
        net.deliver(honest, net.pre_prepare(0, 0, 1, batch));
        net.deliver(honest, net.prepare(1, 0, 1, batch));
        net.deliver(honest, net.commit(0, 0, 1, batch));
        net.deliver(honest, net.commit(1, 0, 1, batch));
    }
    assert_eq!(net.executed(2), [(2, 1)]);
    assert_eq!(net.executed(3), [(3, 1)]);

    let (one, another) = (net.commit_certificate(2, 1), net.commit_certificate(3, 1));
    let named = culprits(&one, &another, &[]);
    assert_eq!(named, [ReplicaId(0), ReplicaId(1)].into());
}

#[test]
fn scenario_29_an_operation_in_a_session_of_another_is_refused_and_the_owner_goes_on() {
    let mut net = Network::new(4);
    // R, as a backup and as a primary, orders an operation in a session that P lends, in a name at P, and as P.
    let owner = ReplicaId(0);
    let stolen = [
        owner.into(),
        ClientId::session(owner, 1),
        ClientId::named(owner, "c"),
    ];
    for client in stolen {
        let request = Request::new(client, Timestamp(u64::MAX), b"set x=1".to_vec());
        let request = net.sign(2, request);
        let batch = Batch {
            requests: vec![request.clone()],
        };
        for to in [0, 1, 3] {
            for message in [
                SignedMessage::Request(request.clone()),
                net.pre_prepare(2, 0, 1, &batch),
                net.pre_prepare(2, 2, 1, &batch),
            ] {
                let refused = net.deliver(to, message);
                assert!(
                    matches!(
                        refused[..],
                        [Effect::Reject(Misbehaviour::RequestOfAnother { .. })]
                    ),
                    "{refused:?}"
                );
            }
        }
    }

    net.order(0, 1);
    net.submit_for(0, "c", 1);
    net.run();
    assert!(net.all_executed(&[(0, 1), (99, 1)]));
    assert_eq!(net.results(0).len(), 1);
    assert!((0..4).all(|i| net.view(i) == (0, true)));
}

#[test]
fn scenario_30_requests_as_large_and_as_many_as_allowed_wait_and_execute_once_two_are_back() {
    let mut net = Network::with(4, |config| {
        let limits = &mut config.limits;
        (limits.operation, limits.batch, limits.waiting) = (10_000, 25_000, 205_000);
    });
    net.isolate(2);
    net.isolate(3);
    let request = |net: &Network, speaker, client: u64| {
        let client = ClientId::session(ReplicaId(speaker), client);
        net.sign(speaker, Request::new(client, Timestamp(1), vec![0; 10_000]))
    };
    // All four replicas have all requests: a client asks again everywhere.
    for (speaker, client) in (0..4).flat_map(|speaker| (0..20).map(move |i| (speaker, i))) {
        let request = request(&net, speaker, client);
        for to in 0..4 {
            net.deliver(to, SignedMessage::Request(request.clone()));
        }
    }
    let over = net.deliver(1, SignedMessage::Request(request(&net, 3, 20)));
    net.run_for(LONG);
    net.heal();
    net.run_for(LONG);

    assert!(matches!(
        over[..],
        [Effect::Reject(Misbehaviour::TooManyWaiting { .. })]
    ));
    for i in 0..4 {
        let requests: usize = net
            .slots(i)
            .iter()
            .map(|(_, executed)| executed.len())
            .sum();
        assert_eq!((net.executed(i).len(), requests), (80, 80), "replica {i}");
        let large = |reject: &Misbehaviour| matches!(reject, Misbehaviour::LargeBatch { .. });
        assert!(!net.rejects(i).iter().any(large));
    }
    assert!(net.nobody_is_accused());
}

#[test]
fn scenario_31_a_full_window_of_the_longest_interval_survives_the_loss_of_its_primary() {
    let mut net = Network::with(4, |config| {
        *config = config.clone().with_checkpoint_interval(10_000);
        (config.batch_limit, config.slots_in_flight) = (1, u64::MAX);
    });
    net.drop_if(|parcel| matches!(parcel.message, SignedMessage::Checkpoint(_)));
    let window = net.status(0).high_watermark.0;
    for timestamp in 1..=window {
        net.order(1, timestamp);
    }
    assert_eq!(net.status(2).low_watermark, Sequence(0));
    assert_eq!(net.status(2).executed, Sequence(window));
    net.crash(0);
    net.submit(1, window + 1);
    net.release();
    net.run_for(SOON);

    assert_eq!(window, 500);
    for i in 1..4 {
        assert_eq!(net.view(i), (1, true));
        assert_eq!(net.executed(i).last(), Some(&(1, window + 1)));
        assert!(net.only_late_rejects(i));
    }
}
