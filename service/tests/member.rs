//! A member that acts by itself: what it says when, and what it does not say.
#![allow(clippy::unwrap_used)]

use std::num::NonZeroU32;

use quorate_protocol::{ClientId, ClusterId, Duration, Quorum, ReplicaId, Sequence, Time};
use quorate_service::gathering::{
    Activity, Command, Gathering, MOST_WISHES, Member, Membership, Name, Offer, Plan, Price, Rule,
    Unwise, Wish,
};

const P: ReplicaId = ReplicaId(0);
const PATIENCE: Duration = Duration::from_millis(2000);
const DELIBERATION: Duration = Duration::from_millis(5000);

/// P as a member that acts by itself, and what the others say.
struct Run {
    state: Gathering,
    slot: u64,
    now: Time,
    member: Member,
    held: Vec<(ReplicaId, Command)>,
}

fn lamp() -> Name {
    "lamp".parse().unwrap()
}

impl Run {
    fn new(wishes: Vec<Wish>) -> Self {
        let quorum = Quorum::of(NonZeroU32::new(4).unwrap());
        let membership = Membership::plain(ClusterId([0x5b; 32]), quorum);
        let plan = Plan {
            offer: Some(Offer::of([Activity::Auction, Activity::Work])),
            patience: PATIENCE,
            deliberation: DELIBERATION,
            secret: [9; 32],
            wishes,
        };
        Self {
            state: Gathering::new(membership),
            slot: 0,
            now: Time(0),
            member: Member::new(P, plan),
            held: Vec::new(),
        }
    }

    /// A cluster that has agreed on this activity.
    fn agreed(activity: &str, wishes: Vec<Wish>) -> Self {
        let mut run = Self::new(wishes);
        run.say(1, &format!("found {} P,Q,R,S", "5b".repeat(32)));
        for member in 0..4 {
            run.say(member, &format!("1 offer {activity}"));
        }
        for member in 1..3 {
            run.say(member, "1 close offers");
        }
        run
    }

    fn say(&mut self, member: u32, text: &str) {
        self.slot += 1;
        let client = ClientId::session(ReplicaId(member), 0);
        let answer = self.state.execute(Sequence(self.slot), client, text);
        assert!(answer.is_done(), "{text}: {answer}");
    }

    /// What P wants to say now.
    fn wants(&mut self) -> Vec<String> {
        let held = self.held.clone();
        let wants = self.member.next(self.now, &self.state, || held);
        wants.iter().map(Command::to_string).collect()
    }

    fn waits(&mut self, span: Duration) {
        self.now = self.now + span;
    }

    fn holds(&mut self, member: u32, text: &str) {
        self.held
            .push((ReplicaId(member), Command::parse(text).unwrap()));
    }
}

#[test]
fn a_member_founds_then_offers_and_repeats_only_what_has_not_executed() {
    let mut run = Run::new(Vec::new());
    let founding = format!("found {} P,Q,R,S", "5b".repeat(32));
    assert_eq!(run.wants().join("; "), founding);
    run.say(1, &founding);
    assert_eq!(run.wants(), ["1 offer auction,work"]);
    assert_eq!(run.wants(), ["1 offer auction,work"]);
    run.say(0, "1 offer auction,work");
    assert_eq!(run.wants(), [""; 0]);
    assert_eq!(run.member.due(), Some(Time(0) + PATIENCE));
}

#[test]
fn a_member_with_another_offer_from_an_earlier_life_does_not_contradict_itself() {
    let mut run = Run::new(Vec::new());
    run.say(1, &format!("found {} P,Q,R,S", "5b".repeat(32)));
    run.say(0, "1 offer store");
    assert_eq!(run.wants(), [""; 0]);
}

