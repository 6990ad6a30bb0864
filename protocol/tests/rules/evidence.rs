//! Evidence: rules 24 and 25.

use std::collections::BTreeSet;

use super::new_view_of;
use crate::harness::{K, L, Network, accusations, rejects};
use quorate_protocol::forensics::culprits;
use quorate_protocol::message::{
    Batch, Commit, Committed, Memory, Proof, Proved, Standing, ViewChange,
};
use quorate_protocol::{
    ClusterId, Config, Effect, Evidence, Message, Misbehaviour, Phase, Quorum, ReplicaId, Sequence,
    Signed, SignedMessage, Timer, View,
};

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

    let other = net.batch(0, 2);
    let swapped = net.wish(2, 1, vec![net.certificate(0, 1, &other, &[1, 2])]);
    let mut for_another = Network::new(4);
    for_another.deliver(3, SignedMessage::Commit(committed.clone()));
    let found = for_another.deliver(3, SignedMessage::ViewChange(swapped.clone()));
    let forgotten = Evidence::ForgottenCommit(committed.clone(), swapped);
    assert!(accusations(&found).contains(&forgotten));

    net.deliver(3, SignedMessage::Commit(committed));
    let carried = net.deliver(3, SignedMessage::ViewChange(honest));
    assert_eq!(accusations(&carried), []);
}

#[test]
pub(crate) fn rule_24_another_life_in_a_view_change_excuses_only_a_replica_that_lost_its_memory() {
    let net = Network::new(4);
    let mut config = Config::new(ReplicaId(3), Quorum::of(4.try_into().unwrap()));
    (config.checkpoint_interval, config.window) = (K, L);
    let m = net.batch(0, 1);
    let of_life = |life, stable, prepared| {
        net.sign(
            2,
            ViewChange {
                view: View(1),
                life,
                stable: Sequence(stable),
                checkpoint_proof: Vec::new(),
                prepared,
            },
        )
    };
    let full = of_life(0, 0, vec![net.certificate(0, 1, &m, &[1, 2])]);
    let bare = |life, stable| of_life(life, stable, Vec::new());
    let holds = |a: &Signed<_>, b: Signed<_>| Evidence::TwoViewChanges(a.clone(), b).holds(&config);
    assert!(holds(&full, bare(7, 0)));
    assert!(holds(&full, bare(7, L - 1)));
    assert!(holds(&bare(7, L), full.clone()) == holds(&full, bare(7, L)));
    assert!(!holds(&full, bare(7, L)));

    let mut at = Network::new(4);
    let bare = bare(7, 0);
    at.deliver(3, SignedMessage::ViewChange(full.clone()));
    let evaded = at.deliver(3, SignedMessage::ViewChange(bare.clone()));
    assert_eq!(accusations(&evaded), [Evidence::TwoViewChanges(full, bare)]);
}

/// Brings all four replicas into view 1, with nothing proposed.
fn enter_view_1(net: &mut Network) {
    let new_view = net.new_view(1, 1, net.wishes(&[0, 1, 3], 1), &[]);
    net.deliver(3, new_view);
    assert_eq!(net.view(3), (1, true));
}

