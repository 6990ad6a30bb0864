//! The help tells of all that can be written.
#![allow(clippy::unwrap_used)]

mod support;

use quorate_fault::behaviour;

#[test]
fn the_help_lists_behaviours_and_triggers() {
    for flag in ["-h", "--help"] {
        let output = support::run(&[flag]);
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(printed.contains(&behaviour::help()), "{printed}");
        assert_eq!(output.status.code(), Some(0));
    }
}
