//! What follows from a proof: rule 30.

use super::{commit, prepare};
use crate::harness::{K, Network, VIEW_TIMEOUT, accusations, broadcasts, rejects, slots};
use quorate_protocol::message::{Committed, Memory, Proof, Proved, Stable, Standing};
use quorate_protocol::{
    Evidence, Misbehaviour, ReplicaId, Sequence, Signed, SignedMessage, Timer, View,
};

/// Two PREPAREs of one replica for a slot, as replica 1 shows them.
fn proof(net: &Network, accused: u32, sequence: u64) -> SignedMessage {
    let vote = |number| net.signed_prepare(accused, 0, sequence, &net.batch(0, number));
    let evidence = Evidence::TwoPrepares(vote(1), vote(2));
    SignedMessage::Proof(net.sign(1, Proof { evidence }))
}

/// A proof that a replica has signed two VIEW-CHANGEs for view 40, as replica 1 shows it.
fn later_proof(net: &Network, accused: u32) -> SignedMessage {
    let certificate = net.certificate(0, 1, &net.batch(0, 1), &[1, 2]);
    let (bare, full) = (
        net.wish(accused, 40, Vec::new()),
        net.wish(accused, 40, vec![certificate]),
    );
    let evidence = Evidence::TwoViewChanges(bare, full);
    SignedMessage::Proof(net.sign(1, Proof { evidence }))
}

/// A cluster in which replica 3 has a proof against another one.
fn convicted(n: u32, accused: u32) -> Network {
    let mut net = Network::new(n);
    net.deliver(3, proof(&net, accused, 7));
    assert!(net.replica(3).convicts(ReplicaId(accused)));
    net
}

fn wish(net: &Network, signer: u32, view: u64) -> SignedMessage {
    SignedMessage::ViewChange(net.wish(signer, view, Vec::new()))
}

#[test]
pub(crate) fn rule_30_what_a_replica_proved_faulty_says_itself_counts_no_more() {
    let mut net = convicted(4, 2);
    let m = net.batch(0, 1);
    net.deliver(3, net.pre_prepare(0, 0, 1, &m));
    let vote = net.prepare(2, 0, 1, &m);
    assert_eq!(net.checks_for(3, &vote), 0, "its signature is not checked");
    assert_eq!(net.deliver(3, vote), []);
    assert_eq!(net.slot(3, 1).prepares, 1, "its own");
    let prepared = net.deliver(3, net.prepare(1, 0, 1, &m));
    assert_eq!(broadcasts(&prepared), [commit(0, 1, &m)]);
    for i in [0, 2] {
        assert_eq!(net.deliver(3, net.commit(i, 0, 1, &m)), []);
    }
    let committed = net.deliver(3, net.commit(1, 0, 1, &m));
    assert_eq!(slots(&committed), [(1, vec![(0, 1)])]);

    for sequence in 2..=K {
        net.commit_at(3, 0, sequence, &net.batch(0, sequence));
    }
    let digest = net.checkpoints(3)[0].digest;
    let mut checkpointed = |i| {
        let vote = net.checkpoint(i, K, digest);
        net.deliver(3, SignedMessage::Checkpoint(vote));
        net.status(3).low_watermark
    };
    assert_eq!(
        [0, 2, 1].map(&mut checkpointed),
        [0, 0, K].map(Sequence),
        "its own, that of 0 and that of 1 make it stable"
    );

    let mut net = convicted(4, 2);
    for (i, view) in [(0, 0), (2, 0), (1, 3)] {
        net.deliver(3, wish(&net, i, 3));
        assert_eq!(net.view(3).0, view, "{i} asks");
    }
    assert!(
        net.replica(3)
            .asked_for(View(3))
            .iter()
            .all(|one| one.0 != 2)
    );
}

