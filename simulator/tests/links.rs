//! Rules of links in whole runs: each effect is seen, and ends with the healing.

use std::cell::RefCell;

use quorate_simulator::trace::Hash;
use quorate_simulator::{Plan, Trace, run};

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Plays four correct processes with these rules. P is asked for something at 100 ms. Gives what happened, line by line.
fn lines_of(heal_ms: u64, links: &[&str]) -> Vec<String> {
    let links = links.iter().map(|rule| format!("{rule:?}"));
    let links: Vec<_> = links.collect();
    let links = links.join(", ");
    let text = format!("heal_ms = {heal_ms}\nlinks = [{links}]\n[requests]\nP = [100]\n");
    let plan = Plan::from_text(&text).expect("it is a plan");
    let keep = |line: &str| LINES.with_borrow_mut(|lines| lines.push(line.to_owned()));
    let outcome = run(&plan, Trace::Lines(Hash::default(), keep)).expect("it can be played");
    assert_eq!(outcome.violation, None, "{text}");
    LINES.take()
}

/// When `who` first did what these words say, in microseconds.
fn first(lines: &[String], who: &str, words: &str) -> Option<u64> {
    let has = |line: &&String| line.split_whitespace().nth(1) == Some(who) && line.contains(words);
    let line = lines.iter().find(has)?;
    let time = line.split_whitespace().next()?.replace('.', "");
    time.parse().ok()
}

fn count(lines: &[String], words: &str) -> usize {
    lines.iter().filter(|line| line.contains(words)).count()
}

const EXECUTES: &str = "executes slot 1";

#[test]
fn nothing_is_decided_while_two_of_four_are_cut_off_and_something_is_after_that() {
    let whole = lines_of(2000, &[]);
    assert!(first(&whole, "Q", EXECUTES).unwrap() < 110_000);
    let cut = lines_of(2000, &["P+Q<->R+S: cut @50ms-1500ms"]);
    assert!(count(&cut, "by 'P+Q<->R+S: cut @50ms-1s500ms': pre-prepare P") > 0);
    for process in ["P", "Q", "R", "S"] {
        assert!(
            first(&cut, process, EXECUTES).unwrap() > 1_500_000,
            "{process}"
        );
    }
    // The end of the window is not reached: the healing comes first.
    let healed = lines_of(1000, &["P+Q<->R+S: cut @50ms-1500ms"]);
    let decided = first(&healed, "R", EXECUTES).unwrap();
    assert!((1_000_000..1_500_000).contains(&decided), "{decided}");
}

#[test]
fn a_cut_in_one_direction_keeps_only_one_direction_from_getting_through() {
    let lines = lines_of(1000, &["P->Q: cut"]);
    let hears = |who: &str, message: &str| first(&lines, who, &format!("hears {message}"));
    assert_eq!(
        hears("Q", "pre-prepare P").filter(|at| *at < 1_000_000),
        None
    );
    assert!(hears("P", "standing Q").unwrap_or(u64::MAX) < 1_000_000);
    assert!(hears("R", "pre-prepare P").unwrap() < 110_000);
}

#[test]
fn a_slow_link_makes_each_message_late_by_its_delay() {
    let lines = lines_of(1000, &["P->* pre-prepare: delay 30ms±10ms"]);
    let says = first(&lines, "P", "tells all: pre-prepare").unwrap();
    for process in ["Q", "R", "S"] {
        let hears = first(&lines, process, "hears pre-prepare P").unwrap();
        assert!(
            (20_000..=41_000).contains(&(hears - says)),
            "{hears} after {says}"
        );
    }
}

#[test]
fn what_waits_on_a_slow_link_sets_out_at_the_healing() {
    let lines = lines_of(500, &["P->*: delay 1h"]);
    let heard = first(&lines, "Q", "hears pre-prepare P").unwrap();
    assert!((500_000..502_000).contains(&heard), "{heard}");
}

#[test]
fn a_link_that_doubles_brings_each_message_twice_and_one_with_a_rate_one_after_another() {
    let doubled = lines_of(1000, &["P->Q pre-prepare: duplicate 100%"]);
    assert_eq!(count(&doubled, "Q hears pre-prepare P view 0 slot 1 "), 2);
    let slow = lines_of(1000, &["P->Q: rate 2kB/s"]);
    let fast = lines_of(1000, &[]);
    let heard = |lines: &[String]| first(lines, "Q", "hears pre-prepare P").unwrap();
    assert!(heard(&slow) > heard(&fast) + 50_000);
}

#[test]
fn a_rule_loses_votes_of_the_exchange_too() {
    let text = |links: &str| {
        format!(
            "heal_ms = 300\nlinks = [{links}]\n[[rounds]]\nat_ms = 100\n\
             decisions = [\"attack\", \"attack\", \"attack\", \"attack\"]\n"
        )
    };
    let hears = |links: &str| {
        let plan = Plan::from_text(&text(links)).expect("it is a plan");
        let keep = |line: &str| LINES.with_borrow_mut(|lines| lines.push(line.to_owned()));
        let played = run(&plan, Trace::Lines(Hash::default(), keep)).expect("it can be played");
        assert_eq!(played.violation, None, "{links}");
        let lines = LINES.take();
        lines.iter().any(|line| line.contains(" Q hears vote P"))
    };
    assert!(hears(""));
    assert!(!hears("\"P->Q vote: cut\""));
}
