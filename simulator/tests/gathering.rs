//! Members gather in runs of the simulator: what each lie shows, and that no rule is broken.

use std::cell::RefCell;
use std::collections::BTreeSet;

use quorate_fault::Scene;
use quorate_fault::behaviour::REGISTRY;
use quorate_service::gathering::Price;
use quorate_simulator::plan::Choice;
use quorate_simulator::trace::Hash;
use quorate_simulator::{Plan, Trace, run};

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Plays a plan, which must break no rule, and gives what happened line by line.
fn lines_of(plan: &Plan) -> Vec<String> {
    let keep = |line: &str| LINES.with_borrow_mut(|lines| lines.push(line.to_owned()));
    let outcome = run(plan, Trace::Lines(Hash::default(), keep)).expect("the plan can be played");
    assert_eq!(outcome.violation, None, "{}", plan.to_text());
    LINES.take()
}

fn drawn(seed: u64) -> Plan {
    let choice = Choice {
        gathers: true,
        ..Choice::default()
    };
    Plan::generate(seed, &choice)
}

/// The names of the behaviours that need a gathering.
fn lies() -> Vec<&'static str> {
    let lies = REGISTRY.into_iter();
    let lies = lies.filter(|entry| entry.needs == Scene::Gathering);
    lies.map(|entry| entry.name).collect()
}

#[test]
fn no_rule_is_broken_and_every_activity_is_agreed_on() {
    let mut agreed = BTreeSet::new();
    for seed in 0..25 {
        let lines = lines_of(&drawn(seed));
        let chosen = lines.iter().find_map(|line| {
            let (_, chosen) = line.split_once(" tells agree: ")?;
            chosen.split([',', ' ']).next()
        });
        agreed.insert(chosen.unwrap_or("nothing").to_owned());
    }
    for activity in ["auction", "vote", "work"] {
        assert!(agreed.contains(activity), "{agreed:?}");
    }
}

#[test]
fn every_lie_is_drawn_alone_among_four_and_with_every_other_among_seven_breaks_no_rule() {
    let mut alone = BTreeSet::new();
    let mut pairs = BTreeSet::new();
    for seed in 0..6000 {
        let plan = drawn(seed);
        let words = plan
            .faulty
            .iter()
            .filter_map(|one| one.split(['=', '@']).nth(1));
        let mut words: Vec<String> = words.map(str::to_owned).collect();
        words.sort();
        match (plan.processes, words.as_slice()) {
            (4, [one]) => {
                alone.insert(one.clone());
            }
            (7, [one, other]) if pairs.insert((one.clone(), other.clone())) => {
                lines_of(&plan);
            }
            _ => {}
        }
    }
    for one in lies() {
        assert!(alone.contains(one), "{one}");
        for other in lies().into_iter().filter(|other| one <= *other) {
            let pair = (one.to_owned(), other.to_owned());
            assert!(pairs.contains(&pair), "{pair:?}");
        }
    }
}

#[test]
fn what_a_member_orders_is_sent_again_if_it_is_lost_on_its_way() {
    // In each of these an offer, a bid or a ballot is lost before the network heals.
    for seed in [6368, 7040, 7636] {
        lines_of(&drawn(seed));
    }
}

/// A gathering of four in which nothing goes wrong but what S does.
fn calm(offer: &str, faulty: &str) -> Plan {
    let mut plan = Plan {
        faulty: vec![faulty.to_owned()],
        ..Plan::generate(
            1,
            &Choice {
                processes: Some(4),
                faulty: Some(Vec::new()),
                gathers: true,
                ..Choice::default()
            },
        )
    };
    plan.network.clear();
    plan.partitions.clear();
    plan.withheld.clear();
    plan.stops.clear();
    plan.clocks.clear();
    plan.disks.clear();
    plan.requests.clear();
    if let Some(gathering) = &mut plan.gathering {
        gathering.price = Price::Second;
        for (member, bid) in gathering.members.iter_mut().zip([40, 75, 60, 10]) {
            offer.clone_into(&mut member.offer);
            member.bid = Some(bid);
        }
    }
    plan
}

#[test]
fn each_lie_shows_in_the_run_and_all_tell_the_same() {
    let auction = "auction can=cores:4 prefer=auction";
    let work = "work can=cores:4 prefer=work";
    for (offer, faulty, told) in [
        (
            work,
            "S=lie-offer",
            "S offers auction, vote, work, store; cores 1000000000000000",
        ),
        (work, "S=lie-offer", "malicious: S"),
        (
            auction,
            "S=equivocate-offer",
            "malicious: S made two offers",
        ),
        (
            auction,
            "S=late-bid",
            "malicious: S changed its bid for 'lamp' after the close",
        ),
        (
            auction,
            "S=late-bid",
            "P 40, Q 75, R 60; S did not reveal: void",
        ),
        (
            auction,
            "S=no-reveal",
            "P 40, Q 75, R 60; S did not reveal: void",
        ),
        (auction, "P=withhold", "P 40, Q 75, R 60, S 10"),
    ] {
        let plan = calm(offer, faulty);
        let lines = lines_of(&plan);
        let all = plan.processes as usize;
        let count = lines.iter().filter(|line| line.contains(told)).count();
        assert!(count >= all - 1, "{faulty}: {told}: {count}");
        let view_change = lines.iter().any(|line| line.contains("starts view 1"));
        assert_eq!(view_change, faulty == "P=withhold", "{faulty}");
    }
}

#[test]
fn a_lie_of_members_needs_a_gathering() {
    let mut plan = calm("auction", "S=late-bid");
    assert!(plan.check().is_ok());
    plan.gathering = None;
    let error = plan.check().expect_err("nobody bids").to_string();
    assert!(error.contains("'late-bid' needs a process"), "{error}");
}

#[test]
fn a_gathering_that_cannot_be_played_is_refused() {
    let refused = |change: fn(&mut quorate_simulator::plan::Gathering)| {
        let mut plan = calm("auction", "S=late-bid");
        plan.gathering.iter_mut().for_each(change);
        plan.check().expect_err("it cannot be played").to_string()
    };
    for (error, words) in [
        (refused(|one| one.members.truncate(3)), "has 3 members"),
        (refused(|one| one.members[0].offer.clear()), "the offer ''"),
        (
            refused(|one| one.members[0].ballot = vec!["pink".into()]),
            "'pink'",
        ),
        (
            refused(|one| one.members[0].bid = Some(u64::MAX)),
            "a bid is at most",
        ),
        (refused(|one| one.parts = 0), "a job has FROM below TO"),
    ] {
        assert!(error.contains(words), "{error}");
    }
}