#[test]
fn rule_30_what_a_replica_proved_faulty_has_signed_counts_in_what_others_show() {
    let mut net = convicted(4, 2);
    let m = net.batch(0, 1);
    let commits = |net: &Network| [0, 1, 2].map(|i| net.signed_commit(i, 0, 1, &m)).to_vec();
    let (proof, batch) = (commits(&net), m.clone());
    let shown = SignedMessage::Committed(net.sign(0, Committed { proof, batch }));
    assert_eq!(slots(&net.deliver(3, shown)), [(1, vec![(0, 1)])]);

    let mut net = convicted(4, 2);
    let certificate = net.certificate(0, 1, &m, &[1, 2]);
    let wishes = [0, 1, 2].map(|i| net.wish(i, 1, vec![certificate.clone()]));
    net.deliver(3, net.pre_prepare(0, 0, 1, &m));
    let new_view = net.new_view(1, 1, wishes.to_vec(), &[(1, m.digest())]);
    let entered = net.deliver(3, new_view);
    assert_eq!(net.view(3), (1, true));
    assert_eq!(broadcasts(&entered), [prepare(1, 1, &m)]);

    let mut net = convicted(4, 2);
    for sequence in 1..=K {
        net.commit_at(3, 0, sequence, &net.batch(0, sequence));
    }
    let digest = net.checkpoints(3)[0].digest;
    let proof = [0, 1, 2].map(|i| net.checkpoint(i, K, digest)).to_vec();
    let recall = None;
    net.deliver(
        3,
        SignedMessage::Stable(net.sign(0, Stable { proof, recall })),
    );
    assert_eq!(net.status(3).low_watermark, Sequence(K));
}

#[test]
pub(crate) fn rule_30_a_primary_proved_faulty_is_left_at_once_and_a_wanted_one_once_a_quorum_asks()
{
    let mut net = Network::new(7);
    net.deliver(3, proof(&net, 0, 7));
    assert_eq!(net.view(3), (1, false), "nothing waits, and no timer runs");
    net.deliver(3, proof(&net, 1, 7));
    assert_eq!(net.view(3), (1, false), "no quorum has left view 0");
    for i in [2, 4, 5] {
        net.deliver(3, wish(&net, i, 1));
        assert_eq!(net.view(3), (1, false));
    }
    net.deliver(3, wish(&net, 6, 1));
    assert_eq!(net.view(3), (2, false), "with its own these are five");
    let late = net.new_view(1, 1, net.wishes(&[2, 3, 4, 5, 6], 1), &[]);
    net.deliver(3, late);
    assert_eq!(net.view(3), (2, false));

    for i in [2, 4, 5, 6] {
        net.deliver(3, wish(&net, i, 2));
    }
    let at = net.timer(3, Timer::View).expect("a quorum asks for view 2");
    assert_eq!(
        at,
        net.now() + VIEW_TIMEOUT,
        "no time was lost, so none is added"
    );
    net.fire(3, Timer::View);
    assert_eq!(net.view(3), (3, false));

    let mut follows = convicted(7, 1);
    let new_view = follows.new_view(1, 1, follows.wishes(&[0, 2, 4, 5, 6], 1), &[]);
    follows.deliver(3, new_view);
    assert_eq!(follows.view(3), (0, true), "it follows no NEW-VIEW of 1");
}

#[test]
fn rule_30_a_replica_that_starts_again_leaves_a_primary_that_it_had_proved_faulty() {
    let mut net = convicted(4, 1);
    net.fire_if_set(3, Timer::View);
    net.deliver(3, SignedMessage::Request(net.request(2, 1)));
    net.fire(3, Timer::View);
    assert_eq!(net.view(3), (1, false));
    net.crash(3);
    net.restart(3);
    assert_eq!(net.view(3), (1, false), "no quorum asks yet");
    for i in [0, 2] {
        net.deliver(3, wish(&net, i, 1));
    }
    assert_eq!(net.view(3), (2, false));
}

#[test]
fn rule_30_the_message_that_completes_a_proof_does_not_count() {
    let mut net = Network::new(4);
    let (m, other) = (net.batch(0, 1), net.batch(0, 2));
    net.deliver(3, net.commit(2, 0, 1, &other));
    net.deliver(3, net.pre_prepare(0, 0, 1, &m));
    let lie = net.deliver(3, net.prepare(2, 0, 1, &m));
    assert_eq!(accusations(&lie).len(), 1);
    assert_eq!(net.slot(3, 1).prepares, 1, "its own");
}

