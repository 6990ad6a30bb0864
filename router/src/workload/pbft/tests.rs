//! The workload with nodes whose answers a test chooses.

use std::num::NonZeroU32;
use std::time::Duration;

use quorate_protocol::Quorum;
use serde_json::{Value, json};

use super::{Cluster, Options, Pbft, Workload};
use crate::calls::Calls;
use crate::message::{Body, Message};

const fn at(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A workload, its clients, and the time.
struct Stage {
    workload: Pbft,
    calls: Calls,
    now: Duration,
}

impl Stage {
    fn new(calm: Duration) -> Self {
        let cluster = Cluster {
            names: (1..=4).map(|number| format!("n{number}")).collect(),
            quorum: Quorum::of(NonZeroU32::new(4).expect("it is not 0")),
            silent: ["n4".to_owned()].into(),
            liars: [].into(),
        };
        let options = Options {
            requests: 1,
            clients: 1,
            timeout: at(10_000),
            calm,
            state_transfer: false,
            retransmits: false,
            batches: false,
            seed: 1,
        };
        Self {
            workload: Pbft::new(cluster, options),
            calls: Calls::default(),
            now: Duration::ZERO,
        }
    }

    /// The messages sent by this time: recipients and bodies.
    fn sent(&mut self, millis: u64) -> Vec<(String, Body)> {
        self.now = at(millis);
        self.workload.wake(self.now, &mut self.calls);
        let sent = self.calls.take_outgoing().into_iter();
        sent.map(|one| (one.dest, one.body)).collect()
    }

    /// The recipients of messages of a type by this time.
    fn asked(&mut self, millis: u64, kind: &str) -> Vec<String> {
        let sent = self.sent(millis).into_iter();
        let all = sent.filter(|(_, body)| body["type"] == kind);
        all.map(|(to, _)| to).collect()
    }

    fn answer(&mut self, node: &str, to: &Value, body: Value) {
        let Value::Object(mut body) = body else {
            panic!("{body} is no body")
        };
        body.insert("in_reply_to".to_owned(), to.clone());
        let (src, dest) = (node.to_owned(), "c1".to_owned());
        let message = Message { src, dest, body };
        if let Some(answered) = self.calls.answered(&message) {
            self.workload.answered(self.now, answered, &mut self.calls);
        }
    }

    /// A node gives the request a slot.
    fn place(&mut self, node: &str, id: &Value, (view, sequence): (u64, u64)) {
        let body = json!({
            "type": "pbft_request_ok", "view": view, "sequence_number": sequence, "phase": "pre-prepare"
        });
        self.answer(node, id, body);
    }

    /// All nodes that are asked for the status of a slot by this time answer that they have executed it.
    fn execute(&mut self, millis: u64) -> Vec<u64> {
        let mut slots = Vec::new();
        for (node, body) in self.sent(millis) {
            let Some(slot) = body.get("sequence_number").and_then(Value::as_u64) else {
                continue;
            };
            slots.push(slot);
            let status = json!({
                "type": "pbft_status_ok", "phase": "committed", "prepares_received": 2,
                "commits_received": 3, "executed": true
            });
            self.answer(&node, &body["msg_id"], status);
        }
        slots
    }
}

#[test]
fn a_place_of_a_later_view_is_the_one_that_counts() {
    let mut stage = Stage::new(at(0));
    let id = stage.sent(0)[0].1["msg_id"].clone();
    stage.place("n1", &id, (0, 1));
    assert_eq!(stage.asked(10, "pbft_status"), ["n1", "n2", "n3"]);
    // No node executes it, so the client asks all nodes, which have changed the view.
    let all = ["n1", "n2", "n3", "n4"];
    assert_eq!(stage.asked(3000, "pbft_request"), all);
    stage.place("n2", &id, (1, 2));
    stage.place("n3", &id, (1, 2));
    assert_eq!(stage.execute(3050), [2, 2, 2]);
    assert!(stage.workload.is_over(at(3050)));
    assert_eq!(stage.workload.progress().done, 1);
    assert!(stage.calls.findings.is_empty());
}

#[test]
fn who_has_a_place_and_no_result_asks_all_again() {
    let mut stage = Stage::new(at(0));
    let id = stage.sent(0)[0].1["msg_id"].clone();
    stage.place("n1", &id, (0, 7));
    // A node that has answered may be asked again. A node that has not answered is not asked, because it would answer twice.
    let all = ["n1", "n2", "n3", "n4"];
    assert_eq!(stage.asked(3000, "pbft_request"), all);
    stage.place("n3", &id, (0, 7));
    assert_eq!(stage.asked(5999, "pbft_request"), [""; 0]);
    assert_eq!(stage.asked(6000, "pbft_request"), ["n3"]);
    assert_eq!(stage.asked(9999, "pbft_request"), [""; 0]);
    // Later they have changed the view.
    stage.place("n3", &id, (2, 1));
    assert_eq!(stage.execute(9999), [1, 1, 1]);
    assert!(stage.calls.findings.is_empty());
}

#[test]
fn an_answer_that_comes_late_moves_nothing() {
    let mut stage = Stage::new(at(0));
    let id = stage.sent(0)[0].1["msg_id"].clone();
    assert_eq!(stage.asked(1000, "pbft_request"), ["n2", "n3", "n4"]);
    stage.place("n2", &id, (0, 1));
    assert_eq!(stage.execute(1010), [1, 1, 1]);
    stage.place("n3", &id, (1, 5));
    assert!(stage.workload.is_over(at(1010)));
    assert_eq!(stage.workload.progress().done, 1);
}

#[test]
fn who_has_no_answer_asks_all_once() {
    let mut stage = Stage::new(at(0));
    assert_eq!(stage.asked(0, "pbft_request"), ["n1"]);
    assert_eq!(stage.workload.next(), Some(at(1000)));
    assert_eq!(stage.asked(999, "pbft_request"), [""; 0]);
    assert_eq!(stage.asked(1000, "pbft_request"), ["n2", "n3", "n4"]);
    assert_eq!(stage.asked(5000, "pbft_request"), [""; 0]);
    assert!(!stage.workload.is_over(at(9999)));
    assert!(stage.workload.is_over(at(10_000)));
    let missing = stage.workload.progress().missing;
    assert!(missing[0].contains("n2 has not answered"), "{missing:?}");
}

#[test]
fn only_an_error_that_may_pass_is_asked_again() {
    for (code, again) in [(11, vec!["n1"]), (10, vec![])] {
        let mut stage = Stage::new(at(0));
        let id = stage.sent(0)[0].1["msg_id"].clone();
        let error = json!({"type": "error", "code": code, "text": "no"});
        stage.answer("n1", &id, error);
        let mut asked = stage.asked(1000, "pbft_request");
        asked.retain(|node| node == "n1");
        assert_eq!(asked, again);
    }
}

#[test]
fn the_timeout_begins_when_the_last_partition_ends() {
    let mut stage = Stage::new(at(60_000));
    stage.sent(0);
    assert!(!stage.workload.is_over(at(69_999)));
    assert!(stage.workload.is_over(at(70_000)));
}