#[test]
pub(crate) fn rule_24_two_votes_of_a_view_that_was_left_convict_their_signer() {
    let net = Network::new(4);
    let (m, other) = (net.batch(0, 1), net.batch(0, 2));
    let vote = |batch| net.signed_prepare(2, 0, 1, batch);
    let commit = |batch| net.signed_commit(2, 0, 1, batch);
    let proposal = |batch| net.proposal(0, 0, 1, batch);
    let cases = [
        (
            net.prepare(2, 0, 1, &m),
            net.prepare(2, 0, 1, &other),
            Evidence::TwoPrepares(vote(&m), vote(&other)),
        ),
        (
            net.commit(2, 0, 1, &m),
            net.commit(2, 0, 1, &other),
            Evidence::TwoCommits(commit(&m), commit(&other)),
        ),
        (
            net.pre_prepare(0, 0, 1, &m),
            net.pre_prepare(0, 0, 1, &other),
            Evidence::TwoPrePrepares(proposal(&m), proposal(&other)),
        ),
        (
            net.pre_prepare(0, 0, 1, &m),
            net.commit(0, 0, 1, &other),
            Evidence::CommittedOtherProposal(proposal(&m), net.signed_commit(0, 0, 1, &other)),
        ),
        (
            net.prepare(2, 0, 1, &m),
            net.commit(2, 0, 1, &other),
            Evidence::CommittedOtherPrepare(vote(&m), commit(&other)),
        ),
    ];
    for (first, second, expected) in cases {
        let mut before_and_after = Network::new(4);
        before_and_after.deliver(3, first.clone());
        enter_view_1(&mut before_and_after);
        let found = before_and_after.deliver(3, second.clone());
        assert!(accusations(&found).contains(&expected));

        let mut both_late = Network::new(4);
        enter_view_1(&mut both_late);
        both_late.deliver(3, first.clone());
        let repeated = both_late.deliver(3, first);
        let found = both_late.deliver(3, second);
        assert!(!accusations(&repeated).contains(&expected));
        assert!(accusations(&found).contains(&expected));
    }
}

#[test]
fn rule_24_votes_in_certificates_convict_too() {
    let mut net = Network::new(4);
    let (m, other) = (net.batch(0, 1), net.batch(0, 2));
    net.deliver(3, net.pre_prepare(0, 0, 1, &m));
    let shown = net.wish(1, 1, vec![net.certificate(0, 1, &other, &[1, 2])]);
    let found = net.deliver(3, SignedMessage::ViewChange(shown));
    assert_eq!(
        accusations(&found),
        [Evidence::TwoPrePrepares(
            net.proposal(0, 0, 1, &m),
            net.proposal(0, 0, 1, &other)
        )]
    );
}

#[test]
fn rule_24_a_later_certificate_does_not_make_a_replica_forget_what_the_earlier_one_held() {
    let mut net = Network::new(4);
    let (m, other) = (net.batch(0, 1), net.batch(0, 2));
    net.deliver(3, net.pre_prepare(0, 0, 1, &m));
    net.deliver(3, net.prepare(1, 0, 1, &m));
    let wishes = [0, 1, 2].map(|i| net.wish(i, 1, vec![net.certificate(0, 1, &m, &[1, 3])]));
    net.deliver(3, net.new_view(1, 1, wishes.to_vec(), &[(1, m.digest())]));
    net.deliver(3, net.prepare(2, 1, 1, &m));
    let commits = |view| {
        let commits = net.said(3).into_iter();
        let of_view =
            |said: &Message| matches!(said, Message::Commit(one) if one.view == View(view));
        commits.filter(of_view).count()
    };
    assert_eq!((commits(0), commits(1)), (1, 1));

    let found = net.deliver(3, net.pre_prepare(0, 0, 1, &other));
    let (first, second) = (net.proposal(0, 0, 1, &m), net.proposal(0, 0, 1, &other));
    assert_eq!(
        accusations(&found),
        [Evidence::TwoPrePrepares(first, second)]
    );
    let found = net.deliver(3, net.prepare(1, 0, 1, &other));
    let vote = |batch| net.signed_prepare(1, 0, 1, batch);
    assert_eq!(
        accusations(&found),
        [Evidence::TwoPrepares(vote(&m), vote(&other))]
    );
}

