//! What liars sign: scenarios 3 to 6, 8, 28 and 29.

use crate::LONG;
use crate::harness::{K, Network, Parcel, accusations, rejects};
use quorate_protocol::forensics::culprits;
use quorate_protocol::message::{Batch, Request};
use quorate_protocol::misbehaviour::{CheckpointFlaw, NewViewFlaw, PreparedFlaw};
use quorate_protocol::{
    ClientId, Digest, Effect, Evidence, Misbehaviour, ReplicaId, Sequence, SignedMessage,
    Timestamp, View,
};

/// A NEW-VIEW was refused for this flaw, and its signer is proved faulty (E5).
fn assert_convicted(effects: &[Effect], signer: ReplicaId, why: NewViewFlaw) {
    assert_eq!(
        rejects(effects),
        [Misbehaviour::InvalidNewView { signer, why }]
    );
    assert_eq!(accusations(effects).len(), 1, "a signed lie");
}

#[test]
fn scenario_03_one_view_change_repeated_is_no_quorum() {
    let mut net = Network::new(4);
    let wish = net.wish(1, 1, Vec::new());

    let effects = net.deliver(3, net.new_view(1, 1, vec![wish; 3], &[]));

    assert_convicted(&effects, ReplicaId(1), NewViewFlaw::TooFewViewChanges);
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
    assert_convicted(&other_view, ReplicaId(2), NewViewFlaw::OtherView);
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
        let new_view = net.new_view(1, 1, wishes, &[(1, digest)]);
        let effects = Network::new(4).deliver(3, new_view);
        let why = NewViewFlaw::InvalidViewChange;
        assert_convicted(&effects, ReplicaId(1), why);
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
        let new_view = net.new_view(1, 1, wishes, &[]);
        let effects = Network::new(4).deliver(3, new_view);
        let why = NewViewFlaw::InvalidViewChange;
        assert_convicted(&effects, ReplicaId(1), why);
    }

    let wish = net.wish_from(2, 1, K, vec![a, b, c], Vec::new());
    assert_eq!(net.deliver(3, SignedMessage::ViewChange(wish)), []);
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
        let batch = Batch::new(vec![request.clone()]);
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
