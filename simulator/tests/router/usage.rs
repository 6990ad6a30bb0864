//! What is refused, with what to do instead.

use crate::support::maelstrom;

fn assert_refused(options: &[&str], words: &str) {
    let ended = maelstrom(options);
    assert_eq!(ended.status, Some(2), "{options:?}: {ended:?}");
    assert_eq!(ended.printed, "", "{options:?}");
    assert!(
        ended.complained.contains(words),
        "{options:?}: '{words}' is missing in: {}",
        ended.complained
    );
}

#[test]
fn programs_that_cannot_be_started_are_named() {
    assert_refused(&[], "--bin <COMMAND>");
    assert_refused(&["--bin", ""], "there is no program");
    assert_refused(&["--bin", "'node"], "cannot be split into words");
    assert_refused(
        &["--bin", "/nowhere/node --fast"],
        "cannot start n1 with '/nowhere/node --fast': No such file",
    );
    assert_refused(
        &["--bin", "sleep 1000", "--node", "n3=/nowhere/node"],
        "cannot start n3 with '/nowhere/node'",
    );
}

#[test]
fn wrong_options_are_told_with_what_to_write() {
    let wrong: [(&[&str], &str); 18] = [
        (&["-n", "0"], "1..=100"),
        (
            &["--silent", "n5"],
            "there is no node 'n5': the nodes are n1 to n4",
        ),
        (&["--silent", "4"], "there is no node '4'"),
        (&["--liar", "n2"], "is not NODE=LIE"),
        (
            &["--liar", "n2=mean"],
            "there are drop, delay, alter and equivocate",
        ),
        (&["--liar", "n2=drop,n2=delay"], "n2 is named twice"),
        (
            &["--liar", "n2=drop", "--silent", "n2"],
            "n2 is silent and cannot lie",
        ),
        (&["--partition", "n1"], "as in 0s-2s:n1+n2"),
        (
            &["--partition", "x-2s:n1"],
            "'x-2s:n1' is not FROM-TO:NODES",
        ),
        (&["--partition", "2s-1s:n1"], "it must end after it begins"),
        (
            &["--partition", "0s-2s:n1+n2+n3+n4"],
            "nobody is left on the other side",
        ),
        (&["--partition", "0s-200h:n1"], "longer than an hour"),
        (
            &["--latency", "20..5"],
            "write milliseconds as in 10 or 5..20",
        ),
        (&["--timeout", "10"], "no time such as 500ms"),
        (&["--timeout", "0s"], "more than no time"),
        (&["--loss", "101"], "0..=100"),
        (
            &["--workload", "lin-kv", "--clients", "50"],
            "at most 8 clients",
        ),
        (
            &["--workload", "echo", "--retransmit"],
            "are for --workload pbft",
        ),
    ];
    for (options, words) in wrong {
        assert_refused(&[&["--bin", "cat"], options].concat(), words);
    }
}

#[test]
fn a_diagram_that_cannot_be_written_is_refused_before_anything_runs() {
    let options = ["--bin", "cat", "--diagram", "/nowhere/a.svg"];
    assert_refused(&options, "cannot write /nowhere/a.svg");
    assert_refused(&["--bin", "cat", "--arrows", "5"], "--diagram");
}
