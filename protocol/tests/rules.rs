//! One test per rule; the names are the rules. Replicas 0 to 3 are P, Q, R and S; view 0 is led by P.

mod harness;

use std::collections::BTreeSet;

use harness::{
    K, L, Network, STATUS_INTERVAL, VIEW_TIMEOUT, accusations, broadcasts, is_normal, persisted,
    rejects, slots,
};
use quorate_protocol::client::{Client, Read};
use quorate_protocol::forensics::culprits;
use quorate_protocol::message::{
    Batch, Body, Commit, Committed, Fetch, NewView, PrePrepare, Prepare, Query, Recall, Replies,
    Reply, Request, Stable, Standing, ViewChange,
};
use quorate_protocol::misbehaviour::{CheckpointFlaw, CommitFlaw, NewViewFlaw, PreparedFlaw};
use quorate_protocol::{
    ClientId, ClusterId, Config, Digest, Duration, Effect, Evidence, Input, Message, Misbehaviour,
    Quorum, Record, ReplicaId, Sequence, Signed, SignedMessage, Timer, Timestamp, View,
};

fn new_view_of(message: &SignedMessage) -> Signed<NewView> {
    match message {
        SignedMessage::NewView { new_view, .. } => new_view.clone(),
        other => panic!("not a NEW-VIEW: {other:?}"),
    }
}

fn prepare(view: u64, sequence: u64, batch: &Batch) -> Message {
    Message::Prepare(Prepare {
        view: View(view),
        sequence: Sequence(sequence),
        digest: batch.digest(),
    })
}

fn commit(view: u64, sequence: u64, batch: &Batch) -> Message {
    Message::Commit(Commit {
        view: View(view),
        sequence: Sequence(sequence),
        digest: batch.digest(),
    })
}

fn pre_prepare(view: u64, sequence: u64, batch: Batch) -> Message {
    let digest = batch.digest();
    Message::PrePrepare(
        PrePrepare {
            view: View(view),
            sequence: Sequence(sequence),
            digest,
        },
        batch,
    )
}

#[test]
fn rule_01_only_distinct_senders_with_checked_signatures_of_this_cluster_count() {
    let mut net = Network::new(4);
    let earlier_life = Network::in_cluster(ClusterId([2; 32]), 4, |_| {});
    let larger = Network::new(7);
    let m = net.batch(0, 1);

    net.deliver(3, net.pre_prepare(0, 0, 1, &m));
    let prepared = net.deliver(3, net.prepare(1, 0, 1, &m));
    let refused = net.deliver(3, earlier_life.commit(0, 0, 1, &m));
    let unknown = net.deliver(3, larger.commit(5, 0, 1, &m));
    let once = net.deliver(3, net.commit(1, 0, 1, &m));
    let again: Vec<Effect> = (0..3)
        .flat_map(|_| net.deliver(3, net.commit(1, 0, 1, &m)))
        .collect();
    let third = net.deliver(3, net.commit(2, 0, 1, &m));

    assert_eq!(broadcasts(&prepared), [commit(0, 1, &m)]);
    assert_eq!(
        refused,
        [Effect::Reject(Misbehaviour::BadSignature {
            signer: ReplicaId(0)
        })]
    );
    assert_eq!(
        unknown,
        [Effect::Reject(Misbehaviour::UnknownSigner {
            signer: ReplicaId(5)
        })]
    );
    assert_eq!((once, again), (vec![], vec![]));
    assert_eq!(slots(&third), [(1, vec![(0, 1)])]);
}

#[test]
fn rule_02_a_pre_prepare_counts_only_from_the_primary_in_the_view_and_window_with_its_body() {
    let mut net = Network::new(4);
    let earlier_life = Network::in_cluster(ClusterId([2; 32]), 4, |_| {});
    let (m, other) = (net.batch(0, 1), net.batch(2, 1));
    let digest = m.digest();
    let signer = ReplicaId(0);
    let (view, sequence) = (View(0), Sequence(1));
    let swapped = SignedMessage::PrePrepare {
        pre_prepare: net.proposal(0, 0, 1, &m),
        batch: other.clone(),
    };
    let foreign = Request {
        client: ClientId::Process(ReplicaId(2)),
        timestamp: Timestamp(1),
        operation: Vec::new(),
    };
    let foreign = Batch {
        requests: vec![net.sign(1, foreign)],
    };

    let cases = [
        (
            net.pre_prepare(1, 0, 1, &m),
            Misbehaviour::NotPrimary {
                signer: ReplicaId(1),
                view,
            },
        ),
        (
            net.pre_prepare(0, 0, 0, &m),
            Misbehaviour::OutsideWindow {
                signer,
                sequence: Sequence(0),
            },
        ),
        (
            net.pre_prepare(0, 0, L + 1, &m),
            Misbehaviour::OutsideWindow {
                signer,
                sequence: Sequence(L + 1),
            },
        ),
        (swapped, Misbehaviour::BodyMismatch { signer, digest }),
        (
            net.pre_prepare(0, 0, 1, &foreign),
            Misbehaviour::RequestOfAnother {
                signer: ReplicaId(1),
                client: ClientId::Process(ReplicaId(2)),
            },
        ),
        (
            net.pre_prepare(0, 0, 1, &earlier_life.batch(2, 1)),
            Misbehaviour::BadSignature {
                signer: ReplicaId(2),
            },
        ),
    ];
    for (message, why) in cases {
        let before = net.state(3);
        assert_eq!(net.deliver(3, message), [Effect::Reject(why)]);
        assert_eq!(net.state(3), before);
    }

    let accepted = net.deliver(3, net.pre_prepare(0, 0, 1, &m));
    let again = net.deliver(3, net.pre_prepare(0, 0, 1, &m));
    let second = net.deliver(3, net.pre_prepare(0, 0, 1, &other));
    let highest = net.deliver(3, net.pre_prepare(0, 0, L, &other));
    assert_eq!(broadcasts(&accepted), [prepare(0, 1, &m)]);
    assert_eq!(again, []);
    assert_eq!(
        second,
        [
            Effect::Accuse(Box::new(Evidence::TwoPrePrepares(
                net.proposal(0, 0, 1, &m),
                net.proposal(0, 0, 1, &other)
            ))),
            Effect::Reject(Misbehaviour::Equivocation {
                signer,
                view,
                sequence
            }),
        ]
    );
    assert_eq!(broadcasts(&highest), [prepare(0, L, &other)]);

    net.fire(3, Timer::View);
    let late = net.deliver(3, net.pre_prepare(0, 0, 2, &other));
    let under_way = net.deliver(3, net.pre_prepare(1, 1, 1, &other));
    assert_eq!(
        late,
        [Effect::Reject(Misbehaviour::WrongView { signer, view })]
    );
    assert_eq!(under_way, []);
}