#[test]
fn rule_24_what_stands_in_the_new_view_on_disk_is_compared_after_a_restart() {
    let mut net = Network::new(4);
    let (m, other) = (net.batch(0, 1), net.batch(0, 2));
    let certificate = net.certificate(0, 1, &m, &[1, 2]);
    let wishes = vec![
        net.wish(0, 1, Vec::new()),
        net.wish(1, 1, Vec::new()),
        net.wish(2, 1, vec![certificate]),
    ];
    net.deliver(3, net.new_view(1, 1, wishes, &[(1, m.digest())]));
    net.crash(3);
    net.restart(3);
    assert_eq!(net.accusations(3), []);

    let found = net.deliver(3, net.pre_prepare(0, 0, 1, &other));
    let proposals = [&m, &other].map(|batch| net.proposal(0, 0, 1, batch));
    let [first, second] = proposals;
    assert_eq!(
        accusations(&found),
        [Evidence::TwoPrePrepares(first, second)]
    );
    let found = net.deliver(3, net.prepare(2, 0, 1, &other));
    let [first, second] = [&m, &other].map(|batch| net.signed_prepare(2, 0, 1, batch));
    assert_eq!(accusations(&found), [Evidence::TwoPrepares(first, second)]);
}

#[test]
fn rule_24_a_proposal_that_its_new_view_allows_proves_nothing() {
    let net = Network::new(4);
    let mut config = Config::new(ReplicaId(3), Quorum::of(4.try_into().unwrap()));
    (config.checkpoint_interval, config.window) = (K, L);
    let (m, other) = (net.batch(0, 1), net.batch(0, 2));
    let proof: Vec<_> = [0, 1, 2].map(|i| net.checkpoint(i, K, m.digest())).to_vec();
    let mut wishes = net.wishes(&[0, 2], 1);
    let certificate = net.certificate(0, K + 1, &m, &[1, 2]);
    wishes.push(net.wish_from(1, 1, K, proof, vec![certificate]));
    let start = new_view_of(&net.new_view(1, 1, wishes, &[(K + 1, m.digest())]));
    let holds = |signer, view, sequence, batch| {
        let proposal = net.proposal(signer, view, sequence, batch);
        Evidence::ProposedAgainstNewView(start.clone(), proposal).holds(&config)
    };
    assert!(holds(1, 1, K, &other) && holds(1, 1, K + 1, &other));
    assert!(!holds(1, 1, K + 1, &m));
    assert!(!holds(1, 1, K + 2, &other), "above O the primary is free");
    assert!(!holds(1, 5, K, &other), "another view");
    assert!(!holds(2, 1, K, &other), "somebody else");
}

#[test]
pub(crate) fn rule_24_a_commit_proof_that_contradicts_what_has_committed_is_told_and_convicts_who_signed_both()
 {
    let mut net = Network::new(4);
    let (m, other) = (net.batch(0, 1), net.batch(0, 2));
    net.commit_at(3, 0, 1, &m);
    let proof = |batch, signers: [u32; 3]| Committed {
        proof: signers.map(|i| net.signed_commit(i, 0, 1, batch)).to_vec(),
        batch: Batch::clone(batch),
    };
    let agreeing = net.sign(1, proof(&m, [0, 1, 2]));
    let contradicting = net.sign(1, proof(&other, [0, 1, 2]));
    let found = net.deliver(3, SignedMessage::Committed(agreeing));
    assert_eq!((accusations(&found), rejects(&found)), (vec![], vec![]));
    let found = net.deliver(3, SignedMessage::Committed(contradicting));
    let accused: BTreeSet<_> = accusations(&found).iter().map(Evidence::accused).collect();
    assert_eq!(accused, [0, 1, 2].map(ReplicaId).into());
    let (signer, sequence) = (ReplicaId(1), Sequence(1));
    assert_eq!(
        rejects(&found),
        [Misbehaviour::OtherCommitProof { signer, sequence }]
    );
}

#[test]
fn rule_24_nobody_makes_a_replica_forget_what_it_heard_first() {
    let mut net = Network::new(4);
    let (m, other) = (net.batch(0, 1), net.batch(0, 2));
    for view in 0..40 {
        net.deliver(3, net.commit(2, view, 1, &m));
    }
    assert_eq!(net.sizes(3).statements, 4);
    let found = net.deliver(3, net.commit(2, 1, 1, &other));
    assert_eq!(
        accusations(&found),
        [Evidence::TwoCommits(
            net.signed_commit(2, 1, 1, &m),
            net.signed_commit(2, 1, 1, &other)
        )]
    );
}

