//! Auctions: sealed bids, reveals, prices.

use quorate_protocol::{ClusterId, ReplicaId, Sequence};
use quorate_service::gathering::report;
use quorate_service::gathering::{Answer, BadCommand, Phase, Refusal, commitment};

use crate::{CLUSTER, P, Q, R, Run, S, SALT, name, sealed};

#[test]
fn a_commitment_is_one_line_of_python() {
    // hashlib.sha256(f"bid {'5b'*32} 1 lamp Q 75 {'0c'*32}".encode()).hexdigest()
    let python = "7a0d03ff64b2d9412fafb5f85b5d85479f99aa7f3c6f390215dba0d3e5fd2aee";
    assert_eq!(sealed(Q, "lamp", 75), python);
}

#[test]
fn the_highest_bid_wins_and_pays_what_the_rule_says() {
    for (lot, rule, pays) in [("lamp.first", "first", 75), ("lamp", "second", 60)] {
        let mut run = Run::agreed("auction");
        run.say(P, &format!("1 auction {lot} {rule}"));
        let bids = [(P, 40), (Q, 75), (R, 60)];
        for (member, amount) in bids {
            assert_eq!(run.bid(member, lot, amount), Answer::Counted);
        }
        run.close(&format!("bids {lot}"));
        for (member, amount) in bids {
            assert_eq!(run.reveal(member, lot, amount), Answer::Counted);
        }
        let before = run.clone();
        run.close(&format!("reveals {lot}"));
        assert_eq!(
            run.since(&before),
            [
                format!("act auction '{lot}': P 40, Q 75, R 60 (slot 18)"),
                format!("act Q wins '{lot}' for {pays} ({rule} price) (slot 18)"),
            ]
        );
        let auction: report::Auction = run.view(&format!("auction {lot}"));
        assert_eq!(auction.auction.winner.as_deref(), Some("Q"));
        assert_eq!(auction.auction.pays, Some(pays));
        assert_eq!(auction.auction.stage, report::AuctionStage::Ended);
    }
}

#[test]
fn a_liar_that_opens_a_lot_first_cannot_give_it_another_price() {
    let mut run = Run::agreed("auction");
    let refusal = run.refused(S, "1 auction lamp first");
    assert_eq!(refusal, Refusal::Command(BadCommand::Price));
    assert_eq!(run.say(S, "1 auction lamp.first first"), Answer::Counted);
    assert_eq!(run.say(P, "1 auction lamp second"), Answer::Counted);
    run.bid(P, "lamp", 75);
    run.close("bids lamp");
    run.reveal(P, "lamp", 75);
    run.close("reveals lamp");
    let auction: report::Auction = run.view("auction lamp");
    assert_eq!(
        auction.auction.pays,
        Some(0),
        "nobody else bid for this lot"
    );
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
    for (lot, rule, pays) in [("lamp.first", "first", 75), ("lamp", "second", 0)] {
        let mut run = Run::agreed("auction");
        run.say(P, &format!("1 auction {lot} {rule}"));
        run.bid(Q, lot, 75);
        run.close(&format!("bids {lot}"));
        run.reveal(Q, lot, 75);
        run.close(&format!("reveals {lot}"));
        let auction: report::Auction = run.view(&format!("auction {lot}"));
        assert_eq!(auction.auction.pays, Some(pays));
    }
    let mut run = Run::agreed("auction");
    run.say(P, "1 auction lamp second");
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
    run.say(P, "1 auction lamp second");
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
    run.say(P, "1 auction lamp second");
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
fn a_bid_that_is_not_revealed_is_void_and_so_are_bids_for_lots_that_end_before_it_is_revealed() {
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
    let at = before.slot + 1;
    assert_eq!(
        run.since(&before),
        [
            format!("act auction 'lamp': P 50; S did not reveal: void (slot {at})"),
            format!("act P wins 'lamp' for 0 (second price) (slot {at})"),
        ]
    );
    assert_eq!(run.state.unrevealed(ReplicaId(S)), Some(&name("lamp")));
    let members: report::Members = run.view("members");
    let must_reveal = members.members[S as usize].must_reveal.as_deref();
    assert_eq!(must_reveal, Some("lamp"));
    // A bid that it made before, and reveals, is void too, and the members waited for it.
    run.close("bids chair");
    assert_eq!(run.reveal(S, "chair", 5), Answer::Counted);
    let waits: Vec<String> = run.state.waits().iter().map(ToString::to_string).collect();
    assert_eq!(
        waits,
        ["reveals chair: waits for S; 0 of 2 members ask for the end"]
    );
    let before = run.clone();
    run.close("reveals chair");
    let ended = before.slot + 1;
    assert_eq!(
        run.since(&before),
        [
            format!("act auction 'chair': no bid counts (slot {ended})"),
            format!(
                "act S has not revealed its bid for 'lamp': its bid for 'chair' is void (slot {ended})"
            ),
            format!("act nobody wins 'chair': no bid counts (slot {ended})"),
        ]
    );
    assert_eq!(run.reveal(S, "chair", 5), Answer::Again);
    // Its bids are taken all the same.
    run.say(P, "1 auction table second");
    assert_eq!(run.bid(S, "table", 9), Answer::Counted);
    run.close("bids table");
    assert_eq!(run.reveal(S, "table", 9), Answer::Counted);
    // Nothing but its own bid opens the way.
    assert!(!run.reveal(S, "lamp", 52).is_done());
    assert!(run.state.unrevealed(ReplicaId(S)).is_some());
    let (before, closed) = (run.clone(), Sequence(at));
    let phase = Phase::Reveals(name("lamp"));
    assert_eq!(run.reveal(S, "lamp", 53), Answer::Late { phase, closed });
    let at = before.slot;
    assert_eq!(
        run.since(&before),
        [format!(
            "act S revealed its bid for 'lamp' after the close: it stays void (slot {at})"
        )]
    );
    assert_eq!(run.state.unrevealed(ReplicaId(S)), None);
    run.close("reveals table");
    let table: report::Auction = run.view("auction table");
    assert_eq!(table.auction.winner.as_deref(), Some("S"));
    assert_eq!(run.reveal(S, "lamp", 53), Answer::Again);
    let auction: report::Auction = run.view("auction lamp");
    assert_eq!(
        (auction.auction.winner.as_deref(), auction.void.as_slice()),
        (Some("P"), &["S".to_owned()][..])
    );
}

#[test]
fn a_copied_bid_does_not_open_for_its_copier_and_does_not_hinder_the_bidder() {
    let mut run = Run::agreed("auction");
    run.say(P, "1 auction lamp second");
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
            format!("act Q wins 'lamp' for 0 (second price) (slot {at})"),
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