#[test]
fn rule_03_no_prepare_before_the_body_is_held_and_a_missing_body_is_fetched() {
    let mut net = Network::new(4);
    let m = net.batch(0, 1);
    let digest = m.digest();
    let certificate = net.certificate(0, 1, &m, &[1, 2]);
    let wishes = vec![
        net.wish(0, 1, vec![certificate]),
        net.wish(1, 1, Vec::new()),
        net.wish(2, 1, Vec::new()),
    ];
    let body = SignedMessage::Body(net.sign(2, Body { batch: m.clone() }));
    net.deliver(2, net.pre_prepare(0, 0, 1, &m));

    let entered = net.deliver(3, net.new_view(1, 1, wishes, &[(1, digest)]));
    let votes: Vec<Effect> = [0, 2]
        .into_iter()
        .flat_map(|i| net.deliver(3, net.prepare(i, 1, 1, &m)))
        .collect();
    let answer = net.deliver(2, SignedMessage::Fetch(net.sign(3, Fetch { digest })));
    let no_answer = net.deliver(0, SignedMessage::Fetch(net.sign(3, Fetch { digest })));
    let unwanted = Body {
        batch: net.batch(2, 7),
    };
    let unwanted = net.deliver(3, SignedMessage::Body(net.sign(2, unwanted)));
    let filled = net.deliver(3, body.clone());
    let again = net.deliver(3, body);

    assert_eq!(broadcasts(&entered), [Message::Fetch(Fetch { digest })]);
    assert_eq!(votes, []);
    assert_eq!(
        answer,
        [Effect::Send {
            to: ReplicaId(3),
            message: Message::Body(Body { batch: m.clone() })
        }]
    );
    assert_eq!(no_answer, []);
    assert_eq!(
        unwanted,
        [Effect::Reject(Misbehaviour::UnwantedBody {
            signer: ReplicaId(2)
        })]
    );
    assert_eq!(broadcasts(&filled), [prepare(1, 1, &m), commit(1, 1, &m)]);
    assert_eq!(again, []);
}

#[test]
fn rule_04_prepared_takes_2f_backups_and_never_the_primary() {
    let mut net = Network::new(4);
    let m = net.batch(0, 1);

    let proposed = net.deliver(3, net.pre_prepare(0, 0, 1, &m));
    let primary = net.deliver(3, net.prepare(0, 0, 1, &m));
    let other_batch = net.deliver(3, net.prepare(2, 0, 1, &net.batch(0, 2)));
    let backup = net.deliver(3, net.prepare(1, 0, 1, &m));

    assert_eq!(broadcasts(&proposed), [prepare(0, 1, &m)]);
    let evidence = Evidence::PrimaryPrepared(net.signed_prepare(0, 0, 1, &m));
    assert_eq!(evidence.accused(), ReplicaId(0));
    assert_eq!(
        primary,
        [
            Effect::Accuse(Box::new(evidence)),
            Effect::Reject(Misbehaviour::PrimaryPrepared {
                signer: ReplicaId(0)
            })
        ]
    );
    assert_eq!(other_batch, []);
    assert_eq!(broadcasts(&backup), [commit(0, 1, &m)]);
    assert_eq!(
        persisted(&backup),
        [Record::Prepared(net.certificate(0, 1, &m, &[1, 3]))]
    );
}

#[test]
fn rule_04_a_backup_that_votes_twice_is_accused_and_counts_once() {
    let mut net = Network::new(7);
    let (m, other) = (net.batch(0, 1), net.batch(0, 2));
    net.deliver(6, net.pre_prepare(0, 0, 1, &m));

    let votes: Vec<Effect> = [1, 1, 1, 2]
        .into_iter()
        .flat_map(|i| net.deliver(6, net.prepare(i, 0, 1, &m)))
        .collect();
    let second = net.deliver(6, net.prepare(1, 0, 1, &other));
    let fourth = net.deliver(6, net.prepare(3, 0, 1, &m));

    assert_eq!(votes, []);
    let (signer, view, sequence) = (ReplicaId(1), View(0), Sequence(1));
    let evidence = Evidence::TwoPrepares(
        net.signed_prepare(1, 0, 1, &m),
        net.signed_prepare(1, 0, 1, &other),
    );
    assert_eq!(
        second,
        [
            Effect::Accuse(Box::new(evidence)),
            Effect::Reject(Misbehaviour::ConflictingVotes {
                signer,
                view,
                sequence
            })
        ]
    );
    assert_eq!(broadcasts(&fourth), [commit(0, 1, &m)]);
}

#[test]
fn rule_05_a_slot_executes_once_committed_and_strictly_in_order() {
    let mut net = Network::new(4);
    let (first, second) = (net.batch(0, 1), net.batch(1, 1));

    let early = net.commit_at(3, 0, 2, &second);
    net.deliver(3, net.pre_prepare(0, 0, 1, &first));
    net.deliver(3, net.prepare(1, 0, 1, &first));
    let one = net.deliver(3, net.commit(0, 0, 1, &first));
    let conflicting = net.deliver(3, net.commit(0, 0, 1, &second));
    let quorum = net.deliver(3, net.commit(2, 0, 1, &first));

    assert_eq!(slots(&early), []);
    assert_eq!(one, []);
    let evidence = Evidence::TwoCommits(
        net.signed_commit(0, 0, 1, &first),
        net.signed_commit(0, 0, 1, &second),
    );
    assert_eq!(accusations(&conflicting), [evidence]);
    assert_eq!(slots(&quorum), [(1, vec![(0, 1)]), (2, vec![(1, 1)])]);
}

#[test]
fn rule_05_commits_without_a_prepared_certificate_execute_nothing() {
    let mut net = Network::new(4);
    let m = net.batch(0, 1);
    net.deliver(3, net.pre_prepare(0, 0, 1, &m));

    let commits: Vec<Effect> = (0..3)
        .flat_map(|i| net.deliver(3, net.commit(i, 0, 1, &m)))
        .collect();
    let prepared = net.deliver(3, net.prepare(1, 0, 1, &m));

    assert_eq!(commits, []);
    assert_eq!(slots(&prepared), [(1, vec![(0, 1)])]);
}

#[test]
fn rule_06_a_request_executes_once_and_its_reply_is_kept() {
    let mut net = Network::new(4);
    let batch = |timestamp| Batch {
        requests: vec![net.named_request(2, "c", timestamp)],
    };
    let (m, earlier) = (batch(5), batch(4));
    // Another process speaks for the same client.
    let again = net.named_request(1, "c", 5);
    let old = net.named_request(2, "c", 4);

    let executed = net.commit_at(3, 0, 1, &m);
    let second_slot = net.commit_at(3, 0, 2, &m);
    let same = net.deliver(3, SignedMessage::Request(again));
    let older = net.deliver(3, SignedMessage::Request(old));
    let older_slot = net.commit_at(3, 0, 3, &earlier);

    let (client, timestamp) = (ClientId::named("c"), Timestamp(5));
    let reply_to = |to| Effect::Send {
        to: ReplicaId(to),
        message: Message::Replies(Replies {
            replies: vec![Reply {
                view: View(0),
                client,
                timestamp,
                sequence: Sequence(1),
                result: b"c/5 done".to_vec(),
            }],
        }),
    };
    assert!(executed.contains(&reply_to(2)));
    assert_eq!(slots(&second_slot), [(2, vec![])]);
    assert!(!second_slot.contains(&reply_to(2)));
    assert_eq!(same, [reply_to(1)]);
    assert_eq!(
        older,
        [Effect::Reject(Misbehaviour::OldTimestamp {
            client,
            timestamp: Timestamp(4)
        })]
    );
    assert_eq!(slots(&older_slot), [(3, vec![])]);
}

