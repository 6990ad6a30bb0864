//! Founding, offers and their close: what counts, and what follows.

use quorate_protocol::{ClientId, ReplicaId, Sequence};
use quorate_service::gathering::report;
use quorate_service::gathering::{Activity, Answer, Phase, Refusal};

use crate::{CLUSTER, P, Q, R, Run, S, hex, name};

#[test]
fn nothing_counts_before_the_cluster_is_founded_and_then_the_first_founding_does() {
    let mut run = Run::unfounded(4);
    let refusal = run.refused(P, "1 offer work");
    assert_eq!(refusal, Refusal::NotFounded(CLUSTER));
    assert!(refusal.to_string().contains(&hex(&CLUSTER.0)));
    let founding = run.founding();
    assert_eq!(run.say(Q, &founding), Answer::Counted);
    assert_eq!(run.state.founded(), Some(Sequence(2)));
    assert_eq!(run.say(P, &founding), Answer::Again);
    assert_eq!(run.say(P, "1 offer work"), Answer::Counted);
    let lines = run.lines(0);
    assert_eq!(
        lines,
        [
            "found cluster 5b5b5b5b, 4 nodes, 1 may lie: P=P Q=Q R=R S=S (slot 2)",
            "negotiate P offers work (slot 4)",
        ]
    );
}

#[test]
fn another_cluster_and_other_names_are_refused_with_both_printed() {
    for mut run in [Run::unfounded(4), Run::new(4)] {
        let before = run.clone();
        let other = "6c".repeat(32);
        let refusal = run
            .refused(S, &format!("found {other} P,Q,R,S"))
            .to_string();
        assert!(
            refusal.contains(&other) && refusal.contains(&hex(&CLUSTER.0)),
            "{refusal}"
        );
        let ours = hex(&CLUSTER.0);
        let refusal = run.refused(S, &format!("found {ours} P,Q,T,S")).to_string();
        assert_eq!(refusal, "node 3 of this cluster is R, not T");
        let refusal = run.refused(S, &format!("found {ours} P,Q,R")).to_string();
        assert_eq!(refusal, "this cluster has 4 nodes, not 3");
        let slot = before.slot;
        assert_eq!(
            run.since(&before),
            [
                format!(
                    "malicious S wants to found another cluster, 6c6c6c6c: refused (slot {slot})"
                ),
                format!(
                    "malicious S wants other names for the nodes: refused (slot {})",
                    slot + 1
                ),
            ]
        );
        assert_eq!(run.state.founded(), before.state.founded());
    }
}

#[test]
fn only_a_process_speaks_as_member() {
    let mut run = Run::new(4);
    let callers = [
        ClientId::named(ReplicaId(P), "alice"),
        ClientId::Key([1; 32]),
        ClientId::session(ReplicaId(4), 0),
    ];
    let before = run.clone();
    for caller in callers {
        let answer = run.as_client(caller, "1 offer work");
        assert_eq!(answer, Answer::Refused(Refusal::NotAMember));
    }
    assert_eq!(run.state, before.state);
    for session in [0, 1 << 40] {
        let answer = run.as_client(ClientId::session(ReplicaId(P), session), "1 offer work");
        assert!(answer.is_done(), "{answer}");
    }
}

#[test]
fn the_first_offer_counts_and_a_second_is_kept_with_it_as_proof() {
    let mut run = Run::new(4);
    assert_eq!(run.say(S, "1 offer work can=cores:4"), Answer::Counted);
    let before = run.clone();
    assert_eq!(run.say(S, "1 offer work can=cores:4"), Answer::Again);
    assert_eq!(run.state, before.state);
    let contradiction = Answer::Contradiction { first: Sequence(2) };
    for other in ["1 offer work can=cores:64", "1 offer auction"] {
        assert_eq!(run.say(S, other), contradiction);
    }
    assert_eq!(
        run.since(&before),
        ["malicious S made two offers: the first, in slot 2, counts (slot 4)",]
    );
    let offers: report::Offers = run.view("offers");
    assert_eq!(offers.offers[0].can[&name("cores")], 4);
    assert_eq!(
        offers.contradictions,
        [report::Contradiction {
            member: "S".into(),
            first_slot: 2,
            first: "work can=cores:4".into(),
            second_slot: 4,
            second: "work can=cores:64".into(),
        }]
    );
}

#[test]
fn an_offer_after_the_close_is_late_and_not_called_malicious() {
    let mut run = Run::new(4);
    for member in [P, Q, R] {
        run.say(member, "1 offer work");
    }
    run.close("offers");
    let before = run.clone();
    let late = Answer::Late {
        phase: Phase::Offers,
        closed: Sequence(6),
    };
    assert_eq!(run.say(S, "1 offer work"), late);
    assert_eq!(
        run.since(&before),
        ["negotiate S made its offer after the close: refused (slot 7)"]
    );
    let changed = run.say(P, "1 offer auction");
    assert_eq!(changed, Answer::Contradiction { first: Sequence(2) });
    assert_eq!(run.state.choice(), before.state.choice());
}

#[test]
fn f_members_cannot_close_a_phase_and_f_silent_ones_cannot_keep_it_open() {
    let mut run = Run::new(7);
    for member in 0..5 {
        run.say(member, "1 offer work");
    }
    // Two may lie, however often they ask.
    for member in [5, 6, 5, 6, 6] {
        run.say(member, "1 close offers");
    }
    assert_eq!(run.state.choice(), None);
    assert_eq!(run.say(0, "1 close offers"), Answer::Counted);
    assert_eq!(run.state.choice().unwrap().chosen, Some(Activity::Work));
    assert_eq!(run.say(1, "1 close offers"), Answer::Again);
    let agreement: report::Agreement = run.view("agreement");
    assert_eq!(agreement.members, ["P", "Q", "R", "S", "T"]);
    assert_eq!(agreement.slot, Some(12));
}

#[test]
fn no_common_activity_is_a_result() {
    let mut run = Run::new(4);
    for (member, activity) in [(P, "work"), (Q, "work"), (R, "auction"), (S, "vote")] {
        run.say(member, &format!("1 offer {activity}"));
    }
    let before = run.clone();
    run.close("offers");
    assert_eq!(run.state.choice().unwrap().chosen, None);
    assert_eq!(
        run.since(&before),
        [
            "negotiate closed: 4 offers (slot 7)",
            "agree no common activity: 3 members are needed; auction: offered by 1 of 4, not feasible; vote: offered by 1 of 4, not \
         feasible; work: offered by 2 of 4, not feasible (slot 7)",
        ]
    );
    assert_eq!(
        run.refused(P, "1 work job primes 0 100 2"),
        Refusal::OtherActivity {
            chosen: None,
            wanted: Activity::Work,
        }
    );
}

#[test]
fn only_what_was_agreed_on_is_done_and_only_by_those_who_take_part() {
    let mut run = Run::new(4);
    assert_eq!(run.refused(P, "1 auction lamp second"), Refusal::NotAgreed);
    for member in [P, Q, R] {
        run.say(member, "1 offer auction");
    }
    run.close("offers");
    let refusal = run.refused(P, "1 work job primes 0 100 2");
    assert_eq!(
        refusal.to_string(),
        "the members agreed on auction, not on work"
    );
    assert_eq!(
        run.refused(S, "1 auction lamp second"),
        Refusal::TakesNoPart(ReplicaId(S))
    );
    assert_eq!(run.say(P, "1 auction lamp second"), Answer::Counted);
    assert_eq!(
        run.bid(S, "lamp", 5),
        Answer::Refused(Refusal::TakesNoPart(ReplicaId(S)))
    );
}