#[test]
fn a_phase_is_closed_when_all_have_spoken_or_patience_has_run_out() {
    let mut run = Run::new(Vec::new());
    run.say(1, &format!("found {} P,Q,R,S", "5b".repeat(32)));
    for member in 0..3 {
        run.say(member, "1 offer work");
    }
    assert_eq!(run.wants(), [""; 0]);
    run.waits(Duration(PATIENCE.0 - 1));
    assert_eq!(run.wants(), [""; 0]);
    run.waits(Duration(1));
    assert_eq!(run.wants(), ["1 close offers"]);

    let mut run = Run::new(Vec::new());
    run.say(1, &format!("found {} P,Q,R,S", "5b".repeat(32)));
    for member in 0..4 {
        run.say(member, "1 offer work");
    }
    assert_eq!(run.wants(), ["1 close offers"], "nobody else may speak");
}

#[test]
fn a_phase_is_not_closed_while_what_is_held_for_it_waits_to_execute() {
    let mut run = Run::agreed("auction", vec![Wish::Auction(lamp(), Price::Second)]);
    run.say(1, "1 auction lamp second");
    let (bid, other) = ("ab".repeat(32), "cd".repeat(32));
    run.say(3, &format!("1 bid lamp {bid}"));
    assert_eq!(run.wants(), [""; 0]);
    run.waits(DELIBERATION);
    // Q's bid may be one that the primary withholds.
    run.holds(1, &format!("1 bid lamp {bid}"));
    assert_eq!(run.wants(), [""; 0]);
    assert!(run.member.due().is_some_and(|due| due > run.now));
    run.say(1, &format!("1 bid lamp {bid}"));
    assert_eq!(run.wants(), ["1 close bids lamp"]);
    // What would not count keeps nothing open: a second bid, a bid for another epoch or lot.
    for held in [
        format!("1 bid lamp {other}"),
        format!("2 bid lamp {bid}"),
        format!("1 bid chair {bid}"),
    ] {
        run.held.clear();
        run.holds(3, &held);
        assert_eq!(run.wants(), ["1 close bids lamp"], "{held}");
    }
    run.say(0, "1 close bids lamp");
    assert_eq!(run.wants(), [""; 0], "it has asked");
}

#[test]
fn a_reveal_that_is_held_keeps_the_auction_open_only_if_it_opens_a_bid() {
    let mut run = Run::agreed("auction", Vec::new());
    run.say(1, "1 auction lamp second");
    let salt = [0x0c; 32];
    let sealed = quorate_service::gathering::commitment(
        ClusterId([0x5b; 32]),
        1,
        &lamp(),
        ReplicaId(1),
        7,
        &salt,
    );
    let sealed: String = sealed.iter().map(|byte| format!("{byte:02x}")).collect();
    run.say(1, &format!("1 bid lamp {sealed}"));
    for member in [2, 3] {
        run.say(member, "1 close bids lamp");
    }
    run.wants();
    run.waits(PATIENCE);
    run.holds(1, &format!("1 reveal lamp 8 {}", "0c".repeat(32)));
    assert_eq!(run.wants(), ["1 close reveals lamp"]);
    run.holds(1, &format!("1 reveal lamp 7 {}", "0c".repeat(32)));
    assert_eq!(run.wants(), [""; 0]);
}

#[test]
fn a_member_does_not_close_before_its_own_word_has_executed() {
    let mut run = Run::agreed("auction", vec![Wish::Bid(lamp(), 75)]);
    assert_eq!(run.wants(), [""; 0], "there is no lot yet");
    run.say(1, "1 auction lamp second");
    run.wants();
    run.waits(DELIBERATION);
    let wants = run.wants();
    assert_eq!(wants.len(), 1, "{wants:?}");
    assert!(wants[0].starts_with("1 bid lamp "), "{wants:?}");
    run.say(0, &wants[0]);
    assert_eq!(run.wants(), ["1 close bids lamp"]);
}