#[test]
fn rule_07_the_primary_batches_what_waits_and_keeps_slots_in_flight_up_to_the_window() {
    let ask = |net: &mut Network| -> Vec<Effect> {
        (0..4)
            .flat_map(|i| net.deliver(0, SignedMessage::Request(net.request(i, 1))))
            .collect()
    };
    let mut pipelining = Network::with(4, |config| config.batch_limit = 1);
    let mut idle_first = Network::new(4);
    let mut small_batches = Network::with(4, |config| {
        (config.slots_in_flight, config.batch_limit) = (1, 2);
    });
    let mut small_window = Network::with(4, |config| {
        (
            config.batch_limit,
            config.checkpoint_interval,
            config.window,
        ) = (1, 1, 2);
    });

    let pipelined = ask(&mut pipelining);
    let first = ask(&mut idle_first);
    let rest = idle_first.commit_at(0, 0, 1, &idle_first.batch(0, 1));
    ask(&mut small_batches);
    let limited = small_batches.commit_at(0, 0, 1, &small_batches.batch(0, 1));
    let windowed = ask(&mut small_window);

    let single = |net: &Network, i: u32| pre_prepare(0, u64::from(i) + 1, net.batch(i, 1));
    assert_eq!(
        broadcasts(&pipelined),
        (0..4).map(|i| single(&pipelining, i)).collect::<Vec<_>>()
    );
    assert_eq!(broadcasts(&first), [single(&idle_first, 0)]);
    let batch = |net: &Network, clients: &[u32]| Batch {
        requests: clients.iter().map(|i| net.request(*i, 1)).collect(),
    };
    let proposals = |effects: &[Effect]| -> Vec<Message> {
        broadcasts(effects)
            .into_iter()
            .filter(|m| matches!(m, Message::PrePrepare(..)))
            .collect()
    };
    assert_eq!(
        proposals(&rest),
        [pre_prepare(0, 2, batch(&idle_first, &[1, 2, 3]))]
    );
    assert_eq!(
        proposals(&limited),
        [pre_prepare(0, 2, batch(&small_batches, &[1, 2]))]
    );
    assert_eq!(
        broadcasts(&windowed),
        [single(&small_window, 0), single(&small_window, 1)]
    );
}

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

#[test]
fn rule_10_a_view_change_carries_the_proof_and_the_latest_certificates_and_then_only_three_kinds_are_heard()
 {
    let mut net = Network::new(4);
    for sequence in 1..=K {
        net.commit_at(3, 0, sequence, &net.batch(0, sequence));
    }
    let digest = net.checkpoints(3)[0].digest;
    for i in [0, 1] {
        net.deliver(3, SignedMessage::Checkpoint(net.checkpoint(i, K, digest)));
    }
    let (m, waiting) = (net.batch(0, K + 1), net.batch(1, 1));
    net.deliver(3, net.pre_prepare(0, 0, K + 1, &m));
    net.deliver(3, net.prepare(1, 0, K + 1, &m));
    net.deliver(3, net.pre_prepare(0, 0, K + 2, &waiting));

    let asked = net.fire(3, Timer::View);
    let before = net.state(3);
    let ignored: Vec<Effect> = [
        net.prepare(1, 0, K + 2, &waiting),
        net.prepare(2, 0, K + 2, &waiting),
    ]
    .into_iter()
    .flat_map(|message| net.deliver(3, message))
    .collect();

    let mut certificate = net.certificate(0, K + 1, &m, &[1, 3]);
    certificate
        .prepares
        .sort_by_key(quorate_protocol::Signed::signer);
    let checkpoint_proof = [0, 1, 3].map(|i| net.checkpoint(i, K, digest)).to_vec();
    let wish = ViewChange {
        view: View(1),
        life: 0,
        stable: Sequence(K),
        checkpoint_proof,
        prepared: vec![certificate],
    };
    assert_eq!(
        asked,
        [
            Effect::CancelTimer(Timer::View),
            Effect::Persist(Box::new(Record::ViewChange(wish.clone()))),
            Effect::ViewChanged {
                view: View(1),
                active: false
            },
            Effect::Broadcast(Message::ViewChange(wish)),
        ]
    );
    assert_eq!(ignored, []);
    assert_eq!(net.state(3), before);
}

/// Reading a quorum of COMMITs is not voting: whoever left the view may execute what they prove.
#[test]
fn rule_10_a_replica_between_views_executes_what_a_quorum_of_commits_proves_and_says_nothing() {
    let mut net = Network::new(4);
    let m = net.batch(0, 1);
    net.deliver(3, net.pre_prepare(0, 0, 1, &m));
    net.fire(3, Timer::View);

    let below_quorum: Vec<Effect> = [0, 1]
        .into_iter()
        .flat_map(|i| net.deliver(3, net.commit(i, 0, 1, &m)))
        .collect();
    assert_eq!(below_quorum, []);
    let effects = net.deliver(3, net.commit(2, 0, 1, &m));

    assert_eq!(net.executed(3), [(0, 1)]);
    assert!(
        effects.iter().all(|effect| matches!(
            effect,
            Effect::Execute { .. } | Effect::Done { .. } | Effect::Persist(_)
        )),
        "more than executing: {effects:?}"
    );
}

#[test]
fn rule_10_a_body_that_comes_between_views_brings_no_vote() {
    let mut net = Network::new(4);
    let m = net.batch(0, 1);
    let wishes = [0, 1, 2].map(|i| net.wish(i, 1, vec![net.certificate(0, 1, &m, &[1, 2])]));
    net.deliver(3, net.new_view(1, 1, wishes.to_vec(), &[(1, m.digest())]));
    for i in [0, 2] {
        net.deliver(3, net.prepare(i, 1, 1, &m));
    }
    net.submit(3, 1);
    net.fire(3, Timer::View);
    assert_eq!(net.view(3), (2, false));

    let body = Body { batch: m };
    let effects = net.deliver(3, SignedMessage::Body(net.sign(1, body)));

    assert_eq!(broadcasts(&effects), []);
    assert_eq!(persisted(&effects), []);
}

#[test]
fn rule_10_a_certificate_is_carried_on_until_one_of_a_later_view_replaces_it() {
    let mut net = Network::new(4);
    let (m, later) = (net.batch(0, 1), net.batch(1, 1));
    net.deliver(3, net.pre_prepare(0, 0, 1, &m));
    net.deliver(3, net.prepare(1, 0, 1, &m));

    net.deliver(3, net.new_view(1, 1, net.wishes(&[0, 1, 2], 1), &[]));
    net.deliver(3, net.pre_prepare(1, 1, 1, &later));
    net.fire(3, Timer::View);
    net.deliver(3, net.new_view(2, 2, net.wishes(&[0, 1, 2], 2), &[]));
    net.deliver(3, net.pre_prepare(2, 2, 1, &later));
    net.deliver(3, net.prepare(0, 2, 1, &later));
    net.fire(3, Timer::View);

    let carried = net.certificate(0, 1, &m, &[1, 3]);
    let replaced = net.certificate(2, 1, &later, &[0, 3]);
    let prepared: Vec<_> = net
        .view_changes(3)
        .into_iter()
        .map(|wish| (wish.view.0, wish.prepared))
        .collect();
    assert_eq!(prepared, [(2, vec![carried]), (3, vec![replaced])]);
}

