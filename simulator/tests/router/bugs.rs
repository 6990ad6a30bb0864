//! Nodes with one bug each, and what they are told.

use crate::support::{assert_bad, play};

fn bug(name: &str, options: &str, words: &[&str]) {
    assert_bad("pbft.py", &format!("{options} -- --bug {name}"), words);
}

#[test]
fn commits_on_too_few_votes() {
    // Those who are silent show that it does not wait for a quorum.
    bug(
        "commits-early",
        "--silent n3,n4",
        &[
            "n1: too few COMMITs",
            "n1: too few PREPAREs",
            "3 are needed",
        ],
    );
}

#[test]
fn counts_a_vote_twice() {
    bug(
        "counts-twice",
        "--silent n3,n4",
        &[
            "too many votes",
            "count each sender once",
            "decided without a quorum",
        ],
    );
}

#[test]
fn believes_a_primary_that_tells_each_something_else() {
    bug(
        "believes",
        "--liar n1=equivocate --seed 2",
        &[
            "disagreement: n",
            "has executed operation",
            "in slot 1 and n",
        ],
    );
}

#[test]
fn executes_what_is_prepared() {
    bug(
        "executes-early",
        "",
        &[
            "executed before committed",
            "in phase 'prepared'",
            "execute only what is 'committed'",
        ],
    );
}

#[test]
fn executes_slot_two_before_slot_one() {
    bug(
        "out-of-order",
        "--clients 2",
        &[
            "executed out of order",
            "slot 2 was executed and slot 1 is not yet",
        ],
    );
}

#[test]
fn answers_a_request_that_nobody_sent() {
    bug(
        "wrong-reply",
        "",
        &[
            "n1: wrong in_reply_to",
            "no request with msg_id 102",
            "waits for the answer to pbft_request with msg_id 2",
        ],
    );
}

#[test]
fn does_not_say_what_it_answers() {
    bug(
        "no-reply",
        "",
        &["no in_reply_to", "waits for the answer to pbft_status"],
    );
}

#[test]
fn answers_twice() {
    bug(
        "replies-twice",
        "",
        &[
            "n1: two replies to one request",
            "msg_id 2 was answered before",
        ],
    );
}

#[test]
fn speaks_as_another_node() {
    bug(
        "another-source",
        "",
        &["wrong src", "src must be the node's own id"],
    );
}

#[test]
fn speaks_to_nobody() {
    bug(
        "unknown-recipient",
        "",
        &["unknown dest", "there is no n9: the nodes are n1 to n4"],
    );
}

#[test]
fn gives_one_slot_to_two_requests() {
    bug(
        "one-slot",
        "",
        &[
            "n1: one slot for two requests",
            "sequence_number 1 in view 0 is given to",
        ],
    );
}

#[test]
fn gives_two_slots_to_one_request() {
    bug(
        "two-slots",
        "--retransmit",
        &["two slots for one request", "'set x=42' (c1's msg_id 2)"],
    );
}

#[test]
fn prints_what_is_no_message() {
    bug(
        "garbage",
        "",
        &[
            "n2: no message: line ",
            "in the line: accepted slot 1",
            "logs go to standard error",
        ],
    );
}

#[test]
fn has_a_field_of_another_type() {
    bug(
        "wrong-field",
        "",
        &["wrong field: executed of pbft_status_ok must be true or false"],
    );
}

#[test]
fn dies() {
    bug(
        "dies",
        "",
        &[
            "ended",
            "exit status 1",
            "ArithmeticError: the backup divides by zero",
        ],
    );
}

#[test]
fn closes_its_output() {
    bug("closes", "", &["ended", "it closed its standard output"]);
}

#[test]
fn refuses_everything() {
    bug(
        "refuses",
        "--timeout 2s",
        &["no progress", "n1 answered with error 10"],
    );
}

#[test]
fn writes_a_line_that_never_ends() {
    bug(
        "long-line",
        "",
        &["no message", "a line has at most 1048576 bytes"],
    );
}

#[test]
fn begins_a_line_and_does_not_end_it() {
    bug(
        "no-newline",
        "",
        &[
            "n1: unfinished line: line 1 of its output is 74 bytes without a newline at their end",
            "flush standard output after it",
        ],
    );
    let words = "unfinished line: line 2 of its output is 9 bytes without a newline";
    bug("half-vote", "--requests 1 --timeout 2s", &[words]);
    bug("dies-in-line", "", &["unfinished line", "exit status 3"]);
    bug(
        "endless-line",
        "",
        &["unfinished line: line 2 of its output is 1048576 bytes"],
    );
}

#[test]
fn a_line_that_is_being_written_when_the_run_ends_is_no_fault() {
    let ended = play("pbft.py", "--loss 100 --timeout 2s -- --bug writes-slowly");
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.printed.contains("no progress"), "{ended:?}");
    assert!(!ended.printed.contains("unfinished line"), "{ended:?}");
}

#[test]
fn sends_without_end() {
    bug("floods", "--timeout 3s", &["verdict: not good"]);
}

#[test]
fn stores_that_are_not_linearizable_are_found() {
    assert_bad(
        "kv.py",
        "--workload lin-kv -- --bug stale",
        &["not linearizable", "no order explains what happened to key"],
    );
    assert_bad(
        "kv.py",
        "--workload echo -- --bug echo",
        &["n1: wrong echo", "has echo \"hello?\""],
    );
}