#[test]
fn rule_30_decisions_go_on_without_any_timer_once_the_primary_is_proved_faulty() {
    let mut net = Network::new(4);
    net.isolate(0);
    let (m, other) = (net.batch(1, 1), net.batch(1, 2));
    net.deliver(3, net.pre_prepare(0, 0, 1, &m));
    net.deliver(3, net.pre_prepare(0, 0, 1, &other));
    net.submit(1, 1);
    net.run();
    for i in 1..4 {
        assert_eq!(net.view(i), (1, true));
        assert_eq!(net.executed(i), [(1, 1)]);
    }
}

#[test]
fn rule_30_where_more_than_f_are_proved_faulty_nothing_is_decided_by_their_votes() {
    let mut net = convicted(4, 2);
    net.deliver(3, later_proof(&net, 1));
    let m = net.batch(0, 1);
    assert_eq!(slots(&net.commit_at(3, 0, 1, &m)), []);
    assert_eq!(net.view(3), (0, true));
}

#[test]
pub(crate) fn rule_30_a_pardoned_replica_counts_again_until_it_lies_anew_also_after_a_restart() {
    let mut net = convicted(4, 2);
    let old = proof(&net, 2, 7);
    net.deliver(3, net.pre_prepare(0, 0, 8, &net.batch(0, 9)));
    net.pardon(3, 2, 0);
    for _ in 0..2 {
        let replica = net.replica(3);
        assert!(!replica.convicts(ReplicaId(2)));
        assert_eq!(
            (replica.proofs().count(), replica.pardoned().count()),
            (0, 1)
        );
        assert_eq!(net.checks_for(3, &old), 0, "it is of before the pardon");
        assert_eq!(net.deliver(3, old.clone()), []);
        net.crash(3);
        net.restart(3);
    }
    let m = net.batch(0, 1);
    net.deliver(3, net.pre_prepare(0, 0, 1, &m));
    let counted = net.deliver(3, net.prepare(2, 0, 1, &m));
    assert_eq!(broadcasts(&counted), [commit(0, 1, &m)]);

    assert_eq!(
        accusations(&net.deliver(3, proof(&net, 2, 8))),
        [],
        "slot 8 was under way"
    );
    let anew = net.deliver(3, later_proof(&net, 2));
    assert_eq!(accusations(&anew).len(), 1);
    assert!(net.replica(3).convicts(ReplicaId(2)));
    net.pardon(3, 1, 0);
    assert!(
        net.replica(3).convicts(ReplicaId(2)),
        "1 was pardoned, not 2"
    );
    net.crash(3);
    net.restart(3);
    assert!(net.replica(3).convicts(ReplicaId(2)));
    assert_eq!(net.replica(3).pardoned().count(), 1);
}

#[test]
pub(crate) fn rule_30_a_lie_on_its_way_is_pardoned_with_those_that_have_come_whether_they_proved_anything_or_not()
 {
    for mut net in [convicted(4, 2), Network::new(4)] {
        net.pardon(3, 2, 9);
        assert_eq!(
            accusations(&net.deliver(3, proof(&net, 2, 9))),
            [],
            "2 says that it had signed things up to slot 9"
        );
        assert!(!net.replica(3).convicts(ReplicaId(2)));
        net.crash(3);
        net.restart(3);
        assert_eq!(accusations(&net.deliver(3, proof(&net, 2, 9))), []);
        assert_eq!(accusations(&net.deliver(3, proof(&net, 2, 10))).len(), 1);
    }
}

#[test]
fn rule_30_a_standing_that_names_a_stranger_is_refused() {
    let mut net = Network::new(4);
    let kind = quorate_protocol::evidence::Kind::E1;
    let standing = |proved: Proved| -> Signed<Standing> {
        net.sign(
            1,
            Standing {
                view: View(0),
                active: true,
                executed: Sequence(0),
                stable: Sequence(0),
                memory: Memory::Whole,
                proved,
            },
        )
    };
    let of = |names: std::ops::Range<u32>| names.map(|i| (ReplicaId(i), kind)).collect();
    let (all, one_more) = (standing(of(0..4)), standing(of(0..5)));
    assert_eq!(rejects(&net.deliver(3, SignedMessage::Standing(all))), []);
    let one_more = SignedMessage::Standing(one_more);
    assert_eq!(net.checks_for(3, &one_more), 0);
    let signer = ReplicaId(1);
    assert_eq!(
        net.judge(3, &one_more),
        Err(Misbehaviour::StrangerProved { signer })
    );
}