#[test]
fn rule_11_a_view_change_with_a_certificate_that_proves_nothing_is_refused() {
    let mut net = Network::new(4);
    let (m, other) = (net.batch(0, 1), net.batch(0, 2));
    let good = net.certificate(1, 1, &m, &[0, 2]);
    let altered = |backups: &[u32], change: &dyn Fn(&mut Vec<_>)| {
        let mut certificate = net.certificate(1, 1, &m, backups);
        change(&mut certificate.prepares);
        certificate
    };
    let wrong_primary = {
        let mut certificate = good.clone();
        certificate.pre_prepare = net.proposal(0, 1, 1, &m);
        certificate
    };
    let cases = [
        (
            vec![net.certificate(2, 1, &m, &[0, 1])],
            PreparedFlaw::ViewTooHigh,
        ),
        (
            vec![net.certificate(3, 1, &m, &[0, 1])],
            PreparedFlaw::ViewTooHigh,
        ),
        (
            vec![net.certificate(1, 0, &m, &[0, 2])],
            PreparedFlaw::OutsideWindow,
        ),
        (
            vec![net.certificate(1, L + 1, &m, &[0, 2])],
            PreparedFlaw::OutsideWindow,
        ),
        (vec![wrong_primary], PreparedFlaw::WrongPrimary),
        (
            vec![net.certificate(1, 1, &m, &[0])],
            PreparedFlaw::TooFewBackups,
        ),
        (
            vec![net.certificate(1, 1, &m, &[0, 0])],
            PreparedFlaw::TooFewBackups,
        ),
        (
            vec![net.certificate(1, 1, &m, &[0, 1])],
            PreparedFlaw::TooFewBackups,
        ),
        (
            vec![altered(&[0], &|p| {
                p.push(net.signed_prepare(2, 1, 1, &other));
            })],
            PreparedFlaw::FieldMismatch,
        ),
        (
            vec![altered(&[0], &|p| p.push(net.signed_prepare(2, 1, 2, &m)))],
            PreparedFlaw::FieldMismatch,
        ),
        (
            vec![altered(&[0], &|p| p.push(net.signed_prepare(2, 0, 1, &m)))],
            PreparedFlaw::FieldMismatch,
        ),
        (vec![good.clone(), good.clone()], PreparedFlaw::SlotTwice),
        (
            vec![net.certificate(1, 2, &m, &[0, 2]), good.clone()],
            PreparedFlaw::SlotTwice,
        ),
    ];
    let messages =
        cases.map(|(prepared, why)| (SignedMessage::ViewChange(net.wish(1, 2, prepared)), why));

    for (message, why) in messages {
        let before = net.state(3);
        let signer = ReplicaId(1);
        assert_eq!(
            net.deliver(3, message),
            [Effect::Reject(Misbehaviour::InvalidPrepared {
                signer,
                why
            })]
        );
        assert_eq!(net.state(3), before);
    }
    assert_eq!(
        net.deliver(3, SignedMessage::ViewChange(net.wish(1, 2, vec![good]))),
        []
    );
}

#[test]
fn rule_11_a_view_change_with_a_checkpoint_that_is_not_stable_is_refused() {
    let mut net = Network::new(4);
    let (d, other) = (Digest::of(&[b"state"]), Digest::of(&[b"other"]));
    let proof = |n, signers: &[u32]| -> Vec<_> {
        signers.iter().map(|i| net.checkpoint(*i, n, d)).collect()
    };
    let mixed = |odd| [proof(K, &[0, 1]), vec![odd]].concat();
    let cases = [
        (K, proof(K, &[0, 1]), CheckpointFlaw::TooFewSigners),
        (K, proof(K, &[0, 1, 1]), CheckpointFlaw::TooFewSigners),
        (K, Vec::new(), CheckpointFlaw::TooFewSigners),
        (K, mixed(net.checkpoint(2, K, other)), CheckpointFlaw::Mixed),
        (K, mixed(net.checkpoint(2, 2 * K, d)), CheckpointFlaw::Mixed),
        (K, proof(2 * K, &[0, 1, 2]), CheckpointFlaw::Mixed),
        (0, proof(0, &[0, 1, 2]), CheckpointFlaw::Mixed),
        (
            K + 1,
            proof(K + 1, &[0, 1, 2]),
            CheckpointFlaw::NotAMultiple,
        ),
    ];
    let good = net.wish_from(1, 1, K, proof(K, &[0, 1, 2]), Vec::new());
    let messages = cases.map(|(stable, proof, why)| {
        (
            SignedMessage::ViewChange(net.wish_from(1, 1, stable, proof, Vec::new())),
            why,
        )
    });

    for (message, why) in messages {
        let before = net.state(3);
        let signer = ReplicaId(1);
        let refused = Misbehaviour::InvalidCheckpointProof { signer, why };
        assert_eq!(net.deliver(3, message), [Effect::Reject(refused)]);
        assert_eq!(net.state(3), before);
    }
    assert_eq!(net.deliver(3, SignedMessage::ViewChange(good)), []);
}

#[test]
fn rule_12_the_new_view_takes_the_highest_view_of_each_slot_and_nulls_between() {
    let mut net = Network::new(4);
    let [old, new, far] = [net.batch(0, 1), net.batch(0, 2), net.batch(0, 3)];
    let null = Batch::null();
    let wishes = [
        net.wish(
            0,
            3,
            vec![
                net.certificate(0, 1, &old, &[1, 2]),
                net.certificate(0, 2, &old, &[1, 2]),
            ],
        ),
        net.wish(
            1,
            3,
            vec![
                net.certificate(1, 1, &new, &[0, 2]),
                net.certificate(1, 2, &null, &[0, 2]),
            ],
        ),
        net.wish(2, 3, vec![net.certificate(0, 5, &far, &[1, 2])]),
    ];

    for wish in &wishes {
        net.deliver(3, SignedMessage::ViewChange(wish.clone()));
    }

    // The primary joins once f+1 others ask, so its own VIEW-CHANGE is the third.
    let d = [new.digest(), null.digest()];
    let chosen: Vec<_> = (1..).map(Sequence).zip(d).collect();
    let new_view = NewView {
        view: View(3),
        life: 0,
        view_changes: net.new_views(3)[0].view_changes.clone(),
        chosen,
    };
    assert_eq!(net.new_views(3), [new_view]);

    // A backup accepts the same choice for the three of them, with what only the third has.
    let d = [
        new.digest(),
        null.digest(),
        null.digest(),
        null.digest(),
        far.digest(),
    ];
    let chosen: Vec<_> = (1..).zip(d).collect();
    net.deliver(0, net.new_view(3, 3, wishes.to_vec(), &chosen));
    assert_eq!(net.view(0), (3, true));
    assert_eq!(net.rejects(0), []);
}

#[test]
fn rule_12_the_new_view_starts_at_the_largest_stable_checkpoint() {
    let mut net = Network::new(4);
    let (m, state) = (net.batch(0, 1), Digest::of(&[b"state"]));
    let proof: Vec<_> = [0, 1, 2].map(|i| net.checkpoint(i, K, state)).to_vec();
    let wishes = vec![
        net.wish(
            0,
            1,
            vec![
                net.certificate(0, 1, &m, &[1, 2]),
                net.certificate(0, K + 2, &m, &[1, 2]),
            ],
        ),
        net.wish_from(1, 1, K, proof, Vec::new()),
        net.wish(2, 1, Vec::new()),
    ];
    let chosen = [(K + 1, Batch::null().digest()), (K + 2, m.digest())];

    net.deliver(3, net.new_view(1, 1, wishes, &chosen));

    assert_eq!(net.view(3), (1, true));
    assert_eq!(net.rejects(3), []);
}