#[test]
fn a_bid_tells_nobody_its_amount_and_its_bidder_can_read_it_in_any_life() {
    let bid_of = |amount, secret: u8| {
        let mut run = Run::agreed("auction", vec![Wish::Bid(lamp(), amount)]);
        let plan = Plan {
            offer: None,
            patience: PATIENCE,
            deliberation: DELIBERATION,
            secret: [secret; 32],
            wishes: vec![Wish::Bid(lamp(), amount)],
        };
        run.member = Member::new(P, plan.clone());
        run.say(1, "1 auction lamp second");
        let bid = run.wants().remove(0);
        run.say(0, &bid);
        for member in [1, 2] {
            run.say(member, "1 close bids lamp");
        }
        run.member = Member::new(
            P,
            Plan {
                wishes: Vec::new(),
                ..plan
            },
        );
        let reveal = run.wants().remove(0);
        assert!(
            reveal.starts_with(&format!("1 reveal lamp {amount} ")),
            "{reveal}"
        );
        run.say(0, &reveal);
        bid
    };
    let bids = [bid_of(0, 1), bid_of(1, 1), bid_of(0, 2)];
    let words = |bid: &str, word| bid.split(' ').nth(word).unwrap().to_owned();
    for word in [3, 4] {
        let distinct: std::collections::BTreeSet<_> =
            bids.iter().map(|bid| words(bid, word)).collect();
        assert_eq!(distinct.len(), 3, "{bids:?}");
    }
    assert_ne!(words(&bids[0], 4), "0".repeat(16));
}

#[test]
fn a_bid_with_a_foreign_commitment_is_revealed_by_whoever_made_it() {
    let mut run = Run::agreed("auction", Vec::new());
    run.say(1, "1 auction lamp second");
    run.say(0, &format!("1 bid lamp {}", "ab".repeat(32)));
    for member in [1, 2] {
        run.say(member, "1 close bids lamp");
    }
    assert_eq!(run.wants(), [""; 0]);
}

#[test]
fn parts_of_a_job_are_worked_out_one_at_a_time() {
    let mut run = Run::agreed("work", Vec::new());
    run.say(1, "1 work job primes 0 100 4");
    let first = run.wants();
    assert_eq!(first, ["1 result job 1 9"]);
    assert_eq!(
        run.member.due(),
        Some(run.now),
        "there is more to do at once"
    );
    assert_eq!(run.wants(), ["1 result job 1 9", "1 result job 2 6"]);
    run.say(0, "1 result job 1 9");
    let last = run.wants();
    assert_eq!(last.len(), 2, "{last:?}");
}

#[test]
fn what_members_wait_for_is_said_with_names_and_numbers() {
    let mut run = Run::agreed("auction", Vec::new());
    assert_eq!(run.state.waits(), []);
    run.say(1, "1 auction lamp second");
    run.say(1, &format!("1 bid lamp {}", "ab".repeat(32)));
    run.say(1, "1 close bids lamp");
    let waits: Vec<_> = run.state.waits().iter().map(ToString::to_string).collect();
    assert_eq!(
        waits,
        ["bids lamp: waits for P, R, S; 1 of 2 members ask for the end"]
    );
    run.say(2, "1 close bids lamp");
    let waits: Vec<_> = run.state.waits().iter().map(ToString::to_string).collect();
    assert_eq!(
        waits,
        ["reveals lamp: waits for Q; 0 of 2 members ask for the end"]
    );
}

