//! Certificates that view changes carry, or must not lose: scenarios 1, 2, 10 and 11.

use crate::harness::{Fate, K, L, Network, is_normal};
use crate::{LONG, is_commit, is_prepare};
use quorate_protocol::certificate::PreparedCertificate;
use quorate_protocol::message::Batch;
use quorate_protocol::{Duration, Sequence, SignedMessage, Timer, View};

/// Makes two view changes. A alone has prepared slot 1 in view 0. B, C and D move to view 1 without hearing from A;
/// then all but D move to view 2. With `slot_2_at_b`, B has prepared slot 2 in view 0, so slot 1 becomes a null in view
/// 1. If `lossy`, the first votes of view 2 are lost.
pub(crate) fn stale_certificate(slot_2_at_b: bool, lossy: bool) -> Network {
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
    let committed = Batch::new(vec![net.request(0, 1), net.request(1, 1)]);
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