#[test]
fn rule_12_a_new_view_that_differs_from_what_its_view_changes_give_is_refused() {
    let setup = Network::new(4);
    let (m, other) = (setup.batch(0, 1), setup.batch(0, 2));
    let null = Batch::null().digest();
    let certificate = setup.certificate(0, 1, &m, &[1, 2]);
    let good = || {
        vec![
            setup.wish(0, 1, vec![certificate.clone()]),
            setup.wish(1, 1, Vec::new()),
            setup.wish(2, 1, Vec::new()),
        ]
    };
    let with = |change: &dyn Fn(&mut Vec<_>)| {
        let mut wishes = good();
        change(&mut wishes);
        wishes
    };
    let chosen = [(1, m.digest())];
    let unsigned = |pre_prepares| {
        let SignedMessage::NewView { new_view, .. } = setup.new_view(1, 1, good(), &chosen) else {
            unreachable!()
        };
        SignedMessage::NewView {
            new_view,
            pre_prepares,
        }
    };
    let forged = setup.wish(2, 1, vec![setup.certificate(0, 1, &other, &[1])]);
    let cases = [
        (
            setup.new_view(1, 1, with(&|w| drop(w.pop())), &chosen),
            NewViewFlaw::TooFewViewChanges,
        ),
        (
            setup.new_view(1, 1, with(&|w| w[2] = w[1].clone()), &chosen),
            NewViewFlaw::TooFewViewChanges,
        ),
        (
            setup.new_view(
                1,
                1,
                with(&|w| w[2] = setup.wish(2, 2, Vec::new())),
                &chosen,
            ),
            NewViewFlaw::OtherView,
        ),
        (
            setup.new_view(1, 1, with(&|w| w[2] = forged.clone()), &chosen),
            NewViewFlaw::InvalidViewChange,
        ),
        (
            setup.new_view(1, 1, good(), &[]),
            NewViewFlaw::WrongProposals,
        ),
        (
            setup.new_view(1, 1, good(), &[(1, null)]),
            NewViewFlaw::WrongProposals,
        ),
        (
            setup.new_view(1, 1, good(), &[(1, other.digest())]),
            NewViewFlaw::WrongProposals,
        ),
        (
            setup.new_view(1, 1, good(), &[(1, m.digest()), (2, null)]),
            NewViewFlaw::WrongProposals,
        ),
        (unsigned(Vec::new()), NewViewFlaw::UnsignedProposals),
        (
            unsigned(vec![setup.proposal(1, 1, 1, &other)]),
            NewViewFlaw::UnsignedProposals,
        ),
        (
            unsigned(vec![setup.proposal(0, 1, 1, &m)]),
            NewViewFlaw::UnsignedProposals,
        ),
    ];

    for (message, why) in cases {
        let mut waiting = Network::new(4);
        for i in [0, 1, 2] {
            waiting.deliver(3, SignedMessage::ViewChange(waiting.wish(i, 1, Vec::new())));
        }
        assert_eq!(waiting.view(3), (1, false));
        let effects = waiting.deliver(3, message.clone());
        let refused = Misbehaviour::InvalidNewView {
            signer: ReplicaId(1),
            why,
        };
        assert_eq!(rejects(&effects), std::slice::from_ref(&refused));
        assert_eq!(
            waiting.view(3),
            (2, false),
            "{why}: the next view is wanted"
        );

        let mut fresh = Network::new(4);
        let effects = fresh.deliver(3, message.clone());
        assert_eq!(rejects(&effects), [refused]);
        // What is beside the signature proves nothing.
        let proved = if why == NewViewFlaw::UnsignedProposals {
            Vec::new()
        } else {
            vec![Evidence::WrongNewView(new_view_of(&message))]
        };
        assert_eq!(accusations(&effects), proved, "{why}");
        assert_eq!(
            fresh.view(3),
            (0, true),
            "a view that this replica does not want is only refused"
        );
    }

    let mut net = Network::new(4);
    let stranger = net.deliver(3, net.new_view(2, 1, good(), &chosen));
    let why = Misbehaviour::NotPrimary {
        signer: ReplicaId(2),
        view: View(1),
    };
    assert_eq!(stranger, [Effect::Reject(why)]);
    net.deliver(3, net.new_view(1, 1, good(), &chosen));
    assert_eq!(net.view(3), (1, true));
}

#[test]
fn rule_13_a_new_view_prepares_what_it_chose_and_executes_nothing_again() {
    let mut net = Network::new(4);
    let (first, second, third) = (net.batch(0, 1), net.batch(1, 1), net.batch(2, 1));
    net.commit_at(3, 0, 1, &first);
    net.deliver(3, net.pre_prepare(0, 0, 2, &second));
    let certificates =
        [(1, &first), (2, &second), (3, &third)].map(|(n, m)| net.certificate(0, n, m, &[1, 2]));
    let wishes = vec![
        net.wish(0, 1, certificates.to_vec()),
        net.wish(1, 1, Vec::new()),
        net.wish(2, 1, Vec::new()),
    ];
    let chosen = [
        (1, first.digest()),
        (2, second.digest()),
        (3, third.digest()),
    ];

    let entered = net.deliver(3, net.new_view(1, 1, wishes, &chosen));
    let fetched = net.deliver(
        3,
        SignedMessage::Body(net.sign(
            0,
            Body {
                batch: third.clone(),
            },
        )),
    );
    for (sequence, batch) in [(1, &first), (2, &second), (3, &third)] {
        net.commit_at(3, 1, sequence, batch);
    }

    let digest = third.digest();
    let said = [
        Message::Fetch(Fetch { digest }),
        prepare(1, 1, &first),
        prepare(1, 2, &second),
    ];
    let mut heard = broadcasts(&entered);
    heard.sort_by_key(|message| !matches!(message, Message::Fetch(_)));
    assert_eq!(heard, said);
    assert_eq!(broadcasts(&fetched), [prepare(1, 3, &third)]);
    assert_eq!(
        net.slots(3),
        [(1, vec![(0, 1)]), (2, vec![(1, 1)]), (3, vec![(2, 1)])]
    );
}

#[test]
fn rule_13_a_new_view_hands_over_the_proof_of_its_checkpoint() {
    let mut net = Network::new(4);
    for sequence in 1..=K {
        net.commit_at(3, 0, sequence, &net.batch(0, sequence));
    }
    let digest = net.checkpoints(3)[0].digest;
    let proof: Vec<_> = [0, 1, 2].map(|i| net.checkpoint(i, K, digest)).to_vec();
    let mut wishes = net.wishes(&[0, 2], 1);
    wishes.push(net.wish_from(1, 1, K, proof, Vec::new()));

    net.deliver(3, net.new_view(1, 1, wishes, &[]));

    assert_eq!(net.status(3).low_watermark, Sequence(K));
}

