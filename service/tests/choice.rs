//! The choice: feasible activities, terms, numbers, the Borda count, ties, and what liars can do about it.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use quorate_protocol::{ClientId, ClusterId, Quorum, ReplicaId, Sequence};
use quorate_service::gathering::{Activity, Choice, Gathering, Membership, Name, Offer, Standing};

const CLUSTER: ClusterId = ClusterId([0x5b; 32]);

fn membership(n: u32) -> Membership {
    Membership::plain(CLUSTER, Quorum::of(NonZeroU32::new(n).unwrap()))
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

type Offers = BTreeMap<ReplicaId, Offer>;

/// The offers in these words, of P, Q, R and so on. An empty text is no offer.
fn offers(texts: &[&str]) -> Offers {
    let offers = (0..)
        .map(ReplicaId)
        .zip(texts)
        .filter(|(_, text)| !text.is_empty());
    offers
        .map(|(member, text)| (member, Offer::parse(text).unwrap()))
        .collect()
}

fn choice(texts: &[&str]) -> Choice {
    let n = u32::try_from(texts.len()).unwrap();
    Choice::of(&membership(n), 1, &offers(texts), 5)
}

fn standing(choice: &Choice, activity: Activity) -> &Standing {
    choice
        .standings
        .iter()
        .find(|one| one.activity == activity)
        .unwrap()
}

/// Who takes part in work, as their letters.
fn workers(texts: &[&str]) -> String {
    let choice = choice(texts);
    let members = &standing(&choice, Activity::Work).members;
    members.iter().map(ReplicaId::to_string).collect()
}

#[test]
fn an_activity_is_feasible_if_at_least_a_quorum_offers_it() {
    assert_eq!(
        choice(&["work", "work", "work", ""]).chosen,
        Some(Activity::Work)
    );
    assert_eq!(choice(&["work", "work", "auction", ""]).chosen, None);
    assert_eq!(choice(&["", "", "", ""]).chosen, None);
    assert_eq!(choice(&["work"]).chosen, Some(Activity::Work));
    let seven = ["work", "work", "work", "work", "", "", ""];
    assert_eq!(choice(&seven).chosen, None, "a quorum of 7 is 5");
}

#[test]
fn each_term_must_hold_or_its_member_does_not_take_part() {
    for (terms, holds) in [
        ("least=4", true),
        ("least=5", false),
        ("most=4", true),
        ("most=3", false),
        ("deadline=5", true),
        ("deadline=4", false),
        ("without=T", true),
        ("without=P", false),
        ("needs=cores:4", true),
        ("needs=cores:5", false),
        ("needs=disk:1", false),
        ("needs=disk:0", true),
    ] {
        let mine = format!("work {terms}");
        let others = "work can=cores:4";
        let texts = [others, others, others, &mine, "", "", ""];
        let members = workers(&texts);
        assert_eq!(members, if holds { "PQRS" } else { "PQR" }, "{terms}");
    }
}

#[test]
fn terms_are_looked_at_again_when_members_have_left() {
    // S leaves because of R. Then three are too few for Q.
    assert_eq!(
        workers(&["work", "work least=4", "work", "work without=R"]),
        "PR"
    );
    // Both exclude each other, so both leave.
    assert_eq!(
        workers(&["work without=Q", "work without=P", "work", "work"]),
        "RS"
    );
}

#[test]
fn one_liar_cannot_make_every_activity_impossible_with_terms_that_do_not_hold() {
    let honest = "auction,work prefer=auction,work";
    for terms in [
        "least=1000",
        "most=0",
        "without=P,Q,R",
        "needs=cores:1000",
        "deadline=0",
    ] {
        let lie = format!("auction,vote,work,store {terms}");
        let choice = choice(&[honest, honest, honest, &lie]);
        assert_eq!(choice.chosen, Some(Activity::Auction), "{terms}");
        assert_eq!(choice.members().unwrap().len(), 3);
    }
}

#[test]
fn a_number_is_the_one_that_a_correct_member_claims_at_least() {
    let texts = [
        "work can=cores:8",
        "work can=cores:4",
        "work can=cores:64,disk:9",
        "work can=cores:2",
    ];
    let numbers = choice(&texts).numbers;
    assert_eq!(
        numbers,
        BTreeMap::from([(name("cores"), 8)]),
        "only S may lie, or R, or one other"
    );
}

#[test]
fn the_borda_count_decides_among_the_feasible_activities_only() {
    let two = choice(&[
        "auction,work,vote prefer=vote,auction,work",
        "auction,work prefer=work,auction",
        "auction,work prefer=work",
        "auction,work prefer=auction,work",
    ]);
    // Vote is offered by one, so that P's preference counts for auction first.
    assert_eq!(standing(&two, Activity::Auction).points, Some(2 + 1 + 2));
    assert_eq!(standing(&two, Activity::Work).points, Some(1 + 2 + 2 + 1));
    assert_eq!(standing(&two, Activity::Vote).points, None);
    assert_eq!(two.chosen, Some(Activity::Work));
}

#[test]
fn a_tie_is_broken_by_a_hash_of_the_cluster_the_epoch_and_the_name() {
    let all = "auction,vote,work,store";
    let offers = offers(&[all, all, all, all]);
    // min(names, key=lambda a: hashlib.sha256(f"tie {'5b'*32} 1 agreement {a}".encode()).hexdigest())
    let first = Choice::of(&membership(4), 1, &offers, 5);
    assert_eq!(first.chosen, Some(Activity::Vote));
    let chosen = |epoch| {
        Choice::of(&membership(4), epoch, &offers, 5)
            .chosen
            .unwrap()
    };
    let chosen: BTreeSet<Activity> = (1..50).map(chosen).collect();
    assert_eq!(chosen.len(), 4, "no name is always the first");
}

fn activities() -> impl Strategy<Value = BTreeSet<Activity>> {
    btree_set(proptest::sample::select(Activity::ALL.to_vec()), 1..=4)
}

fn numbers() -> impl Strategy<Value = BTreeMap<Name, u64>> {
    let name = proptest::sample::select(vec![name("cores"), name("disk")]);
    btree_map(name, 0..9u64, 0..=2)
}

fn offer(n: u32) -> impl Strategy<Value = Offer> {
    let without = btree_set((0..n).prop_map(ReplicaId), 0..2);
    let bounds = (
        option::weighted(0.2, 0..9u32),
        option::weighted(0.2, 3..9u32),
        option::weighted(0.1, 0..9u64),
    );
    (activities(), numbers(), numbers(), bounds, without).prop_flat_map(
        |(services, can, needs, (least, most, deadline), without)| {
            let order = Just(services.iter().copied().collect::<Vec<_>>()).prop_shuffle();
            let length = 0..=services.len();
            (order, length).prop_map(move |(mut prefers, length)| {
                prefers.truncate(length);
                Offer {
                    services: services.clone(),
                    can: can.clone(),
                    needs: needs.clone(),
                    least,
                    most,
                    without: without.clone(),
                    deadline,
                    prefers,
                }
            })
        },
    )
}

/// n = 7, of which two may lie.
const N: u32 = 7;
const F: usize = 2;

fn of(offers: &[Option<Offer>]) -> Choice {
    let offers = (0..).map(ReplicaId).zip(offers);
    let offers = offers.filter_map(|(member, offer)| Some((member, offer.clone()?)));
    Choice::of(&membership(N), 1, &offers.collect(), 5)
}

fn some_offers() -> impl Strategy<Value = Vec<Option<Offer>>> {
    vec(option::weighted(0.9, offer(N)), N as usize)
}

fn moved(members: &BTreeSet<ReplicaId>, to: &[u32]) -> BTreeSet<ReplicaId> {
    members
        .iter()
        .map(|one| ReplicaId(to[one.0 as usize]))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// No member has a say that depends on its place.
    #[test]
    fn the_choice_is_the_same_whoever_makes_which_offer(
        offers in some_offers(),
        to in Just((0..N).collect::<Vec<u32>>()).prop_shuffle(),
    ) {
        let mut others = vec![None; N as usize];
        for (from, offer) in offers.iter().enumerate() {
            others[to[from] as usize] = offer.clone().map(|offer| Offer {
                without: moved(&offer.without, &to),
                ..offer
            });
        }
        let (one, other) = (of(&offers), of(&others));
        prop_assert_eq!(one.chosen, other.chosen);
        prop_assert_eq!(one.numbers, other.numbers);
        for (one, other) in one.standings.iter().zip(&other.standings) {
            prop_assert_eq!(moved(&one.members, &to), other.members.clone());
            prop_assert_eq!(one.points, other.points);
        }
    }

    /// The order in which offers execute does not matter, and neither do the words' order and repetitions.
    #[test]
    fn the_choice_is_the_same_in_whatever_order_the_offers_execute(
        offers in some_offers(),
        order in Just((0..N).collect::<Vec<u32>>()).prop_shuffle(),
    ) {
        let play = |order: &[u32]| {
            let mut state = Gathering::new(membership(N));
            let mut slot = 0;
            let mut say = |member: u32, text: &str| {
                slot += 1;
                state.execute(Sequence(slot), ClientId::session(ReplicaId(member), 0), text)
            };
            let cluster = "5b".repeat(32);
            assert!(say(0, &format!("found {cluster} P,Q,R,S,T,U,V")).is_done());
            for member in order {
                if let Some(offer) = &offers[*member as usize] {
                    for _ in 0..2 {
                        assert!(say(*member, &format!("1 offer {offer}")).is_done());
                    }
                }
            }
            for member in 0..3 {
                say(member, "1 close offers");
            }
            state.choice().unwrap().clone()
        };
        let in_order: Vec<u32> = (0..N).collect();
        prop_assert_eq!(play(&order), play(&in_order));
    }

    /// Whatever f liars claim, a correct member has claimed at least the number, and f+1 correct ones are not talked down.
    #[test]
    fn liars_neither_raise_a_number_nor_hide_what_enough_correct_members_have(
        honest in vec(numbers(), N as usize - F),
        lies in vec(btree_map(Just(name("cores")), any::<u32>().prop_map(u64::from), 0..=1), F),
    ) {
        let claims = honest.iter().chain(&lies);
        let offers: Vec<_> = claims.map(|can| Some(Offer { can: can.clone(), ..Offer::of([Activity::Work]) })).collect();
        let number = of(&offers).numbers.get(&name("cores")).copied();
        let mut correct: Vec<u64> = honest.iter().filter_map(|can| can.get(&name("cores")).copied()).collect();
        correct.sort_unstable();
        correct.reverse();
        prop_assert!(number <= correct.first().copied(), "{number:?} of {correct:?}");
        prop_assert!(number >= correct.get(F).copied(), "{number:?} of {correct:?}");
    }

    /// What all correct members offer without terms stays feasible, with all of them, whatever f liars offer.
    #[test]
    fn liars_cannot_make_impossible_what_all_correct_members_offer(
        services in activities(),
        lies in vec(option::of(offer(N)), F),
    ) {
        let honest = Offer::of(services.clone());
        let offers: Vec<_> = vec![Some(honest); N as usize - F].into_iter().chain(lies).collect();
        let choice = of(&offers);
        for activity in services {
            let standing = standing(&choice, activity);
            prop_assert!(standing.points.is_some());
            prop_assert!((0..N - 2).all(|one| standing.members.contains(&ReplicaId(one))));
        }
        prop_assert!(choice.chosen.is_some());
    }

    /// An offer reads as it is written.
    #[test]
    fn any_offer_reads_as_its_words(offer in offer(N)) {
        prop_assert_eq!(Offer::parse(&offer.to_string()), Ok(offer));
    }
}
