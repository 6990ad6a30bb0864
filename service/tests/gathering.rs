//! The gathering: what members may order, what counts, who is named, and what everybody sees.
#![allow(clippy::unwrap_used)]

use std::num::NonZeroU32;

use proptest::collection::vec;
use proptest::prelude::*;
use quorate_protocol::{ClientId, ClusterId, Part, Quorum, ReplicaId, Sequence};
use quorate_service::BadSnapshot;
use quorate_service::gathering::report;
use quorate_service::gathering::{
    Activity, Answer, BadCommand, Command, Gathering, KEPT, MOST_MISDEEDS, MOST_OPENED, Membership,
    Name, Phase, Refusal, Verb, commitment,
};

const CLUSTER: ClusterId = ClusterId([0x5b; 32]);
const SALT: [u8; 32] = [0x0c; 32];
const P: u32 = 0;
const Q: u32 = 1;
const R: u32 = 2;
const S: u32 = 3;

/// A gathering, and the next slot.
#[derive(Clone)]
struct Run {
    state: Gathering,
    slot: u64,
}

fn membership(n: u32) -> Membership {
    Membership::plain(CLUSTER, Quorum::of(NonZeroU32::new(n).unwrap()))
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Run {
    fn unfounded(n: u32) -> Self {
        Self {
            state: Gathering::new(membership(n)),
            slot: 1,
        }
    }

    /// A cluster that is founded.
    fn new(n: u32) -> Self {
        let mut run = Self::unfounded(n);
        let founding = run.founding();
        assert_eq!(run.say(P, &founding), Answer::Counted);
        run
    }

    fn founding(&self) -> String {
        let members = self.state.membership();
        let names: Vec<_> = members.names().iter().map(Name::to_string).collect();
        format!("found {} {}", hex(&CLUSTER.0), names.join(","))
    }

    /// Four members that have agreed on this activity.
    fn agreed(activity: &str) -> Self {
        let mut run = Self::new(4);
        for member in [P, Q, R, S] {
            assert_eq!(
                run.say(member, &format!("1 offer {activity}")),
                Answer::Counted
            );
        }
        run.close("offers");
        assert_eq!(
            run.state.choice().unwrap().chosen,
            Some(activity.parse().unwrap())
        );
        run
    }

    fn as_client(&mut self, client: ClientId, text: &str) -> Answer {
        let slot = Sequence(self.slot);
        self.slot += 1;
        self.state.execute(slot, client, text)
    }

    fn say(&mut self, member: u32, text: &str) -> Answer {
        self.as_client(ClientId::session(ReplicaId(member), 7), text)
    }

    /// P and Q close a phase, as f+1 = 2 members do.
    fn close(&mut self, phase: &str) {
        for member in [P, Q] {
            let answer = self.say(member, &format!("1 close {phase}"));
            assert_eq!(answer, Answer::Counted, "{phase}");
        }
    }

    fn bid(&mut self, member: u32, lot: &str, amount: u64) -> Answer {
        let sealed = sealed(member, lot, amount);
        self.say(member, &format!("1 bid {lot} {sealed}"))
    }

    fn reveal(&mut self, member: u32, lot: &str, amount: u64) -> Answer {
        self.say(member, &format!("1 reveal {lot} {amount} {}", hex(&SALT)))
    }

    fn refused(&mut self, member: u32, text: &str) -> Refusal {
        match self.say(member, text) {
            Answer::Refused(refusal) => refusal,
            other => panic!("{text}: {other}"),
        }
    }

    /// The lines that a node prints, from this number on.
    fn lines(&self, from: u64) -> Vec<String> {
        let log = self.state.log().from(from);
        log.map(|one| format!("{} {one}", one.happening.stage()))
            .collect()
    }

    /// The lines since this copy was made.
    fn since(&self, before: &Self) -> Vec<String> {
        self.lines(before.state.log().next())
    }

    fn view<T: serde::de::DeserializeOwned>(&self, question: &str) -> T {
        match self.state.query(question) {
            Some(Answer::View(json)) => {
                assert!(json.starts_with(r#"{"v":1,"#), "{json}");
                assert!(json.len() < 64 * 1024);
                serde_json::from_str(&json).unwrap()
            }
            other => panic!("{question}: {other:?}"),
        }
    }
}

fn sealed(member: u32, lot: &str, amount: u64) -> String {
    hex(&commitment(
        CLUSTER,
        1,
        &name(lot),
        ReplicaId(member),
        amount,
        &SALT,
    ))
}

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
            "found cluster 5b5b5b, 4 nodes, 1 may lie: P=P Q=Q R=R S=S (slot 2)",
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
                    "malicious S wants to found another cluster, 6c6c6c: refused (slot {slot})"
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
    assert_eq!(run.refused(P, "1 auction lamp first"), Refusal::NotAgreed);
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
        run.refused(S, "1 auction lamp first"),
        Refusal::TakesNoPart(ReplicaId(S))
    );
    assert_eq!(run.say(P, "1 auction lamp first"), Answer::Counted);
    assert_eq!(
        run.bid(S, "lamp", 5),
        Answer::Refused(Refusal::TakesNoPart(ReplicaId(S)))
    );
}

#[test]
fn a_commitment_is_one_line_of_python() {
    // hashlib.sha256(f"bid {'5b'*32} 1 lamp Q 75 {'0c'*32}".encode()).hexdigest()
    let python = "7a0d03ff64b2d9412fafb5f85b5d85479f99aa7f3c6f390215dba0d3e5fd2aee";
    assert_eq!(sealed(Q, "lamp", 75), python);
}

#[test]
fn the_highest_bid_wins_and_pays_what_the_rule_says() {
    for (rule, pays) in [("first", 75), ("second", 60)] {
        let mut run = Run::agreed("auction");
        run.say(P, &format!("1 auction lamp {rule}"));
        let bids = [(P, 40), (Q, 75), (R, 60)];
        for (member, amount) in bids {
            assert_eq!(run.bid(member, "lamp", amount), Answer::Counted);
        }
        run.close("bids lamp");
        for (member, amount) in bids {
            assert_eq!(run.reveal(member, "lamp", amount), Answer::Counted);
        }
        let before = run.clone();
        run.close("reveals lamp");
        assert_eq!(
            run.since(&before),
            [
                "act auction 'lamp': P 40, Q 75, R 60 (slot 18)".to_owned(),
                format!("act Q wins 'lamp' for {pays} ({rule} price) (slot 18)"),
            ]
        );
        let auction: report::Auction = run.view("auction lamp");
        assert_eq!(auction.auction.winner.as_deref(), Some("Q"));
        assert_eq!(auction.auction.pays, Some(pays));
        assert_eq!(auction.auction.stage, report::AuctionStage::Ended);
    }
}

#[test]
fn equal_bids_are_told_apart_by_a_hash_that_nobody_chooses() {
    let mut run = Run::agreed("auction");
    run.say(P, "1 auction lamp second");
    for member in [P, Q, R, S] {
        run.bid(member, "lamp", 50);
    }
    run.close("bids lamp");
    for member in [S, R, Q, P] {
        run.reveal(member, "lamp", 50);
    }
    run.close("reveals lamp");
    // min("PQRS", key=lambda p: hashlib.sha256(f"tie {'5b'*32} 1 auction/lamp {p}".encode()).hexdigest())
    let winner = "Q";
    let auction: report::Auction = run.view("auction lamp");
    assert_eq!(auction.auction.winner.as_deref(), Some(winner));
    assert_eq!(auction.auction.pays, Some(50), "the other bid is as high");
}

#[test]
fn a_single_bid_pays_itself_or_nothing_and_without_bids_nobody_wins() {
    for (rule, pays) in [("first", 75), ("second", 0)] {
        let mut run = Run::agreed("auction");
        run.say(P, &format!("1 auction lamp {rule}"));
        run.bid(Q, "lamp", 75);
        run.close("bids lamp");
        run.reveal(Q, "lamp", 75);
        run.close("reveals lamp");
        let auction: report::Auction = run.view("auction lamp");
        assert_eq!(auction.auction.pays, Some(pays));
    }
    let mut run = Run::agreed("auction");
    run.say(P, "1 auction lamp first");
    run.close("bids lamp");
    run.close("reveals lamp");
    let lines = run.lines(0);
    assert!(
        lines.last().unwrap().starts_with("act nobody wins 'lamp'"),
        "{lines:?}"
    );
}

#[test]
fn a_changed_bid_does_not_count_and_is_named_before_the_close_and_after_it() {
    let mut run = Run::agreed("auction");
    run.say(P, "1 auction lamp first");
    run.bid(S, "lamp", 10);
    assert_eq!(run.bid(S, "lamp", 10), Answer::Again);
    let before = run.clone();
    let contradiction = Answer::Contradiction { first: Sequence(9) };
    assert_eq!(run.bid(S, "lamp", 90), contradiction);
    run.close("bids lamp");
    assert_eq!(run.bid(S, "lamp", 95), contradiction);
    assert_eq!(
        run.reveal(S, "lamp", 90),
        Answer::Refused(Refusal::WrongReveal {
            member: ReplicaId(S),
            lot: name("lamp"),
        })
    );
    let malicious: Vec<_> = run
        .since(&before)
        .into_iter()
        .filter(|line| line.starts_with("malicious"))
        .collect();
    assert_eq!(
        malicious,
        [
            "malicious S changed its bid for 'lamp': the first, in slot 9, counts (slot 11)",
            "malicious S changed its bid for 'lamp' after the close: the one in slot 9 counts (slot 14)",
            "malicious S revealed for 'lamp' what it did not bid: refused (slot 15)",
        ]
    );
    // It may still reveal the bid that counts.
    assert_eq!(run.reveal(S, "lamp", 10), Answer::Counted);
    assert_eq!(run.reveal(S, "lamp", 10), Answer::Again);
}

#[test]
fn a_bid_after_the_close_is_late_and_one_that_is_revealed_early_is_refused() {
    let mut run = Run::agreed("auction");
    run.say(P, "1 auction lamp first");
    run.bid(Q, "lamp", 10);
    assert_eq!(
        run.reveal(Q, "lamp", 10),
        Answer::Refused(Refusal::Early(name("lamp")))
    );
    assert_eq!(
        run.refused(P, "1 close reveals lamp"),
        Refusal::BidsOpen(name("lamp"))
    );
    run.close("bids lamp");
    let before = run.clone();
    let answer = run.bid(S, "lamp", 90);
    let slot = Sequence(before.slot - 1);
    assert_eq!(
        answer,
        Answer::Late {
            phase: Phase::Bids(name("lamp")),
            closed: slot,
        }
    );
    assert_eq!(
        run.reveal(S, "lamp", 90),
        Answer::Refused(Refusal::NoBid {
            member: ReplicaId(S),
            lot: name("lamp"),
        })
    );
    let line = format!(
        "act S bid for 'lamp' after the close: refused (slot {})",
        before.slot
    );
    assert_eq!(run.since(&before), [line]);
}

#[test]
fn a_bid_that_is_not_revealed_is_void_and_its_bidder_is_barred_for_the_epoch() {
    let mut run = Run::agreed("auction");
    run.say(P, "1 auction lamp second");
    run.say(P, "1 auction chair second");
    for member in [P, S] {
        run.bid(member, "lamp", 50 + u64::from(member));
    }
    run.bid(S, "chair", 5);
    run.close("bids lamp");
    run.reveal(P, "lamp", 50);
    let before = run.clone();
    run.close("reveals lamp");
    assert_eq!(
        run.reveal(S, "lamp", 53),
        Answer::Late {
            phase: Phase::Reveals(name("lamp")),
            closed: Sequence(before.slot + 1),
        }
    );
    let at = before.slot + 1;
    assert_eq!(
        run.since(&before),
        [
            format!("act auction 'lamp': P 50; S did not reveal: void (slot {at})"),
            format!("act P wins 'lamp' for 0 (second price) (slot {at})"),
            format!(
                "act S revealed its bid for 'lamp' after the close: refused (slot {})",
                at + 1
            ),
        ]
    );
    run.say(P, "1 auction table first");
    let barred = Refusal::Barred {
        member: ReplicaId(S),
        lot: name("lamp"),
    };
    assert_eq!(run.bid(S, "table", 9), Answer::Refused(barred));
    // The bid that it made before counts.
    run.close("bids chair");
    assert_eq!(run.reveal(S, "chair", 5), Answer::Counted);
    let members: report::Members = run.view("members");
    assert_eq!(members.members[S as usize].barred.as_deref(), Some("lamp"));
    // The next epoch forgives.
    run.close("epoch");
    assert_eq!(run.state.record(ReplicaId(S)), None);
}

#[test]
fn a_copied_bid_does_not_open_for_its_copier_and_does_not_hinder_the_bidder() {
    let mut run = Run::agreed("auction");
    run.say(P, "1 auction lamp first");
    let copy = sealed(Q, "lamp", 75);
    // The copy is ordered before the original.
    assert_eq!(run.say(S, &format!("1 bid lamp {copy}")), Answer::Counted);
    assert_eq!(run.bid(Q, "lamp", 75), Answer::Counted);
    run.close("bids lamp");
    assert_eq!(run.reveal(Q, "lamp", 75), Answer::Counted);
    assert!(!run.reveal(S, "lamp", 75).is_done());
    let before = run.clone();
    run.close("reveals lamp");
    let at = before.slot + 1;
    assert_eq!(
        run.since(&before),
        [
            format!("act auction 'lamp': Q 75; S did not reveal: void (slot {at})"),
            format!("malicious S copied the sealed bid of Q for 'lamp': void (slot {at})"),
            format!("act Q wins 'lamp' for 75 (first price) (slot {at})"),
        ]
    );
}

#[test]
fn a_bid_opens_in_no_other_lot_epoch_or_cluster_and_for_no_other_amount_or_salt() {
    let (lamp, chair, q) = (name("lamp"), name("chair"), ReplicaId(Q));
    let bid = commitment(CLUSTER, 1, &lamp, q, 75, &SALT);
    for other in [
        commitment(ClusterId([0x5c; 32]), 1, &lamp, q, 75, &SALT),
        commitment(CLUSTER, 2, &lamp, q, 75, &SALT),
        commitment(CLUSTER, 1, &chair, q, 75, &SALT),
        commitment(CLUSTER, 1, &lamp, ReplicaId(R), 75, &SALT),
        commitment(CLUSTER, 1, &lamp, q, 76, &SALT),
        commitment(CLUSTER, 1, &lamp, q, 75, &[0x0d; 32]),
    ] {
        assert_ne!(bid, other);
    }
}

#[test]
fn a_vote_counts_one_ballot_of_each_member() {
    let mut run = Run::agreed("vote");
    assert_eq!(
        run.say(P, "1 question colour plurality red,blue,green"),
        Answer::Counted
    );
    for (member, option) in [(P, "red"), (Q, "blue"), (R, "red"), (S, "blue")] {
        assert_eq!(
            run.say(member, &format!("1 ballot colour {option}")),
            Answer::Counted
        );
    }
    let before = run.clone();
    let contradiction = Answer::Contradiction {
        first: Sequence(12),
    };
    assert_eq!(run.say(S, "1 ballot colour red"), contradiction);
    for bad in ["1 ballot colour pink", "1 ballot colour red,blue"] {
        assert_eq!(run.refused(R, bad), Refusal::Ballot(name("colour")));
    }
    run.close("ballots colour");
    assert!(!run.say(S, "1 ballot colour red").is_done());
    // min(["red", "blue"], key=lambda o: hashlib.sha256(f"tie {'5b'*32} 1 vote/colour {o}".encode()).hexdigest())
    let winner = "blue";
    assert_eq!(
        run.since(&before),
        [
            "malicious S changed its ballot on 'colour': the first, in slot 12, counts (slot 13)"
                .to_owned(),
            format!("act 'colour': {winner}, with 4 ballots: red 2, blue 2, green 0 (slot 17)"),
        ]
    );
    let vote: report::Vote = run.view("vote colour");
    assert_eq!(vote.vote.winner, Some(name(winner)));
    assert_eq!(vote.tally[0].points, 2);
}

#[test]
fn a_borda_vote_counts_places() {
    let mut run = Run::agreed("vote");
    run.say(P, "1 question colour borda red,blue,green");
    for (member, ballot) in [
        (P, "red,blue"),
        (Q, "red,blue"),
        (R, "blue,green,red"),
        (S, "blue"),
    ] {
        assert_eq!(
            run.say(member, &format!("1 ballot colour {ballot}")),
            Answer::Counted
        );
    }
    run.close("ballots colour");
    let last = run.lines(0).pop().unwrap();
    assert_eq!(
        last,
        "act 'colour': blue, with 4 ballots: red 7, blue 10, green 2 (slot 14)"
    );
    let late = run.say(S, "1 ballot colour red");
    assert!(matches!(late, Answer::Contradiction { .. }), "{late}");
}

#[test]
fn a_vote_without_ballots_has_no_winner_and_a_late_ballot_does_not_count() {
    let mut run = Run::agreed("vote");
    run.say(P, "1 question colour plurality red,blue");
    run.close("ballots colour");
    let before = run.clone();
    assert!(matches!(
        run.say(R, "1 ballot colour red"),
        Answer::Late { .. }
    ));
    let line = format!(
        "act R voted on 'colour' after the close: refused (slot {})",
        before.slot
    );
    assert_eq!(run.since(&before), [line]);
    let vote: report::Vote = run.view("vote colour");
    assert_eq!((vote.vote.winner, vote.vote.ended), (None, true));
}

#[test]
fn a_part_of_a_job_is_done_once_f_plus_1_members_give_the_same_result_and_the_odd_one_is_named() {
    let mut run = Run::agreed("work");
    assert_eq!(run.say(P, "1 work job primes 0 100 2"), Answer::Counted);
    // 15 primes below 50, 10 from 50 on. Three of four members do each part.
    let before = run.clone();
    assert_eq!(run.say(R, "1 result job 1 16"), Answer::Counted);
    assert_eq!(run.say(P, "1 result job 1 15"), Answer::Counted);
    assert_eq!(run.since(&before), [""; 0], "one result counts for nothing");
    assert_eq!(run.say(Q, "1 result job 1 15"), Answer::Counted);
    assert_eq!(
        run.refused(S, "1 result job 1 15"),
        Refusal::NotAssigned {
            member: ReplicaId(S),
            job: name("job"),
            part: 1,
        }
    );
    // S, P and Q do the second part.
    run.say(S, "1 result job 2 10");
    run.say(P, "1 result job 2 10");
    run.say(Q, "1 result job 2 11");
    assert_eq!(
        run.since(&before),
        [
            "act part 1 of 'job': 15, as P, Q say (slot 11)",
            "malicious R says that part 1 of 'job' is 16: wrong, it is 15 (slot 11)",
            "act part 2 of 'job': 10, as P, S say (slot 14)",
            "act 'job' is done: 25 primes from 0 to before 100, in 2 parts (slot 14)",
            "malicious Q says that part 2 of 'job' is 11: wrong, it is 10 (slot 15)",
        ]
    );
    let changed = run.say(R, "1 result job 1 15");
    assert_eq!(changed, Answer::Contradiction { first: Sequence(9) });
    let job: report::JobReport = run.view("job job");
    assert_eq!((job.job.total, job.job.done), (Some(25), 2));
    assert_eq!(job.parts[0].results["R"], 16);
}

#[test]
fn a_job_whose_members_are_silent_can_be_ended_and_says_what_is_left() {
    let mut run = Run::agreed("work");
    run.say(P, "1 work job primes 0 100 2");
    for member in [P, Q] {
        run.say(member, "1 result job 1 15");
    }
    run.say(P, "1 result job 2 10");
    let before = run.clone();
    run.close("results job");
    assert!(matches!(
        run.say(Q, "1 result job 2 10"),
        Answer::Late { .. }
    ));
    let at = before.slot + 1;
    assert_eq!(
        run.since(&before),
        [
            format!("act 'job' has ended unfinished: too few equal results of parts 2 (slot {at})"),
            format!(
                "act Q gave a result of 'job' after the close: refused (slot {})",
                at + 1
            ),
        ]
    );
}

#[test]
fn names_are_taken_once_and_each_member_may_open_so_many() {
    let mut run = Run::agreed("auction");
    run.say(P, "1 auction lot0 first");
    assert_eq!(run.say(Q, "1 auction lot0 first"), Answer::Again);
    assert_eq!(
        run.refused(Q, "1 auction lot0 second"),
        Refusal::NameTaken {
            name: name("lot0"),
            by: ReplicaId(P),
            slot: Sequence(8),
        }
    );
    for lot in 1..MOST_OPENED {
        assert_eq!(
            run.say(P, &format!("1 auction lot{lot} first")),
            Answer::Counted
        );
    }
    let most = MOST_OPENED;
    let refusal = run.refused(P, "1 auction other first");
    let member = ReplicaId(P);
    assert_eq!(refusal, Refusal::TooMany { member, most });
    assert_eq!(run.say(P, "1 auction lot0 first"), Answer::Again);
    assert_eq!(run.say(Q, "1 auction other first"), Answer::Counted);
}

#[test]
fn an_epoch_ends_when_f_plus_1_want_it_and_what_belongs_to_it_counts_no_more() {
    let mut run = Run::agreed("auction");
    run.say(P, "1 auction lamp first");
    run.say(S, "1 close epoch");
    assert_eq!(run.state.epoch(), 1);
    run.say(R, "1 close epoch");
    assert_eq!(run.state.epoch(), 2);
    let late = run.refused(P, "1 close offers");
    assert_eq!(late, Refusal::OtherEpoch { ours: 2, theirs: 1 });
    assert_eq!(run.state.choice(), None);
    assert!(run.state.lots().is_empty());
    assert_eq!(run.say(P, "2 offer work"), Answer::Counted);
}

#[test]
fn a_deadline_counts_slots_from_the_beginning_of_the_epoch() {
    for (deadline, chosen) in [(5, Some(Activity::Work)), (4, None)] {
        let mut run = Run::new(4);
        for member in [P, Q, R] {
            run.say(member, &format!("1 offer work deadline={deadline}"));
        }
        run.close("offers");
        assert_eq!(run.state.choice().unwrap().chosen, chosen, "{deadline}");
    }
    let mut run = Run::new(4);
    let refusal = run.refused(P, "1 offer work without=T");
    assert_eq!(refusal, Refusal::NoSuchMember(ReplicaId(4)));
}

#[test]
fn a_member_that_misbehaves_again_and_again_cannot_fill_the_log() {
    let mut run = Run::new(4);
    for number in 0..200 {
        let other = format!("{number:064x}");
        run.refused(S, &format!("found {other} P,Q,R,S"));
    }
    let told = run.lines(0).len();
    assert_eq!(told, 1 + MOST_MISDEEDS + 1);
    let last = run.lines(0).pop().unwrap();
    assert_eq!(
        last,
        "malicious S misbehaves too often; the rest of this epoch is not told (slot 34)"
    );
}

#[test]
fn what_is_not_understood_is_refused_and_changes_nothing() {
    let mut run = Run::agreed("auction");
    let before = run.clone();
    for text in ["", "offer", "1 sell lamp", "auction", "happenings x"] {
        assert!(!run.say(P, text).is_done(), "{text}");
    }
    let bad = Refusal::Command(BadCommand::Grammar(Verb::Bid));
    assert_eq!(run.refused(P, "1 bid lamp a b c"), bad);
    assert_eq!(
        run.refused(P, "1 close bids lamp"),
        Refusal::NoSuch(name("lamp"))
    );
    assert_eq!(run.state, before.state);
}

#[test]
fn a_question_is_answered_the_same_to_everybody_and_anything_else_is_no_question() {
    let run = Run::agreed("auction");
    for question in [
        "members",
        "offers",
        "agreement",
        "auctions",
        "votes",
        "jobs",
        "happenings 0",
    ] {
        assert!(run.state.query(question).unwrap().is_done(), "{question}");
    }
    for bad in ["members x", "auction", "auction la=mp", "happenings -1"] {
        assert_eq!(run.state.query(bad), Some(Refusal::Query.into()), "{bad}");
    }
    let none = run.state.query("auction lamp");
    assert_eq!(none, Some(Refusal::NoSuch(name("lamp")).into()));
    for other in ["", "1 offer work", "found x", "member"] {
        assert_eq!(run.state.query(other), None, "{other}");
    }
}

#[test]
fn happenings_are_read_page_by_page_and_the_latest_are_kept() {
    let mut run = Run::new(4);
    for epoch in 1..=400 {
        run.say(P, &format!("{epoch} offer work can=cores:{epoch}"));
        for member in [P, Q] {
            run.say(member, &format!("{epoch} close epoch"));
        }
    }
    let mut from = 0;
    let mut numbers = Vec::new();
    loop {
        let page: report::Happenings = run.view(&format!("happenings {from}"));
        numbers.extend(page.happenings.iter().map(|line| line.number));
        from = page.next;
        if !page.more {
            break;
        }
    }
    assert_eq!(from, 801);
    assert_eq!(numbers, Vec::from_iter(801 - KEPT as u64..801));
    let end: report::Happenings = run.view("happenings 900");
    assert_eq!((end.next, end.more), (801, false));
}

/// What any member may say at any time.
fn command() -> impl Strategy<Value = (u32, String)> {
    let activity = || prop_oneof![3 => Just("auction"), 1 => Just("work"), 1 => Just("vote"), 1 => Just("auction,work")];
    let lot = || prop_oneof![Just("lamp"), Just("chair")];
    let rule = || prop_oneof![Just("first"), Just("second")];
    let phase = || {
        let some = [
            "offers",
            "offers",
            "offers",
            "bids lamp",
            "bids chair",
            "reveals lamp",
            "ballots colour",
            "results job",
        ];
        proptest::sample::select(some.to_vec())
    };
    let text = prop_oneof![
        4 => activity().prop_map(|one| format!("1 offer {one}")),
        1 => (activity(), 1..9u64).prop_map(|(one, cores)| format!("1 offer {one} can=cores:{cores} least=2")),
        5 => phase().prop_map(|phase| format!("1 close {phase}")),
        2 => (lot(), rule()).prop_map(|(lot, rule)| format!("1 auction {lot} {rule}")),
        4 => (lot(), 0..4u32, 0..4u64).prop_map(|(lot, of, amount)| format!("1 bid {lot} {}", sealed(of, lot, amount))),
        4 => (lot(), 0..4u64).prop_map(|(lot, amount)| format!("1 reveal {lot} {amount} {}", hex(&SALT))),
        1 => Just("1 question colour borda red,blue".to_owned()),
        1 => Just("1 ballot colour blue,red".to_owned()),
        1 => Just("1 ballot colour red".to_owned()),
        1 => Just("1 work job primes 0 1000 3".to_owned()),
        2 => (1..5u32, 0..3u64).prop_map(|(part, value)| format!("1 result job {part} {value}")),
        1 => Just("1 close epoch".to_owned()),
        1 => "[ -~]{0,40}",
    ];
    (0..4u32, text)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Parts that were made on the way leave no trace, a restored state is the same state, and it goes on alike.
    #[test]
    fn snapshots_give_the_state_back(said in vec((command(), any::<bool>()), 0..120)) {
        let mut once = Run::new(4);
        let mut often = once.clone();
        for ((member, text), looks) in &said {
            prop_assert_eq!(once.say(*member, text), often.say(*member, text));
            if *looks {
                let parts = often.state.snapshot();
                often.state = Gathering::restored(membership(4), &parts).unwrap();
            }
        }
        let parts = once.state.snapshot();
        prop_assert_eq!(&parts, &often.state.snapshot());
        prop_assert_eq!(&once.state, &often.state);
        prop_assert!(parts.iter().all(|part| part.len() <= 64 * 1024));
        for place in 0..parts.len() {
            let mut fewer = parts.clone();
            fewer.remove(place);
            prop_assert!(fewer.is_empty() || Gathering::restored(membership(4), &fewer).is_err());
        }
    }

    /// In any history: at most one founding and one choice an epoch; a phase is closed by f+1 distinct members; what counts is the
    /// first that its member said in time; nobody is barred but one that bid and did not reveal.
    #[test]
    fn what_counts_is_first_and_in_time(said in vec(command(), 0..120)) {
        let mut run = Run::new(4);
        for (member, text) in &said {
            let before = run.state.clone();
            run.say(*member, text);
            let after = &run.state;
            if before.epoch() != after.epoch() {
                continue;
            }
            for member in (0..4).map(ReplicaId) {
                let offer = |state: &Gathering| state.record(member).and_then(|record| record.offer.clone());
                if before.choice().is_some() || offer(&before).is_some() {
                    prop_assert_eq!(offer(&before), offer(after));
                }
                if let Some(barred) = after.record(member).and_then(|record| record.barred.as_ref()) {
                    let lot = after.lots().iter().find(|lot| lot.name == *barred).unwrap();
                    prop_assert_eq!(lot.what.bids[&member].what.amount, None);
                    prop_assert!(lot.what.reveals_closing.at().is_some());
                }
            }
            if before.choice().is_some() {
                prop_assert_eq!(before.choice(), after.choice());
            }
            for (old, new) in before.lots().iter().zip(after.lots()) {
                for (bidder, bid) in &old.what.bids {
                    prop_assert_eq!(bid.what.commitment, new.what.bids[bidder].what.commitment);
                }
                if old.what.bids_closing.at().is_some() {
                    prop_assert_eq!(old.what.bids.len(), new.what.bids.len());
                    prop_assert!(new.what.bids_closing.asked().len() >= 2);
                }
                if old.what.reveals_closing.at().is_some() {
                    prop_assert_eq!(&old.what, &new.what);
                }
            }
        }
    }

    #[test]
    fn any_text_gets_an_answer(member in 0..9u32, text in "\\PC{0,80}") {
        let mut run = Run::new(4);
        let answer = run.say(member, &text);
        prop_assert!(answer.to_string().len() < 400);
        if let Ok(command) = Command::parse(&text) {
            prop_assert_eq!(command.to_string(), text);
        }
    }

    #[test]
    fn any_parts_are_either_refused_or_restored_exactly(parts in vec(vec(any::<u8>(), 0..40), 0..4)) {
        let parts: Vec<Part> = parts.into_iter().map(Part::from).collect();
        if let Ok(state) = Gathering::restored(membership(4), &parts) {
            prop_assert_eq!(state.snapshot(), parts);
        }
    }
}

/// Each member says the longest of everything that it may say.
#[test]
fn the_fullest_state_has_small_parts_and_its_answers_fit_or_are_refused() {
    let n = 64;
    let long = |number: usize| format!("{number:0>32}");
    let numbers: Vec<_> = (0..8)
        .map(|one| format!("{}:{}", long(one), 1_000_000_000_000_000u64))
        .collect();
    let members = membership(n);
    let all: Vec<_> = members.members().map(|one| one.to_string()).collect();
    let options: Vec<_> = (0..31).map(long).collect();
    let options = options.join(",");
    for activity in ["auction", "vote", "work"] {
        let mut run = Run::new(n);
        for member in 0..n {
            let offer = format!(
                "1 offer {activity} can={0} prefer={activity}",
                numbers.join(",")
            );
            assert_eq!(run.say(member, &offer), Answer::Counted);
            run.say(
                member,
                &format!(
                    "{offer} needs={} least=1 most=64 deadline=1",
                    numbers.join(",")
                ),
            );
        }
        run.say(0, &format!("1 offer work without={}", all.join(",")));
        for member in 0..22 {
            run.say(member, "1 close offers");
        }
        for member in 0..n {
            for one in 0..MOST_OPENED {
                let name = long((member * MOST_OPENED + one) as usize);
                let opens = match activity {
                    "auction" => format!("1 auction {name} first"),
                    "vote" => format!("1 question {name} borda {options}"),
                    _ => format!("1 work {name} primes 0 32000000 32"),
                };
                assert_eq!(run.say(member, &opens), Answer::Counted);
            }
        }
        for thing in 0..9 {
            let name = long(thing);
            for member in 0..n {
                let (bid, memo) = ("ab".repeat(32), "cd".repeat(8));
                match activity {
                    "auction" => drop(run.say(member, &format!("1 bid {name} {bid} {memo}"))),
                    "vote" => drop(run.say(member, &format!("1 ballot {name} {options}"))),
                    _ => {
                        for part in 1..=32 {
                            run.say(member, &format!("1 result {name} {part} 1000000000000000"));
                        }
                    }
                }
            }
        }
        let parts = run.state.snapshot();
        let longest = parts.iter().map(|part| part.len()).max().unwrap();
        assert!(longest <= 64 * 1024, "{activity}: {longest}");
        assert_eq!(
            Gathering::restored(membership(n), &parts).as_ref(),
            Ok(&run.state)
        );
        let one = long(0);
        for question in [
            "members".to_owned(),
            "offers".to_owned(),
            "offer P".to_owned(),
            "agreement".to_owned(),
            "auctions".to_owned(),
            "votes".to_owned(),
            "jobs".to_owned(),
            "happenings 0".to_owned(),
            format!("auction {one}"),
            format!("vote {one}"),
            format!("job {one}"),
        ] {
            let answer = run.state.query(&question).unwrap();
            assert!(answer.to_string().len() <= 60 * 1024, "{question}");
        }
        let offer: report::Offers = run.view("offer P");
        assert_eq!((offer.offers.len(), offer.contradictions.len()), (1, 1));
    }
}

#[test]
fn a_state_that_nobody_touched_has_no_parts_and_one_of_a_larger_cluster_is_refused() {
    assert_eq!(Run::unfounded(4).state.snapshot(), []);
    let mut run = Run::new(7);
    run.say(6, "1 offer work");
    let parts = run.state.snapshot();
    assert!(Gathering::restored(membership(7), &parts).is_ok());
    assert_eq!(
        Gathering::restored(membership(4), &parts),
        Err(BadSnapshot::Unreadable)
    );
}
