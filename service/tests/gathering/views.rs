//! What anybody may ask.

use quorate_service::gathering::report;
use quorate_service::gathering::{KEPT, Refusal};

use crate::{P, Q, R, Run, name};

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
        for member in [P, Q, R] {
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
