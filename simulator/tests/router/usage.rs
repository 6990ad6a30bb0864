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
    let wrong: [(&[&str], &str); 21] = [
        (&["-n", "0"], "1..=100"),
        (
            &["--silent", "n5"],
            "there is no node 'n5': the nodes are n1 to n4",
        ),
        (&["--silent", "4"], "there is no node '4'"),
        (&["--liar", "n2"], "is not NODE=LIE"),
        (
            &["--liar", "n2=mean"],
            "the lies are drop, delay, alter and equivocate",
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
        (&["-n", "1", "--loss", "5"], "there is one node"),
        (&["-n", "1", "--liar", "n1=drop"], "there is one node"),
        (
            &["--workload", "lin-kv", "--batches"],
            "are for --workload pbft",
        ),
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
    for option in [["--arrows", "5"], ["--from", "1s"], ["--only", "commit"]] {
        assert_refused(&[&["--bin", "cat"][..], &option].concat(), "--diagram");
    }
}

/// Every option with a value that means something by itself.
const OPTIONS: [&[&str]; 20] = [
    &["--node", "n2=cat"],
    &["-n", "4"],
    &["--workload", "lin-kv"],
    &["--requests", "2"],
    &["--clients", "2"],
    &["--seed", "1"],
    &["--latency", "1"],
    &["--loss", "1"],
    &["--partition", "0s-1s:n1"],
    &["--silent", "n1"],
    &["--liar", "n2=drop"],
    &["--timeout", "1s"],
    &["--state-transfer"],
    &["--batches"],
    &["--retransmit"],
    &["--from", "1s"],
    &["--only", "commit"],
    &["--arrows", "5"],
    &["--log"],
    &["--format", "json"],
];

/// Options that mean nothing with this one before them.
const WITHOUT_MEANING: [(&[&str], &[&str]); 4] = [
    (
        &["--workload", "lin-kv"],
        &["--state-transfer", "--batches", "--retransmit"],
    ),
    (
        &["--workload", "echo"],
        &["--state-transfer", "--batches", "--retransmit"],
    ),
    (&["-n", "1"], &["--loss", "--partition", "--liar", "--node"]),
    (&["--silent", "n2"], &["--liar"]),
];

/// Whether the command line is taken. The nodes cannot be started, so nothing runs.
fn is_taken(options: &[&str]) -> bool {
    let all = [&["--bin", "/nowhere/node"], options].concat();
    let ended = maelstrom(&all);
    assert_eq!(ended.status, Some(2), "{options:?}: {ended:?}");
    ended.complained.contains("cannot start n1")
}

#[test]
fn every_two_options_mean_something_or_are_refused() {
    let diagram = format!("{}/pairs.svg", env!("CARGO_TARGET_TMPDIR"));
    let needs_diagram = |option: &&[&str]| ["--from", "--only", "--arrows"].contains(&option[0]);
    let pbft_only =
        |option: &&[&str]| ["--state-transfer", "--batches", "--retransmit"].contains(&option[0]);
    for (place, one) in OPTIONS.iter().enumerate() {
        for other in &OPTIONS[place + 1..] {
            let pair = [*one, *other].concat();
            let needs = [one, other].into_iter().any(needs_diagram);
            assert!(!needs || !is_taken(&pair), "{pair:?} without --diagram");
            let whole = [&["--diagram", &diagram], pair.as_slice()].concat();
            let means = !(one[0] == "--workload" && pbft_only(other));
            assert_eq!(is_taken(&whole), means, "{whole:?}");
        }
    }
    for (before, without_meaning) in WITHOUT_MEANING {
        for name in without_meaning {
            let option = OPTIONS.iter().find(|option| option[0] == *name);
            let all = [before, option.expect("it is listed")].concat();
            assert!(!is_taken(&all), "{all:?} mean nothing together");
        }
    }
}
