//! View changes: rules 10 to 13.

use super::{new_view_of, prepare};
use crate::harness::{K, L, Network, accusations, broadcasts, persisted, rejects};
use quorate_protocol::message::{Batch, Body, Fetch, NewView, ViewChange};
use quorate_protocol::misbehaviour::{CheckpointFlaw, NewViewFlaw, PreparedFlaw};
use quorate_protocol::{
    Digest, Effect, Evidence, Message, Misbehaviour, Record, ReplicaId, Sequence, SignedMessage,
    Timer, View,
};

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
    let before = net.slot(3, K + 2);
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
    assert_eq!(net.slot(3, K + 2), before);
}

/// Executing what a quorum of COMMITs proves is not voting, so a replica that has left the view may do it.
#[test]
fn rule_10_a_replica_between_views_executes_what_a_quorum_of_commits_proves_but_sends_nothing() {
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
fn rule_10_a_body_that_arrives_between_views_causes_no_vote() {
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
fn rule_11_a_view_change_with_an_invalid_certificate_is_refused() {
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
        view_changes: net.new_views(3)[0].view_changes.clone(),
        chosen,
    };
    assert_eq!(net.new_views(3), [new_view]);

    // A backup accepts the same choice for these three, including what only the third has.
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
fn rule_12_a_new_view_that_does_not_follow_from_its_view_changes_is_refused() {
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
            "{why}: it asks for the next view"
        );

        let mut fresh = Network::new(4);
        let effects = fresh.deliver(3, message.clone());
        assert_eq!(rejects(&effects), [refused]);
        // The PRE-PREPAREs beside the signed part prove nothing.
        let proved = if why == NewViewFlaw::UnsignedProposals {
            Vec::new()
        } else {
            vec![Evidence::WrongNewView(new_view_of(&message))]
        };
        assert_eq!(accusations(&effects), proved, "{why}");
        assert_eq!(
            fresh.view(3),
            (0, true),
            "in a view that it does not ask for, it only refuses"
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
        net.wish(1, 1, certificates[..1].to_vec()),
        net.wish(2, 1, certificates[..1].to_vec()),
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
pub(crate) fn rule_13_a_backup_agrees_to_nothing_that_its_new_view_settles_or_has_another_batch_for()
 {
    let net = Network::new(4);
    let (m, other) = (net.batch(0, 1), net.batch(0, 2));
    let proof: Vec<_> = [0, 1, 2].map(|i| net.checkpoint(i, K, m.digest())).to_vec();
    let mut wishes = net.wishes(&[0, 2], 1);
    let certificate = net.certificate(0, K + 1, &m, &[1, 2]);
    wishes.push(net.wish_from(1, 1, K, proof, vec![certificate]));
    let start = net.new_view(1, 1, wishes, &[(K + 1, m.digest())]);
    // The state at K has not come yet, and the body of m neither. After a restart nothing is proposed in slot K + 1.
    let started = || {
        let mut net = Network::new(4);
        net.deliver(3, start.clone());
        net.crash(3);
        net.restart(3);
        let status = net.status(3);
        assert_eq!(
            (net.view(3), status.low_watermark),
            ((1, true), Sequence(0))
        );
        net
    };

    for sequence in [1, K, K + 1] {
        let found = started().deliver(3, net.pre_prepare(1, 1, sequence, &other));
        let voted = |message: &Message| matches!(message, Message::Prepare(_));
        assert!(!broadcasts(&found).iter().any(voted), "slot {sequence}");
        let why = Misbehaviour::NotInNewView {
            signer: ReplicaId(1),
            view: View(1),
            sequence: Sequence(sequence),
        };
        assert_eq!(rejects(&found), [why]);
        let proposal = net.proposal(1, 1, sequence, &other);
        let against = Evidence::ProposedAgainstNewView(new_view_of(&start), proposal);
        assert_eq!(accusations(&found)[0], against);
    }
    let mut net = started();
    for (sequence, batch) in [(K + 1, &m), (K + 2, &other)] {
        let agreed = net.deliver(3, net.pre_prepare(1, 1, sequence, batch));
        assert_eq!(broadcasts(&agreed), [prepare(1, sequence, batch)]);
        assert_eq!(accusations(&agreed), []);
    }
}
