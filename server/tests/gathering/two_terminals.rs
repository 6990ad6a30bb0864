//! The commands of the document: one server waits, another starts three nodes that join it.

use std::collections::BTreeSet;

use crate::support::meeting::Meeting;
use crate::support::nodes::free_port;

/// What stands behind the stage, without the name of the node before it.
fn texts(lines: &[String], stage: &str) -> BTreeSet<String> {
    let text = |line: &String| {
        let (_, text) = line.split_once(stage)?;
        Some(text.trim().to_owned())
    };
    lines.iter().filter_map(text).collect()
}

/// The log lines that are no mere information. That a view changed is no complaint: a machine without time for them makes primaries late.
fn warnings(log: &str) -> Vec<&str> {
    let lines = log.lines();
    lines.filter(|line| !line.contains(" INFO ")).collect()
}

#[test]
fn four_nodes_of_two_servers_end_with_one_cluster_one_agreement_and_one_winner() {
    let mut meeting = Meeting::new();
    let port = free_port().to_string();
    let first = meeting.start(&["127.0.0.1", &port]);
    first.says("waits for 3 more", 1);
    let others = meeting.start(&["127.0.0.1", &port, "3"]);
    first.says(" wins 'lamp' ", 1);
    others.says(" wins 'lamp' ", 3);
    for (part, stage) in [
        ("(slot 1)", "found"),
        ("auction, by P, Q, R, S;", "agree"),
        (" wins 'lamp' ", "act"),
    ] {
        let lines = [first.lines_with(part), others.lines_with(part)].concat();
        assert_eq!(lines.len(), 4, "{lines:?}");
        assert_eq!(texts(&lines, stage).len(), 1, "{lines:?}");
    }
    for party in [&first, &others] {
        assert_eq!(warnings(&party.complained()), [""; 0]);
    }
    assert_eq!(others.stop().code(), Some(0));
    assert_eq!(first.stop().code(), Some(0));
}

#[test]
fn nodes_with_nobody_to_join_say_what_to_start_first() {
    let mut meeting = Meeting::new();
    let port = free_port().to_string();
    let mut lonely = meeting.start(&["127.0.0.1", &port, "3"]);
    assert_eq!(lonely.wait().code(), Some(2));
    let complaint = lonely.complained();
    assert!(
        complaint.contains(&format!("nobody listens at 127.0.0.1:{port}")),
        "{complaint}"
    );
    assert!(
        complaint.contains(&format!("start `server 127.0.0.1 {port}` first")),
        "{complaint}"
    );
}

#[test]
fn servers_end_by_themselves_once_the_activity_is_over_if_they_are_told_so() {
    let mut meeting = Meeting::new();
    let port = free_port().to_string();
    let mut first = meeting.start(&["127.0.0.1", &port, "--once", "--wait", "40s"]);
    first.says("waits for 3 more", 1);
    let mut others = meeting.start(&["127.0.0.1", &port, "3", "--once", "--bid", "chair=7"]);
    assert_eq!(others.wait().code(), Some(0));
    assert_eq!(first.wait().code(), Some(0));
    assert_eq!(
        others.lines_with(" wins ").len() + first.lines_with(" wins ").len(),
        8
    );
}

#[test]
fn a_lone_node_never_agrees_and_ends_with_status_3_when_its_time_is_up() {
    let mut meeting = Meeting::new();
    let mut lone = meeting.start(&["127.0.0.1", "0", "--wait", "2s"]);
    assert_eq!(lone.wait().code(), Some(3));
    let said = lone.said();
    assert!(said.contains("1 of 4 here; waits for 3 more"), "{said}");
    assert!(said.contains("too few nodes came in time"), "{said}");
    for stage in ["found ", "negotiate ", "agree "] {
        assert!(!said.lines().any(|line| line.starts_with(stage)), "{said}");
    }
}