#[test]
fn rule_14_the_timer_runs_while_a_backup_waits_and_starts_again_with_each_that_executes() {
    let mut net = Network::new(4);
    let timer_effects = |effects: &[Effect]| -> Vec<Effect> {
        let of_view = |e: &&Effect| {
            matches!(
                e,
                Effect::SetTimer {
                    timer: Timer::View,
                    ..
                } | Effect::CancelTimer(Timer::View)
            )
        };
        effects.iter().filter(of_view).cloned().collect()
    };
    let (first, second) = (net.batch(0, 1), net.batch(1, 1));

    let idle = net.timer(3, Timer::View);
    let start = net.now();
    let waits = net.deliver(3, SignedMessage::Request(net.request(0, 1)));
    let waits_too = net.deliver(3, SignedMessage::Request(net.request(1, 1)));
    net.fire(3, Timer::Status);
    let later = net.now();
    let one_executed = net.commit_at(3, 0, 1, &first);
    let none_waits = net.commit_at(3, 0, 2, &second);
    let primary = net.deliver(0, SignedMessage::Request(net.request(0, 1)));

    let set = |at| Effect::SetTimer {
        timer: Timer::View,
        at,
    };
    assert_eq!(idle, None);
    assert_eq!(waits, [set(start + VIEW_TIMEOUT)]);
    assert_eq!(waits_too, []);
    assert_ne!(start, later);
    assert_eq!(
        timer_effects(&one_executed),
        [Effect::CancelTimer(Timer::View), set(later + VIEW_TIMEOUT)]
    );
    assert_eq!(
        timer_effects(&none_waits),
        [Effect::CancelTimer(Timer::View)]
    );
    assert_eq!(timer_effects(&primary), []);
}

#[test]
fn rule_15_the_next_view_is_asked_for_with_twice_the_patience() {
    let mut net = Network::new(7);
    net.deliver(6, SignedMessage::Request(net.request(0, 1)));

    net.fire(6, Timer::View);
    let alone = net.timer(6, Timer::View);
    let mut patience = Vec::new();
    for view in 1..=3 {
        for i in 0..4 {
            net.deliver(6, SignedMessage::ViewChange(net.wish(i, view, Vec::new())));
        }
        assert_eq!(net.view(6), (view, false));
        let at = net.timer(6, Timer::View).expect("a quorum was seen");
        patience.push(at.0 - net.now().0);
        if view < 3 {
            net.fire(6, Timer::View);
            assert_eq!(net.view(6), (view + 1, false));
            assert_eq!(net.timer(6, Timer::View), None);
        }
    }

    let t = VIEW_TIMEOUT.0;
    assert_eq!(alone, None, "no timer before a quorum of VIEW-CHANGEs");
    assert_eq!(patience, [t, 2 * t, 4 * t]);
}

#[test]
fn rule_15_a_new_view_in_which_nothing_executes_is_left_with_the_same_patience_until_something_does()
 {
    let mut net = Network::new(4);
    let m = net.batch(0, 1);
    net.deliver(3, SignedMessage::Request(net.request(0, 1)));
    net.fire(3, Timer::View);
    net.deliver(3, net.new_view(1, 1, net.wishes(&[0, 1, 2], 1), &[]));
    let first = net.timer(3, Timer::View).map(|at| at.0 - net.now().0);
    net.fire(3, Timer::View);
    let left = net.view(3);
    net.deliver(3, net.new_view(2, 2, net.wishes(&[0, 1, 2], 2), &[]));
    let second = net.timer(3, Timer::View).map(|at| at.0 - net.now().0);
    net.commit_at(3, 2, 1, &m);
    net.deliver(3, SignedMessage::Request(net.request(0, 2)));
    let third = net.timer(3, Timer::View).map(|at| at.0 - net.now().0);

    let t = VIEW_TIMEOUT.0;
    assert_eq!(left, (2, false));
    assert_eq!((first, second, third), (Some(t), Some(2 * t), Some(t)));
}

#[test]
fn rule_16_f_plus_1_wishes_for_higher_views_are_joined_at_the_smallest_and_f_are_not() {
    let mut net = Network::new(7);
    let wish =
        |net: &Network, signer, view| SignedMessage::ViewChange(net.wish(signer, view, Vec::new()));

    let one = net.deliver(6, wish(&net, 1, 5));
    let again = net.deliver(6, wish(&net, 1, 6));
    let two = net.deliver(6, wish(&net, 2, 3));
    let stayed = net.view(6);
    let three = net.deliver(6, wish(&net, 3, 9));

    assert_eq!((one, again, two), (vec![], vec![], vec![]));
    assert_eq!(stayed, (0, true));
    assert_eq!(net.view(6), (3, false));
    assert!(three.contains(&Effect::ViewChanged {
        view: View(3),
        active: false
    }));
    assert_eq!(net.view_changes(6).len(), 1);
}

#[test]
fn rule_17_a_view_change_is_said_again_until_it_is_answered() {
    let mut net = Network::new(4);
    net.deliver(3, SignedMessage::Request(net.request(0, 1)));
    net.fire(3, Timer::View);
    let wish = Message::ViewChange(net.view_changes(3)[0].clone());

    let again: Vec<_> = (0..2)
        .map(|_| broadcasts(&net.fire(3, Timer::Status)))
        .collect();
    net.deliver(3, net.new_view(1, 1, net.wishes(&[0, 1, 2], 1), &[]));
    let answered = broadcasts(&net.fire(3, Timer::Status));

    let standing = |active| {
        Message::Standing(Standing {
            view: View(1),
            active,
            executed: Sequence(0),
            stable: Sequence(0),
            rejoins: None,
        })
    };
    assert_eq!(
        again,
        [[standing(false), wish.clone()], [standing(false), wish]]
    );
    assert_eq!(answered, [standing(true)]);
}

#[test]
fn rule_17_who_missed_the_new_view_is_sent_it_with_its_view_changes() {
    let mut net = Network::new(4);
    let new_view = net.new_view(1, 1, net.wishes(&[0, 1, 2], 1), &[]);
    net.deliver(0, new_view.clone());
    let standing = Standing {
        view: View(0),
        active: true,
        executed: Sequence(0),
        stable: Sequence(0),
        rejoins: None,
    };

    let to_wish = net.deliver(0, SignedMessage::ViewChange(net.wish(3, 1, Vec::new())));
    let to_standing = net.deliver(0, SignedMessage::Standing(net.sign(3, standing)));

    let forward = Effect::Forward {
        to: ReplicaId(3),
        message: Box::new(new_view),
    };
    assert_eq!(to_wish, std::slice::from_ref(&forward));
    assert_eq!(to_standing, [forward]);
}

#[test]
fn rule_17_who_says_twice_that_it_stands_still_is_sent_the_slots_that_it_lacks() {
    let mut net = Network::new(4);
    let m = net.batch(1, 1);
    net.commit_at(2, 0, 1, &m);
    let open = net.batch(0, 1);
    net.deliver(2, net.pre_prepare(0, 0, 2, &open));
    let standing = Standing {
        view: View(0),
        active: true,
        executed: Sequence(0),
        stable: Sequence(0),
        rejoins: None,
    };
    let standing = SignedMessage::Standing(net.sign(3, standing));

    let once = net.deliver(2, standing.clone());
    let twice = net.deliver(2, standing);

    let forward = |message| Effect::Forward {
        to: ReplicaId(3),
        message: Box::new(message),
    };
    assert_eq!(once, []);
    assert_eq!(
        twice,
        [
            Effect::Send {
                to: ReplicaId(3),
                message: Message::Committed(Committed {
                    proof: net.commit_certificate(2, 1),
                    batch: m,
                }),
            },
            forward(net.pre_prepare(0, 0, 2, &open)),
            forward(net.prepare(2, 0, 2, &open)),
        ]
    );
}

