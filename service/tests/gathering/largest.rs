//! The largest states.

use quorate_service::BadSnapshot;
use quorate_service::gathering::report;
use quorate_service::gathering::{Answer, Gathering, MOST_OPENED};

use crate::{Run, membership};

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
                    "auction" => format!("1 auction {name} second"),
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
