//! The help tells of all that can be written.
#![allow(clippy::unwrap_used)]

mod support;

use quorate_fault::{grammar, link};

#[test]
fn the_long_help_lists_behaviours_and_triggers_and_the_short_one_says_where() {
    let help = |flag| {
        let output = support::run(&[flag]);
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stdout).unwrap()
    };
    let long = help("--help");
    for line in grammar::help().lines().chain(link::help().lines()) {
        let first = line.split_whitespace().next().unwrap_or_default();
        assert!(long.contains(first), "{first} is missing in {long}");
    }
    assert!(help("-h").contains("`server --help` lists the behaviours and triggers"));
}