#[test]
fn rule_17_a_committed_slot_is_taken_with_its_proof_in_any_view_and_not_without() {
    let mut net = Network::new(4);
    let (m, other) = (net.batch(1, 1), net.batch(0, 1));
    let commit = |signer, view, batch: &Batch| match net.commit(signer, view, 1, batch) {
        SignedMessage::Commit(commit) => commit,
        _ => unreachable!(),
    };
    let with = |proof: Vec<Signed<Commit>>, batch: &Batch| {
        let batch = batch.clone();
        SignedMessage::Committed(net.sign(2, Committed { proof, batch }))
    };
    let proof = |signers: [u32; 3]| signers.map(|i| commit(i, 5, &m)).to_vec();
    let signer = ReplicaId(2);
    let flawed = |why| vec![Misbehaviour::InvalidCommitProof { signer, why }];
    let cases = [
        (
            with(proof([0, 1, 1]), &m),
            flawed(CommitFlaw::TooFewSigners),
        ),
        (with(Vec::new(), &m), flawed(CommitFlaw::TooFewSigners)),
        (
            with(
                vec![commit(0, 5, &m), commit(1, 5, &m), commit(2, 4, &m)],
                &m,
            ),
            flawed(CommitFlaw::Mixed),
        ),
        (
            with(proof([0, 1, 2]), &other),
            vec![Misbehaviour::BodyMismatch {
                signer,
                digest: m.digest(),
            }],
        ),
    ];
    let good = with(proof([0, 1, 2]), &m);
    for (message, refused) in cases {
        let effects = net.deliver(3, message);
        assert_eq!(rejects(&effects), refused);
        assert_eq!(slots(&effects), []);
    }
    let taken = net.deliver(3, good);
    assert_eq!(slots(&taken), [(1, vec![(1, 1)])]);
    assert_eq!(broadcasts(&taken), []);
}

#[test]
fn rule_17_a_process_asks_again_for_its_own_request() {
    let mut net = Network::new(4);
    net.drop_if(|parcel| is_normal(&parcel.message));
    net.order(3, 1);

    let said = broadcasts(&net.step(3, Input::Timer(Timer::Status)));

    assert!(said.contains(&Message::Request(net.request(3, 1))));
    assert_eq!(
        net.timer(3, Timer::Status),
        Some(net.now() + STATUS_INTERVAL)
    );
}

/// Orders one request of R, whose PRE-PREPARE from P comes after `delay`; gives the view afterwards.
fn served_after(net: &mut Network, timestamp: u64, delay: Duration) -> (u64, bool) {
    net.hold_if(|parcel| {
        parcel.from == 0 && matches!(parcel.message, SignedMessage::PrePrepare { .. })
    });
    net.order(2, timestamp);
    net.run_for(delay);
    net.release();
    net.run();
    net.view(3)
}

#[test]
fn rule_18_a_primary_that_serves_each_request_just_before_the_timer_is_left() {
    let (slow, quick) = (Duration::from_millis(400), Duration::from_millis(100));
    let mut net = Network::new(4);
    for timestamp in 1..8 {
        assert_eq!(served_after(&mut net, timestamp, slow), (0, true));
    }
    assert_eq!(served_after(&mut net, 8, slow), (1, true));
    assert_eq!(net.executed(3).len(), 8);

    let mut net = Network::new(4);
    for timestamp in 1..=40 {
        let delay = if timestamp % 8 == 0 { quick } else { slow };
        assert_eq!(served_after(&mut net, timestamp, delay), (0, true));
    }
    assert!(net.nobody_is_accused());
}

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

