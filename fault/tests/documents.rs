//! `docs/faults.md` and the help describe exactly the behaviours and triggers of the registry, in its words.
#![allow(clippy::unwrap_used)]

use quorate_fault::behaviour::REGISTRY;
use quorate_fault::grammar;
use quorate_fault::link::{EFFECTS, FORM, Kind, Rules};
use quorate_fault::trigger::TRIGGERS;

fn page() -> String {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/faults.md");
    std::fs::read_to_string(page).unwrap()
}

/// The rows of the page's table that has this header.
fn rows(head: &str) -> Vec<String> {
    let page = page();
    let mut lines = page.lines().skip_while(|line| *line != head);
    assert_eq!(lines.next(), Some(head));
    lines
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_page_lists_every_behaviour_and_what_it_shows() {
    let mut all = rows("| behaviour | what the process does | what you see |");
    all.extend(rows(
        "| behaviour of a member | what it does | what every node prints |",
    ));
    all.extend(rows(
        "| behaviour of a node that looks for others | what it does | what comes of it |",
    ));
    assert_eq!(all.len(), REGISTRY.len());
    for (row, entry) in all.iter().zip(REGISTRY) {
        let start = format!("| `{}{}` | {} | ", entry.name, entry.argument, entry.what);
        let seen = row
            .strip_prefix(&start)
            .unwrap_or_else(|| panic!("{start} is not {row}"));
        assert!(seen.len() > " |".len(), "{row}");
    }
}

#[test]
fn the_page_lists_every_trigger() {
    let expected = TRIGGERS.map(|(form, when)| format!("| `@{form}` | {when} |"));
    assert_eq!(rows("| trigger | when the behaviour acts |"), expected);
}

#[test]
fn the_page_lists_every_effect_of_a_link_and_the_form_of_its_rules() {
    let expected = EFFECTS.map(|(form, what)| format!("| `{form}` | {what} |"));
    assert_eq!(rows("| effect | what happens to a message |"), expected);
    assert!(page().contains(&format!("`{FORM}`")));
}

#[test]
fn the_kind_that_only_links_have_is_named_on_the_page() {
    let only: Vec<_> = Kind::on_links()
        .filter(|kind| !Kind::ALL.contains(kind))
        .collect();
    assert_eq!(only, [Kind::VOTE]);
    assert!(page().contains("and `vote`, a vote of the exchange"));
    assert!(Rules::parse(&["*->* vote: cut"], 4).is_ok());
}

#[test]
fn the_help_has_a_line_for_each_behaviour_and_trigger() {
    let help = grammar::help();
    let lines = help.lines().filter(|line| line.starts_with("  "));
    assert_eq!(lines.count(), REGISTRY.len() + TRIGGERS.len(), "{help}");
    for entry in REGISTRY {
        let form = format!("\n  {}{} ", entry.name, entry.argument);
        assert!(help.contains(&form), "{form}");
        assert!(help.contains(entry.what), "{form}");
    }
}

#[test]
fn no_line_of_behaviours_and_triggers_wraps_in_a_help_of_100_columns() {
    for line in grammar::help().lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}