#[test]
fn a_member_that_did_not_reveal_in_time_bids_at_once_and_waits_with_a_close_for_its_late_reveal() {
    let wishes = vec![Wish::Bid(lamp(), 75)];
    let mut run = Run::agreed("auction", wishes);
    run.say(1, "1 auction lamp second");
    let bid = run.wants().remove(0);
    run.say(0, &bid);
    for phase in ["bids", "reveals"] {
        for member in 1..3 {
            run.say(member, &format!("1 close {phase} lamp"));
        }
    }
    assert_eq!(run.state.unrevealed(P), Some(&lamp()));
    run.say(1, "1 auction chair second");
    let chair: Name = "chair".parse().unwrap();
    run.member.wish(&run.state, Wish::Bid(chair, 5)).unwrap();
    let wants = run.wants();
    let [bid, reveal] = &wants[..] else {
        panic!("{wants:?}");
    };
    assert!(bid.starts_with("1 bid chair "), "{bid}");
    assert!(reveal.starts_with("1 reveal lamp 75 "), "{reveal}");
    run.say(0, bid);
    for member in 1..3 {
        run.say(member, "1 close bids chair");
    }
    let reveals = run.wants();
    assert!(
        reveals.iter().all(|text| text.starts_with("1 reveal ")) && reveals.len() == 2,
        "{reveals:?}"
    );
    run.say(0, &reveals[1]);
    run.now = run.now + Duration::from_millis(60_000);
    assert_eq!(
        run.wants(),
        [reveal.as_str()],
        "the bid for chair would be void"
    );
    let client = ClientId::session(P, 0);
    run.state.execute(Sequence(99), client, reveal);
    assert_eq!(run.state.unrevealed(P), None);
    assert_eq!(run.wants(), ["1 close reveals chair"]);
}

#[test]
fn a_member_asks_for_the_next_epoch_once_nothing_is_open() {
    let mut run = Run::agreed("auction", vec![Wish::NextEpoch]);
    run.say(1, "1 auction lamp second");
    assert_eq!(run.wants(), [""; 0]);
    for phase in ["bids", "reveals"] {
        for member in 1..3 {
            run.say(member, &format!("1 close {phase} lamp"));
        }
    }
    assert_eq!(run.wants(), ["1 close epoch"]);
}

#[test]
fn a_wish_that_the_members_would_refuse_is_refused_at_once_and_says_why() {
    let name = |text: &str| text.parse::<Name>().unwrap();
    let mut run = Run::agreed("vote", Vec::new());
    run.say(1, "1 question lunch plurality soup,rice");
    let options = |texts: &[&str]| texts.iter().map(|text| name(text)).collect::<Vec<_>>();
    for (wish, why) in [
        (
            Wish::Question(name("lunch"), Rule::Borda, options(&["soup", "rice"])),
            "Q has opened 'lunch' otherwise, in slot 8; use another name",
        ),
        (
            Wish::Question(name("dinner"), Rule::Borda, options(&["soup"])),
            "a question has 2 to 31 options",
        ),
        (
            Wish::Ballot(name("lunch"), options(&["cake"])),
            "a ballot on 'lunch' names one of its options",
        ),
        (
            Wish::Auction(lamp(), Price::Second),
            "the members agreed on vote, not on auction",
        ),
        (
            Wish::Auction(lamp(), Price::First),
            "a lot with the first price has a name that ends in '.first'",
        ),
        (
            Wish::Bid(lamp(), 1_000_000_000_000_001),
            "a number is 0 to 1000000000000000",
        ),
    ] {
        let error = run.member.wish(&run.state, wish).unwrap_err().to_string();
        assert!(error.starts_with(why), "{error}");
    }
    assert_eq!(run.wants(), [""; 0]);
}

#[test]
fn wishes_that_were_granted_make_room_for_others() {
    let mut run = Run::agreed("auction", Vec::new());
    for lot in 0..MOST_WISHES {
        let lot: Name = format!("lot{lot}").parse().unwrap();
        run.member.wish(&run.state, Wish::Bid(lot, 5)).unwrap();
    }
    let more = || Wish::Bid(lamp(), 5);
    assert_eq!(run.member.wish(&run.state, more()), Err(Unwise::TooMany));
    run.say(1, "1 auction lot7 second");
    let bid = run.wants().remove(0);
    run.say(0, &bid);
    assert_eq!(run.member.wish(&run.state, more()), Ok(()));
}

#[test]
fn a_plan_with_two_bids_for_a_lot_does_not_make_the_member_contradict_itself() {
    let wishes = vec![Wish::Bid(lamp(), 75), Wish::Bid(lamp(), 80)];
    let mut run = Run::agreed("auction", wishes);
    run.say(1, "1 auction lamp second");
    assert_eq!(run.wants().len(), 1);
}
