//! Quorums and the normal case: rules 1 to 7.

use super::{commit, pre_prepare, prepare};
use crate::harness::{L, Network, accusations, broadcasts, convicts, key_of, persisted, slots};
use quorate_protocol::message::{Batch, Body, Fetch, Replies, Reply, Request};
use quorate_protocol::{
    ClusterId, Effect, Evidence, Message, Misbehaviour, Record, ReplicaId, Sequence, SignedMessage,
    Timer, Timestamp, View,
};

#[test]
pub(crate) fn rule_01_only_distinct_senders_with_checked_signatures_of_this_cluster_count() {
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
pub(crate) fn rule_02_a_pre_prepare_counts_only_from_the_primary_in_the_view_and_window_with_its_body()
 {
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
    let foreign = Request::new(ReplicaId(2).into(), Timestamp(1), Vec::new());
    let foreign = Batch::new(vec![net.sign(1, foreign)]);

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
                client: ReplicaId(2).into(),
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
    let highest = net.deliver(3, net.pre_prepare(0, 0, L, &other));
    assert_eq!(broadcasts(&accepted), [prepare(0, 1, &m)]);
    assert_eq!(again, []);
    let evidence =
        Evidence::TwoPrePrepares(net.proposal(0, 0, 1, &m), net.proposal(0, 0, 1, &other));
    let why = Misbehaviour::Equivocation {
        signer,
        view,
        sequence,
    };
    let mut to_a_liar = Network::new(4);
    to_a_liar.deliver(3, net.pre_prepare(0, 0, 1, &m));
    let second = to_a_liar.deliver(3, net.pre_prepare(0, 0, 1, &other));
    assert_eq!(second[..3], convicts(evidence));
    assert_eq!(second.last(), Some(&Effect::Reject(why)));
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
pub(crate) fn rule_03_no_prepare_before_the_body_is_held_and_a_missing_body_is_fetched() {
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
fn rule_03_a_backup_agrees_to_a_null_batch_once_whatever_other_slots_have_one() {
    let mut net = Network::new(4);
    let null = Batch::null();
    for sequence in 1..=8 {
        let effects = net.deliver(3, net.pre_prepare(0, 0, sequence, &null));
        assert_eq!(broadcasts(&effects), [prepare(0, sequence, &null)]);
        assert_eq!(persisted(&effects).len(), 1, "slot {sequence}");
    }
}

#[test]
fn rule_04_preparing_needs_2f_backups_and_never_counts_the_primary() {
    let mut net = Network::new(4);
    let m = net.batch(0, 1);

    let proposed = net.deliver(3, net.pre_prepare(0, 0, 1, &m));
    let mut to_a_liar = Network::new(4);
    to_a_liar.deliver(3, net.pre_prepare(0, 0, 1, &m));
    let primary = to_a_liar.deliver(3, net.prepare(0, 0, 1, &m));
    let other_batch = net.deliver(3, net.prepare(2, 0, 1, &net.batch(0, 2)));
    let backup = net.deliver(3, net.prepare(1, 0, 1, &m));

    assert_eq!(broadcasts(&proposed), [prepare(0, 1, &m)]);
    let evidence = Evidence::PrimaryPrepared(net.signed_prepare(0, 0, 1, &m));
    assert_eq!(evidence.accused(), ReplicaId(0));
    let why = Misbehaviour::PrimaryPrepared {
        signer: ReplicaId(0),
    };
    assert_eq!(primary[..3], convicts(evidence));
    assert_eq!(primary.last(), Some(&Effect::Reject(why)));
    assert_eq!(to_a_liar.slot(3, 1).prepares, 1);
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
    let why = Misbehaviour::ConflictingVotes {
        signer,
        view,
        sequence,
    };
    assert_eq!(second[..3], convicts(evidence));
    assert_eq!(second[3..], [Effect::Reject(why)]);
    assert_eq!(broadcasts(&fourth), [commit(0, 1, &m)]);
}

#[test]
fn rule_05_a_slot_executes_once_committed_and_strictly_in_order() {
    let mut net = Network::new(4);
    let (first, second) = (net.batch(0, 1), net.batch(1, 1));

    let early = net.commit_at(3, 0, 2, &second);
    net.deliver(3, net.pre_prepare(0, 0, 1, &first));
    net.deliver(3, net.prepare(1, 0, 1, &first));
    let one = net.deliver(3, net.commit(1, 0, 1, &first));
    let conflicting = net.deliver(3, net.commit(1, 0, 1, &second));
    let quorum = net.deliver(3, net.commit(2, 0, 1, &first));

    assert_eq!(slots(&early), []);
    assert_eq!(one, []);
    let evidence = Evidence::TwoCommits(
        net.signed_commit(1, 0, 1, &first),
        net.signed_commit(1, 0, 1, &second),
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
    let batch = |timestamp| Batch::new(vec![net.keyed_request(2, "c", timestamp)]);
    let (m, earlier) = (batch(5), batch(4));
    // Another process carries a request of the same client.
    let again = net.keyed_request(1, "c", 5);
    let old = net.keyed_request(2, "c", 4);

    let executed = net.commit_at(3, 0, 1, &m);
    let second_slot = net.commit_at(3, 0, 2, &m);
    let same = net.deliver(3, SignedMessage::Request(again.clone()));
    let older = net.deliver(3, SignedMessage::Request(old));
    let older_slot = net.commit_at(3, 0, 3, &earlier);

    let (client, timestamp) = (key_of("c").client(), Timestamp(5));
    let request = again.value().digest();
    let reply_to = |to| Effect::Send {
        to: ReplicaId(to),
        message: Message::Replies(Replies {
            replies: vec![Reply {
                view: View(0),
                client,
                timestamp,
                request,
                sequence: Sequence(1),
                result: Some(b"c/5 done".to_vec()),
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
pub(crate) fn rule_07_the_primary_batches_waiting_requests_and_keeps_slots_in_flight_up_to_the_window()
 {
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
    let batch = |net: &Network, clients: &[u32]| {
        Batch::new(clients.iter().map(|i| net.request(*i, 1)).collect())
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
