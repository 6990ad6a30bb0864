//! `POST /view_change_request`, and primaries that are lost.

use std::time::Duration;

use crate::support::eventually;
use crate::support::nodes::{Nodes, Settings};
use crate::support::takeover::{Load, fill_window, time_to_go_on};
use crate::{decide, post, proposal};
use serde_json::json;

/// Asks these nodes for another primary.
fn ask_for_another_primary(nodes: &Nodes, indices: std::ops::Range<usize>) {
    for index in indices {
        let url = format!(
            "http://localhost:{}/view_change_request",
            nodes.ports[index]
        );
        let (status, told) = post(&url, &[], r#"{"action": "view change"}"#);
        assert_eq!((status.as_str(), &told["view"]), ("200", &json!(0)));
    }
}

#[test]
fn a_view_change_comes_when_enough_nodes_in_which_a_request_waits_are_asked_for_it() {
    // No node leaves its primary by itself before the test is over.
    let mut nodes = Nodes::start(Settings {
        network_timeout: 600.0,
        ..Settings::default()
    });
    nodes.kill(0);
    let body = proposal(&nodes, [0, 0], 1.5, "set x=1");
    let url = format!("http://localhost:{}/request", nodes.ports[1]);
    assert_eq!(post(&url, &[], &body).0, "307");
    for index in 1..4 {
        eventually("the request waits in each node", || {
            nodes.status(index).unwrap_or_default()["requests_waiting"] == 1
        });
    }
    ask_for_another_primary(&nodes, 2..4);
    for index in 1..4 {
        eventually("the view changes, and the request is decided", || {
            let status = nodes.status(index).unwrap_or_default();
            (&status["view"], &status["primary"]) == (&json!(1), &json!(1))
                && nodes.executed(index) == 1
        });
    }
}

#[test]
fn nodes_in_which_no_request_waits_keep_their_primary_when_they_are_asked_for_another() {
    let nodes = Nodes::start(Settings::default());
    ask_for_another_primary(&nodes, 0..4);
    decide(&nodes, 0..1);
    for index in 0..4 {
        eventually("it is decided in view 0", || nodes.executed(index) == 1);
        assert_eq!(nodes.status(index).unwrap()["view"], 0);
    }
}

#[test]
fn with_the_longest_interval_and_a_full_window_the_others_go_on_within_three_time_outs() {
    // Long enough for a machine that is busy with other tests. `cargo bench -p quorate-server --bench attack` has a heavier load.
    const TIME_OUT: Duration = Duration::from_secs(5);
    const LOAD: Load = Load {
        requests: 100,
        bytes: 5000,
    };
    let mut nodes = Nodes::start(Settings {
        checkpoint_interval: 10_000,
        network_timeout: TIME_OUT.as_secs_f64(),
        lasts: true,
        ..Settings::default()
    });
    let slots = fill_window(&nodes, LOAD);
    assert!(slots > 200, "{slots}");
    nodes.kill(0);
    let taken = time_to_go_on(&nodes, &[1, 2, 3]);
    assert!(taken < 3 * TIME_OUT, "{taken:?}");
    nodes.start_again(0);
    let back = time_to_go_on(&nodes, &[0, 1, 2, 3]);
    assert!(back < 3 * TIME_OUT, "{back:?}");
}