#[test]
fn rule_22_a_restarted_replica_stands_where_its_records_say() {
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
fn rule_22_a_restarted_replica_says_its_votes_again_and_its_view_change_word_for_word() {
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
fn rule_23_without_its_records_a_replica_votes_for_nothing_it_can_have_voted_for() {
    let mut net = Network::new(4);
    for timestamp in 1..=K + 2 {
        net.order(0, timestamp);
    }
    net.crash(3);
    net.restart_without_disk(3);
    let said_before = net.said(3).len();
    net.run_for(Duration::from_millis(1500));
    // The others' stable checkpoint is K: nothing above K + 2L can have its vote.
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
    // View 0 it can have left: only a view change gives the others its vote.
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
        "it votes in the view that it had left: {said:?}"
    );
    assert!(net.nobody_is_accused());
}

#[test]
fn rule_23_what_was_said_to_an_earlier_life_does_not_end_the_silence() {
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

#[test]
fn rule_24_two_view_changes_or_new_views_for_one_view_convict_their_signer() {
    let mut net = Network::new(4);
    let m = net.batch(0, 1);
    let (bare, full) = (
        net.wish(2, 1, Vec::new()),
        net.wish(2, 1, vec![net.certificate(0, 1, &m, &[1, 2])]),
    );
    net.deliver(3, SignedMessage::ViewChange(bare.clone()));
    let repeated = net.deliver(3, SignedMessage::ViewChange(bare.clone()));
    let contradicted = net.deliver(3, SignedMessage::ViewChange(full.clone()));
    assert_eq!(accusations(&repeated), []);
    assert_eq!(
        accusations(&contradicted),
        [Evidence::TwoViewChanges(bare, full)]
    );

    let mut net = Network::new(4);
    let good = || (0..3).map(|i| net.wish(i, 1, Vec::new())).collect();
    let other = || [0, 1, 3].map(|i| net.wish(i, 1, Vec::new())).to_vec();
    let (first, second) = (
        net.new_view(1, 1, good(), &[]),
        net.new_view(1, 1, other(), &[]),
    );
    net.deliver(3, first.clone());
    let repeated = net.deliver(3, first.clone());
    let contradicted = net.deliver(3, second.clone());
    assert_eq!(accusations(&repeated), []);
    assert_eq!(
        accusations(&contradicted),
        [Evidence::TwoNewViews(
            new_view_of(&first),
            new_view_of(&second)
        )]
    );
}

#[test]
fn rule_24_a_commit_that_a_later_view_change_leaves_out_convicts_its_signer() {
    let mut net = Network::new(4);
    let m = net.batch(0, 1);
    let SignedMessage::Commit(committed) = net.commit(2, 0, 1, &m) else {
        unreachable!()
    };
    let forgetful = net.wish(2, 1, Vec::new());
    let honest = net.wish(2, 1, vec![net.certificate(0, 1, &m, &[1, 2])]);
    let expected = [Evidence::ForgottenCommit(
        committed.clone(),
        forgetful.clone(),
    )];

    let mut commit_first = Network::new(4);
    commit_first.deliver(3, SignedMessage::Commit(committed.clone()));
    let found = commit_first.deliver(3, SignedMessage::ViewChange(forgetful.clone()));
    assert_eq!(accusations(&found), expected);

    let mut wish_first = Network::new(4);
    wish_first.deliver(3, SignedMessage::ViewChange(forgetful));
    let found = wish_first.deliver(3, SignedMessage::Commit(committed.clone()));
    assert_eq!(accusations(&found), expected);

    net.deliver(3, SignedMessage::Commit(committed));
    let carried = net.deliver(3, SignedMessage::ViewChange(honest));
    assert_eq!(accusations(&carried), []);
}

#[test]
fn rule_24_what_is_no_contradiction_proves_nothing() {
    let net = Network::new(4);
    let config = Config::new(ReplicaId(3), Quorum::of(4.try_into().unwrap()));
    let (m, other) = (net.batch(0, 1), net.batch(0, 2));
    let vote = |view, sequence, batch: &Batch| match net.prepare(1, view, sequence, batch) {
        SignedMessage::Prepare(prepare) => prepare,
        _ => unreachable!(),
    };
    let a = vote(0, 1, &m);
    let holds = |b| Evidence::TwoPrepares(a.clone(), b).holds(&config);
    assert!(holds(vote(0, 1, &other)));
    assert!(!holds(vote(0, 1, &m)));
    assert!(!holds(vote(2, 1, &other)));
    assert!(!holds(vote(0, 2, &other)));
    assert!(!Evidence::PrimaryPrepared(a.clone()).holds(&config));
}

#[test]
fn rule_24_after_a_disagreement_those_who_signed_both_sides_are_named() {
    let net = Network::new(4);
    let (m, other) = (net.batch(0, 1), net.batch(0, 2));
    let certificate = |view, batch: &Batch, signers: &[u32]| -> Vec<Signed<Commit>> {
        let commit = |i: &u32| match net.commit(*i, view, 1, batch) {
            SignedMessage::Commit(commit) => commit,
            _ => unreachable!(),
        };
        signers.iter().map(commit).collect()
    };
    let in_one_view = culprits(
        &certificate(0, &m, &[0, 1, 2]),
        &certificate(0, &other, &[0, 2, 3]),
        &[],
    );
    assert_eq!(in_one_view, [ReplicaId(0), ReplicaId(2)].into());

    // View 1 forgets m: of its three VIEW-CHANGEs two came from signers of m's COMMITs.
    let wishes = |view| [0, 2, 3].map(|i| net.wish(i, view, Vec::new())).to_vec();
    let forgetful = new_view_of(&net.new_view(1, 1, wishes(1), &[(1, other.digest())]));
    let later = new_view_of(&net.new_view(2, 2, wishes(2), &[(1, other.digest())]));
    let across_views = culprits(
        &certificate(2, &other, &[0, 1, 3]),
        &certificate(0, &m, &[0, 1, 2]),
        &[later, forgetful],
    );
    assert_eq!(across_views, [ReplicaId(0), ReplicaId(2)].into());
    let agreeing = culprits(
        &certificate(0, &m, &[0, 1, 2]),
        &certificate(1, &m, &[0, 2, 3]),
        &[],
    );
    assert_eq!(agreeing, [].into());
}

#[test]
fn rule_25_silence_lateness_order_and_a_differing_checkpoint_convict_nobody() {
    let mut net = Network::new(4);
    let m = net.batch(0, 1);
    net.deliver(
        3,
        SignedMessage::Checkpoint(net.checkpoint(0, K, m.digest())),
    );
    let other = net.batch(0, 2).digest();
    net.deliver(3, SignedMessage::Checkpoint(net.checkpoint(1, K, other)));
    net.deliver(3, net.commit(2, 0, 1, &m));
    net.deliver(3, net.prepare(2, 0, 1, &m));
    net.deliver(3, net.pre_prepare(0, 0, 1, &m));
    net.fire(3, Timer::View);
    net.deliver(3, net.prepare(1, 0, 1, &m));
    net.deliver(3, SignedMessage::ViewChange(net.wish(1, 1, Vec::new())));
    net.run();
    assert!(net.nobody_is_accused());
}

#[test]
fn rule_20_a_result_takes_a_quorum_of_matching_replies() {
    let quorum = Quorum::of(4.try_into().unwrap());
    let mut client = Client::new(quorum, 0);
    let net = Network::new(4);
    client.wait_for(net.verified_request(0, "c", 1));
    let reply = |view, sequence, result: &[u8]| Reply {
        view: View(view),
        client: ClientId::named("c"),
        timestamp: Timestamp(1),
        sequence: Sequence(sequence),
        result: result.to_vec(),
    };

    // One that repeats itself, one that lies, one that places it elsewhere.
    assert_eq!(client.on_reply(ReplicaId(0), reply(0, 1, b"ok")), None);
    assert_eq!(client.on_reply(ReplicaId(0), reply(0, 1, b"ok")), None);
    assert_eq!(client.on_reply(ReplicaId(1), reply(0, 1, b"no")), None);
    assert_eq!(client.on_reply(ReplicaId(2), reply(0, 2, b"ok")), None);
    assert_eq!(client.on_reply(ReplicaId(2), reply(0, 1, b"ok")), None);
    let accepted = client.on_reply(ReplicaId(3), reply(0, 1, b"ok"));
    assert_eq!(accepted.map(|a| a.result), Some(b"ok".to_vec()));
    assert_eq!(client.on_reply(ReplicaId(3), reply(0, 1, b"ok")), None);
}

#[test]
fn rule_20_requests_and_questions_of_clients_get_their_results_and_are_asked_again() {
    let mut net = Network::new(4);
    net.drop_if(|parcel| parcel.from == 1 && matches!(parcel.message, SignedMessage::Request(_)));
    net.submit_for(1, "c", 1);
    net.run();
    assert_eq!(net.results(1), []);
    net.release();
    net.run_for(Duration::from_millis(400));
    let results: Vec<_> = net.results(1).iter().map(|a| a.result.clone()).collect();
    assert_eq!(results, [b"c/1 done".to_vec()]);

    net.ask(2, b"count");
    net.run();
    assert_eq!(net.reads(2), [Read::Agreed(b"count = 1".to_vec())]);
}

#[test]
fn rule_21_the_view_that_one_replica_claims_is_not_believed() {
    let mut client = Client::new(Quorum::of(4.try_into().unwrap()), 0);
    client.wait_for(Network::new(4).verified_request(0, "c", 1));
    let reply = |view| Reply {
        view: View(view),
        client: ClientId::named("c"),
        timestamp: Timestamp(1),
        sequence: Sequence(1),
        result: Vec::new(),
    };
    assert_eq!(client.on_reply(ReplicaId(0), reply(99)), None);
    assert_eq!(client.on_reply(ReplicaId(1), reply(3)), None);
    let accepted = client.on_reply(ReplicaId(2), reply(2));
    assert_eq!(accepted.map(|a| a.view), Some(View(3)));
}

#[test]
fn rule_20_a_restarted_replica_answers_no_query_from_a_state_older_than_clients_were_told() {
    let mut net = Network::new(4);
    net.order(0, 1);
    net.crash(3);
    net.isolate(3);
    net.restart(3);
    let query = |number| {
        let operation = b"count".to_vec();
        Query { number, operation }
    };
    let older = net.deliver(3, SignedMessage::Query(net.sign(1, query(1))));
    net.heal();
    net.run_for(Duration::from_millis(1000));
    assert_eq!(net.executed(3), [(0, 1)]);
    let current = net.deliver(3, SignedMessage::Query(net.sign(1, query(2))));

    assert_eq!(older, []);
    assert!(
        matches!(
            &current[..],
            [
                Effect::Read { .. },
                Effect::Send {
                    message: Message::Answer(_),
                    ..
                }
            ]
        ),
        "{current:?}"
    );
}

#[test]
fn rule_08_who_missed_the_votes_for_its_own_checkpoint_is_told_that_it_is_stable() {
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