#[test]
fn rule_24_messages_that_do_not_contradict_each_other_prove_nothing() {
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
fn rule_24_after_a_disagreement_the_replicas_that_signed_both_sides_are_named() {
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

    // View 1 forgets m. Two of its three VIEW-CHANGEs come from replicas that signed COMMITs for m.
    let wishes = |view| [0, 2, 3].map(|i| net.wish(i, view, Vec::new())).to_vec();
    let forgetful = new_view_of(&net.new_view(1, 1, wishes(1), &[(1, other.digest())]));
    let later = new_view_of(&net.new_view(2, 2, wishes(2), &[(1, other.digest())]));
    let across_views = culprits(
        &certificate(2, &other, &[0, 1, 3]),
        &certificate(0, &m, &[0, 1, 2]),
        &[later, forgetful],
    );
    assert_eq!(across_views, [ReplicaId(0), ReplicaId(2)].into());
    // A replica whose VIEW-CHANGE shows what it had committed is not named, even if the view begins with another batch.
    let honest = net.wish(0, 2, vec![net.certificate(0, 1, &m, &[1, 2])]);
    let wishes = vec![
        honest,
        net.wish(2, 2, Vec::new()),
        net.wish(3, 2, Vec::new()),
    ];
    let later = new_view_of(&net.new_view(2, 2, wishes, &[(1, other.digest())]));
    let not_all_forgot = culprits(
        &certificate(0, &m, &[0, 1, 2]),
        &certificate(2, &other, &[1, 2, 3]),
        &[later],
    );
    assert_eq!(not_all_forgot, [ReplicaId(2)].into());

    // A replica that agreed to both batches in one view is named too, if a certificate shows it.
    let misled = net.wish(3, 1, vec![net.certificate(0, 1, &other, &[1, 3])]);
    let shown = new_view_of(&net.new_view(1, 1, vec![misled], &[(1, other.digest())]));
    let agreed_to_both = culprits(
        &certificate(0, &m, &[0, 1, 2]),
        &certificate(1, &other, &[0, 1, 3]),
        &[shown],
    );
    assert_eq!(agreed_to_both, [ReplicaId(0), ReplicaId(1)].into());

    // A replica that shows a certificate of that view for the other batch also leaves out what it had committed.
    let evasive = net.wish(2, 1, vec![net.certificate(0, 1, &other, &[1, 3])]);
    let shown = new_view_of(&net.new_view(1, 1, vec![evasive], &[(1, other.digest())]));
    let evaded = culprits(
        &certificate(0, &m, &[0, 1, 2]),
        &certificate(1, &other, &[0, 1, 3]),
        &[shown],
    );
    assert_eq!(evaded, [0, 1, 2].map(ReplicaId).into());

    // View 1 begins above the slot, by the VIEW-CHANGEs of two replicas that later commit something else in that slot.
    let above = |i| net.wish_from(i, 1, K, Vec::new(), Vec::new());
    let wishes = vec![above(0), above(1), above(2)];
    let begun_above = new_view_of(&net.new_view(1, 1, wishes, &[]));
    let in_what_is_stable = culprits(
        &certificate(0, &m, &[0, 1, 2]),
        &certificate(1, &other, &[0, 1, 3]),
        &[begun_above],
    );
    assert_eq!(in_what_is_stable, [ReplicaId(0), ReplicaId(1)].into());
    let agreeing = culprits(
        &certificate(0, &m, &[0, 1, 2]),
        &certificate(1, &m, &[0, 2, 3]),
        &[],
    );
    assert_eq!(agreeing, [].into());
}

#[test]
fn rule_25_silence_delay_reordering_and_a_different_checkpoint_convict_nobody() {
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

/// Replica 3 has committed the batch in slot 1 with the votes of the others but 2.
fn committed_without_2(net: &mut Network, m: &Batch) {
    net.deliver(3, net.pre_prepare(0, 0, 1, m));
    net.deliver(3, net.prepare(1, 0, 1, m));
    for voter in [0, 1] {
        net.deliver(3, net.commit(voter, 0, 1, m));
    }
    assert_eq!(net.slot(3, 1).phase, Phase::Executed);
}

#[test]
pub(crate) fn rule_24_a_vote_that_nobody_has_checked_convicts_its_signer_once_it_contradicts_itself()
 {
    let net = Network::new(4);
    let (m, other) = (net.batch(0, 1), net.batch(0, 2));
    let (prepare, commit) = (
        net.signed_prepare(2, 0, 1, &m),
        net.signed_commit(2, 0, 1, &m),
    );
    let (other_prepare, other_commit) = (
        net.signed_prepare(2, 0, 1, &other),
        net.signed_commit(2, 0, 1, &other),
    );
    let forgetful = net.wish(2, 1, Vec::new());
    let votes = || {
        [
            SignedMessage::Prepare(prepare.clone()),
            SignedMessage::Commit(commit.clone()),
        ]
    };
    let cases = [
        (
            SignedMessage::Prepare(other_prepare.clone()),
            vec![
                Evidence::TwoPrepares(prepare.clone(), other_prepare.clone()),
                Evidence::CommittedOtherPrepare(other_prepare, commit.clone()),
            ],
        ),
        (
            SignedMessage::Commit(other_commit.clone()),
            vec![Evidence::CommittedOtherPrepare(
                prepare.clone(),
                other_commit,
            )],
        ),
        (
            SignedMessage::ViewChange(forgetful.clone()),
            vec![Evidence::ForgottenCommit(commit.clone(), forgetful)],
        ),
    ];
    for (lie, proofs) in cases {
        for left in [false, true] {
            let mut net = Network::new(4);
            committed_without_2(&mut net, &m);
            for vote in votes() {
                assert_eq!(net.checks_for(3, &vote), 0, "{vote:?}");
                assert_eq!(net.deliver(3, vote), []);
            }
            if left {
                for wish in net.wishes(&[0, 1], 1) {
                    net.deliver(3, SignedMessage::ViewChange(wish));
                }
                assert_eq!(net.view(3), (1, false));
            }
            assert_eq!(accusations(&net.deliver(3, lie.clone())), proofs, "{lie:?}");
        }
    }
}

#[test]
fn rule_24_a_false_signature_under_a_vote_that_decides_nothing_convicts_nobody() {
    let mut net = Network::new(4);
    let (m, other) = (net.batch(0, 1), net.batch(0, 2));
    committed_without_2(&mut net, &m);
    let elsewhere = Network::in_cluster(ClusterId([9; 32]), 4, |_| {});
    for vote in [
        elsewhere.prepare(2, 0, 1, &m),
        elsewhere.commit(2, 0, 1, &m),
    ] {
        assert_eq!(net.deliver(3, vote), []);
    }
    net.deliver(3, net.prepare(2, 0, 1, &other));
    assert_eq!(net.accusations(3), []);
}

/// The proof that a replica has broadcast last.
fn proof_shown_by(net: &Network, i: u32, effects: &[Effect]) -> SignedMessage {
    let shown = effects.iter().find_map(|effect| match effect {
        Effect::Broadcast(Message::Proof(proof))
        | Effect::Send {
            message: Message::Proof(proof),
            ..
        } => Some(proof.clone()),
        _ => None,
    });
    SignedMessage::Proof(net.sign(i, shown.expect("a proof is shown")))
}

/// Replica 3 sees two PREPAREs of replica 2, and shows the proof. Nobody else has seen both.
fn replica_3_shows_a_proof(net: &mut Network) -> (Evidence, SignedMessage) {
    let (m, other) = (net.batch(0, 1), net.batch(0, 2));
    net.deliver(3, net.prepare(2, 0, 1, &m));
    let seen = net.deliver(3, net.prepare(2, 0, 1, &other));
    let evidence = Evidence::TwoPrepares(
        net.signed_prepare(2, 0, 1, &m),
        net.signed_prepare(2, 0, 1, &other),
    );
    assert_eq!(accusations(&seen), std::slice::from_ref(&evidence));
    let shown = proof_shown_by(net, 3, &seen);
    (evidence, shown)
}

#[test]
pub(crate) fn rule_24_a_proof_is_shown_to_the_others_who_keep_the_first_of_its_kind_for_good() {
    let mut net = Network::new(4);
    let (evidence, shown) = replica_3_shows_a_proof(&mut net);
    let taken = net.deliver(1, shown.clone());
    assert_eq!(accusations(&taken), std::slice::from_ref(&evidence));
    assert_eq!(
        net.checks_for(1, &shown),
        0,
        "a second one is not looked at"
    );
    assert_eq!(net.deliver(1, shown), []);
    let another = Evidence::TwoPrepares(
        net.signed_prepare(2, 0, 2, &net.batch(0, 1)),
        net.signed_prepare(2, 0, 2, &net.batch(0, 2)),
    );
    let another = SignedMessage::Proof(net.sign(0, Proof { evidence: another }));
    assert_eq!(net.deliver(1, another), [], "of this kind one is enough");
    net.crash(1);
    net.restart(1);
    let kept: Vec<_> = net.replica(1).proofs().cloned().collect();
    assert_eq!(kept, [evidence], "it is on disk");
}

#[test]
fn rule_24_a_replica_that_says_which_proofs_it_has_gets_those_that_it_lacks() {
    let mut net = Network::new(4);
    let (evidence, _) = replica_3_shows_a_proof(&mut net);
    let standing = |net: &Network, proved| {
        SignedMessage::Standing(net.sign(
            1,
            Standing {
                view: View(0),
                active: true,
                executed: Sequence(0),
                stable: Sequence(0),
                memory: Memory::Whole,
                proved,
            },
        ))
    };
    let lacks = standing(&net, Proved::none());
    let sent = net.deliver(3, lacks);
    let proof = proof_shown_by(&net, 3, &sent);
    assert_eq!(
        accusations(&net.deliver(1, proof)),
        std::slice::from_ref(&evidence)
    );
    let has = standing(
        &net,
        [(evidence.accused(), evidence.kind())]
            .into_iter()
            .collect(),
    );
    assert_eq!(net.deliver(3, has), []);
}

#[test]
fn rule_24_a_proof_that_proves_nothing_is_refused_whoever_sends_it() {
    let mut net = Network::new(4);
    let m = net.batch(0, 1);
    let same = net.signed_prepare(2, 0, 1, &m);
    let evidence = Evidence::TwoPrepares(same.clone(), same);
    let proof = SignedMessage::Proof(net.sign(1, Proof { evidence }));
    let (signer, accused) = (ReplicaId(1), ReplicaId(2));
    assert_eq!(
        net.checks_for(3, &proof),
        0,
        "no signature is checked for it"
    );
    assert_eq!(
        rejects(&net.deliver(3, proof)),
        [Misbehaviour::FalseProof { signer, accused }]
    );
    let elsewhere = Network::in_cluster(ClusterId([9; 32]), 4, |_| {});
    let evidence = Evidence::TwoPrepares(
        elsewhere.signed_prepare(2, 0, 1, &m),
        elsewhere.signed_prepare(2, 0, 1, &elsewhere.batch(0, 2)),
    );
    let proof = SignedMessage::Proof(net.sign(1, Proof { evidence }));
    assert_eq!(
        rejects(&net.deliver(3, proof)),
        [Misbehaviour::BadSignature { signer: accused }]
    );
    assert!(net.nobody_is_accused());
}

#[test]
fn rule_24_a_proof_comes_back_from_its_bytes() {
    let mut net = Network::new(4);
    let (evidence, _) = replica_3_shows_a_proof(&mut net);
    let bytes = evidence.encode();
    assert_eq!(Evidence::decode(&bytes), Ok(evidence));
    assert!(Evidence::decode(&bytes[..bytes.len() - 1]).is_err());
    assert!(Evidence::decode(&[&bytes[..], &[0]].concat()).is_err());
}
