//! Nodes that talk to each other under a virtual clock.

use std::collections::VecDeque;

use quorate_maelstrom::node::Node;
use quorate_maelstrom::settings::Settings;
use quorate_protocol::{Duration, Time};
use serde_json::{Map, Value, json};

const NAMES: [&str; 4] = ["n1", "n2", "n3", "n4"];

/// Decides what happens to a message between nodes.
type Network = Box<dyn Fn(Value) -> Option<Value>>;

struct Cluster {
    nodes: Vec<Node>,
    now: Time,
    network: Network,
    way: VecDeque<Value>,
    /// All messages to clients.
    told: Vec<Value>,
    complaints: Vec<String>,
}

impl Cluster {
    /// Four nodes that know each other, connected by this network.
    fn new(network: impl Fn(Value) -> Option<Value> + 'static) -> Self {
        let node = |seed| {
            Node::new(Settings {
                view_timeout: Duration::from_millis(500),
                timeout: Duration::from_millis(5000),
                seed: [seed; 32],
            })
        };
        let mut cluster = Self {
            nodes: (1..5).map(node).collect(),
            now: Time(0),
            network: Box::new(network),
            way: VecDeque::new(),
            told: Vec::new(),
            complaints: Vec::new(),
        };
        for name in NAMES {
            let body = json!({"type": "init", "node_id": name, "node_ids": NAMES});
            let told = cluster.ask(name, 1, body);
            assert_eq!(told["type"], "init_ok");
        }
        cluster
    }

    /// Sends a client's request and runs everything that follows. Returns the answer to the client.
    fn ask(&mut self, dest: &str, msg_id: u64, body: Value) -> Value {
        self.send(dest, msg_id, body);
        self.run();
        self.told_of(msg_id)
    }

    fn send(&mut self, dest: &str, msg_id: u64, mut body: Value) {
        body["msg_id"] = msg_id.into();
        self.way
            .push_back(json!({"src": "c1", "dest": dest, "body": body}));
    }

    /// The last answer to a request; null if there is none.
    fn told_of(&self, msg_id: u64) -> Value {
        let mut told = self.told.iter().rev();
        let told = told.find(|told| told["body"]["in_reply_to"] == msg_id);
        told.map_or(Value::Null, |told| told["body"].clone())
    }

    fn run(&mut self) {
        while let Some(message) = self.way.pop_front() {
            let dest = text(&message["dest"]).to_owned();
            if let Some(index) = NAMES.iter().position(|name| *name == dest) {
                let output = self.nodes[index].on_line(self.now, &message.to_string());
                self.take(&output);
            } else {
                self.told.push(message);
            }
        }
    }

    fn take(&mut self, output: &quorate_maelstrom::node::Output) {
        for line in &output.lines {
            let message: Value = serde_json::from_str(line).expect("it is a message");
            let between = NAMES.contains(&text(&message["dest"]));
            let message = if between {
                (self.network)(message)
            } else {
                Some(message)
            };
            self.way.extend(message);
        }
        self.complaints.extend(output.complaints.iter().cloned());
    }

    fn run_for(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            self.run();
            let due = (0..NAMES.len()).filter_map(|i| Some((self.nodes[i].next_due()?, i)));
            match due.min() {
                Some((at, index)) if at <= end => {
                    self.now = self.now.max(at);
                    let output = self.nodes[index].on_time(self.now);
                    self.take(&output);
                }
                _ => break,
            }
        }
        self.now = end;
    }

    fn status(&mut self, name: &str, slot: u64) -> Value {
        let body = json!({"type": "pbft_status", "sequence_number": slot});
        self.ask(name, 1000 + slot, body)
    }
}

fn set(key: &str, value: u64) -> Value {
    json!({"type": "pbft_request", "operation": format!("set {key}={value}"), "client": "c1"})
}

fn text(value: &Value) -> &str {
    value.as_str().expect("it is text")
}

fn part_of(told: &Value, names: &[&str]) -> Value {
    let fields = names
        .iter()
        .map(|name| ((*name).to_owned(), told[name].clone()));
    Value::Object(fields.collect::<Map<_, _>>())
}

const SLOT: [&str; 4] = ["phase", "prepares_received", "commits_received", "executed"];

#[test]
fn four_nodes_commit_and_execute_with_all_votes_received() {
    let mut cluster = Cluster::new(Some);
    let placed = cluster.ask("n1", 2, set("x", 42));
    assert_eq!(
        part_of(&placed, &["type", "sequence_number", "view", "phase"]),
        json!({"type": "pbft_request_ok", "sequence_number": 1, "view": 0, "phase": "pre-prepare"})
    );
    for name in NAMES {
        let status = cluster.status(name, 1);
        assert_eq!(
            part_of(&status, &SLOT),
            json!({"phase": "committed", "prepares_received": 3, "commits_received": 4, "executed": true})
        );
    }
}

#[test]
fn a_backup_answers_a_request_with_the_slot_that_the_primary_assigns() {
    let mut cluster = Cluster::new(Some);
    for (slot, name) in (1..).zip(["n3", "n2", "n1", "n4"]) {
        let placed = cluster.ask(name, 10 + slot, set("x", slot));
        assert_eq!(placed["sequence_number"], slot);
        assert_eq!(placed["view"], 0);
    }
}

#[test]
fn a_slot_below_a_checkpoint_still_shows_its_votes() {
    let mut cluster = Cluster::new(Some);
    for slot in 1..=300 {
        cluster.ask("n2", 1 + slot, set("x", slot));
    }
    let status = cluster.status("n1", 1);
    assert_eq!(status["executed"], true);
    assert!(status["prepares_received"].as_u64().unwrap() >= 2);
    assert!(status["commits_received"].as_u64().unwrap() >= 3);
}

#[test]
fn three_nodes_execute_while_one_is_silent_even_the_primary() {
    for silent in ["n1", "n4"] {
        let mut cluster =
            Cluster::new(move |message| (message["src"] != silent).then_some(message));
        cluster.run_for(Duration::from_millis(1000));
        cluster.send("n2", 2, set("x", 1));
        cluster.run_for(Duration::from_millis(4000));
        let placed = cluster.told_of(2);
        assert_eq!(placed["type"], "pbft_request_ok", "{placed}");
        assert_eq!(placed["view"], u64::from(silent == "n1"));
        for name in ["n2", "n3"] {
            assert_eq!(cluster.status(name, 1)["executed"], true, "{silent} {name}");
        }
    }
}

#[test]
fn three_nodes_execute_while_the_messages_of_one_are_changed() {
    let mut cluster = Cluster::new(|mut message| {
        if message["src"] == "n3"
            && let Some(signed) = message["body"]["signed"].as_str()
        {
            let spoilt = format!("AAAA{signed}");
            message["body"]["signed"] = spoilt.into();
        }
        Some(message)
    });
    cluster.ask("n1", 2, set("x", 1));
    for name in ["n1", "n2", "n4"] {
        assert_eq!(cluster.status(name, 1)["executed"], true);
    }
    assert!(!cluster.complaints.is_empty());
}

#[test]
fn the_others_execute_while_a_node_tells_each_a_different_key() {
    let mut cluster = Cluster::new(|mut message| {
        if message["src"] == "n3" && message["body"]["type"] == "keys" {
            let last = text(&message["dest"]).as_bytes()[1];
            let key = format!(
                "{}AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                char::from(last + 16)
            );
            message["body"]["echo"]["n3"] = key.into();
        }
        Some(message)
    });
    cluster.run_for(Duration::from_millis(1000));
    cluster.ask("n1", 2, set("x", 1));
    cluster.run_for(Duration::from_millis(1000));
    for name in ["n1", "n2", "n4"] {
        assert_eq!(cluster.status(name, 1)["executed"], true, "{name}");
    }
}

#[test]
fn with_two_silent_nodes_nothing_executes_and_clients_are_told() {
    let silent = |message: Value| {
        let gone = message["src"] == "n3" || message["src"] == "n4";
        (!gone).then_some(message)
    };
    let mut cluster = Cluster::new(silent);
    cluster.send("n2", 2, set("x", 1));
    cluster.send("n2", 3, json!({"type": "write", "key": 1, "value": 2}));
    cluster.send("n1", 4, json!({"type": "read", "key": 1}));
    cluster.run_for(Duration::from_millis(6000));
    for msg_id in [2, 3, 4] {
        let told = cluster.told_of(msg_id);
        assert_eq!(
            part_of(&told, &["type", "code"]),
            json!({"type": "error", "code": 0})
        );
        assert!(told["text"].as_str().unwrap().contains("no quorum"));
    }
    assert_eq!(cluster.status("n1", 1)["executed"], false);
}

#[test]
fn the_workload_lin_kv_is_answered_with_its_types_and_codes() {
    let mut cluster = Cluster::new(Some);
    let key = json!({"a b": 1});
    let mut told = |name: &str, msg_id: u64, body: Value| {
        let told = cluster.ask(name, msg_id, body);
        (told["type"].as_str().unwrap().to_owned(), told)
    };
    let cas = |from: u64, to: u64| json!({"type": "cas", "key": key, "from": from, "to": to});
    let read = json!({"type": "read", "key": key});
    let (kind, missing) = told("n1", 10, read.clone());
    assert_eq!((kind.as_str(), &missing["code"]), ("error", &json!(20)));
    assert_eq!(told("n2", 11, cas(1, 2)).1["code"], 20);
    let write = json!({"type": "write", "key": key, "value": 1});
    assert_eq!(told("n3", 12, write).0, "write_ok");
    assert_eq!(told("n4", 13, read.clone()).1["value"], 1);
    assert_eq!(told("n1", 14, cas(1, 2)).0, "cas_ok");
    assert_eq!(told("n1", 15, cas(1, 3)).1["code"], 22);
    assert_eq!(told("n2", 16, read).1["value"], 2);
    let echo = json!({"type": "echo", "echo": ["say", {"it": "again"}]});
    assert_eq!(
        told("n2", 17, echo).1["echo"],
        json!(["say", {"it": "again"}])
    );
}

#[test]
fn requests_that_cannot_be_answered_are_refused_with_a_code() {
    let mut cluster = Cluster::new(Some);
    for (body, code, words) in [
        (json!({"type": "sing"}), 10, "'sing' is not known"),
        (json!({"type": 7}), 12, "'type' must be text"),
        (json!({}), 12, "'type' is missing"),
        (
            json!({"type": "pbft_request"}),
            12,
            "'operation' is missing",
        ),
        (
            json!({"type": "pbft_status", "sequence_number": -1}),
            12,
            "whole number",
        ),
        (
            json!({"type": "pbft_status", "sequence_number": 0}),
            12,
            "numbered from 1",
        ),
        (json!({"type": "echo"}), 12, "'echo' is missing"),
        (
            json!({"type": "write", "key": "x".repeat(200), "value": 1}),
            12,
            "a key is 1 to 128 bytes",
        ),
        (
            json!({"type": "cas", "key": 1, "from": 1, "to": 2, "create_if_not_exists": true}),
            10,
            "create_if_not_exists",
        ),
        (
            json!({"type": "init", "node_id": "n2", "node_ids": NAMES}),
            12,
            "this node is n1 of n1, n2, n3, n4 already",
        ),
    ] {
        let told = cluster.ask("n1", 50, body);
        assert_eq!(told["code"], code, "{told}");
        assert!(told["text"].as_str().unwrap().contains(words), "{told}");
    }
}

#[test]
fn a_node_with_4096_operations_under_way_takes_no_more_and_says_so() {
    let mut cluster = Cluster::new(|_| None);
    for msg_id in 0..4096 {
        let read = json!({"type": "read", "key": "x"});
        cluster.send("n2", 100 + msg_id, read);
    }
    let told = cluster.ask("n2", 5000, set("x", 0));
    assert_eq!(
        (&told["type"], &told["code"]),
        (&json!("error"), &json!(11))
    );
    assert!(text(&told["text"]).contains("4096 operations are under way"));
}

#[test]
fn an_answer_is_never_answered() {
    let mut cluster = Cluster::new(Some);
    for body in [
        r#"{"type": "error", "in_reply_to": 3, "msg_id": 9, "code": 10, "text": "not known"}"#,
        r#"{"type": "echo_ok", "in_reply_to": 3, "msg_id": 9, "echo": 1}"#,
        r#"{"type": "echo", "in_reply_to": 3, "msg_id": 9, "echo": 1}"#,
        r#"{"type": "init", "in_reply_to": 3, "msg_id": 9}"#,
        r#"{"type": "sing", "in_reply_to": "x", "msg_id": 9}"#,
    ] {
        let line = format!(r#"{{"src": "c7", "dest": "n1", "body": {body}}}"#);
        let output = cluster.nodes[0].on_line(cluster.now, &line);
        assert_eq!(output.lines, [""; 0], "{body}");
        assert_eq!(
            output.complaints,
            ["c7: an answer, and this node asks nothing"]
        );
    }
}

#[test]
fn before_init_only_echo_and_init_are_answered() {
    let mut node = Node::new(Settings {
        view_timeout: Duration::from_millis(500),
        timeout: Duration::from_millis(5000),
        seed: [1; 32],
    });
    let mut ask = |body: &str| {
        let line = format!(r#"{{"src": "c1", "dest": "n1", "body": {body}}}"#);
        node.on_line(Time(0), &line).lines
    };
    assert_eq!(
        ask(r#"{"type": "read", "key": 1, "msg_id": 4}"#),
        [concat!(
            r#"{"src": "n1", "dest": "c1", "body": {"type": "error", "in_reply_to": 4, "msg_id": 0, "code": 11, "#,
            r#""text": "this node does not know its cluster yet: send init first"}}"#
        )]
    );
    for bad in [
        r#"{"type": "init", "msg_id": 1}"#,
        r#"{"type": "init", "msg_id": 1, "node_id": "n1", "node_ids": []}"#,
        r#"{"type": "init", "msg_id": 1, "node_id": "n1", "node_ids": ["n1", "n1"]}"#,
        r#"{"type": "init", "msg_id": 1, "node_id": "n9", "node_ids": ["n1", "n2"]}"#,
    ] {
        let told = ask(bad);
        assert!(told[0].contains(r#""code": 12"#), "{told:?}");
    }
    // The other node already knows the cluster.
    let early = r#"{"src": "n2", "dest": "n1", "body": {"type": "keys"}}"#;
    let output = node.on_line(Time(0), early);
    assert_eq!(output.lines, [""; 0]);
    assert_eq!(
        output.complaints,
        ["n2: not taken, for init has not come yet"]
    );
}

#[test]
fn a_line_that_is_not_a_message_is_reported_and_the_node_continues() {
    let mut cluster = Cluster::new(Some);
    for line in [
        "",
        "nonsense",
        "{",
        "[1, 2]",
        r#"["c1", "n1", {"type": "echo", "msg_id": 1, "echo": 1}]"#,
        r#"{"src": "c1", "dest": "n1"}"#,
        r#"{"src": "n2", "dest": "n1", "body": {"type": "keys", "echo": {"n9": "x"}, "ready": {}}}"#,
        r#"{"src": "n2", "dest": "n1", "body": {"type": "prepare", "signed": "AAAA"}}"#,
        r#"{"src": "c1", "dest": "n7", "body": {"type": "echo", "msg_id": 1, "echo": 1}}"#,
    ] {
        let output = cluster.nodes[0].on_line(cluster.now, line);
        assert_eq!(output.lines, [""; 0]);
        assert_eq!(
            output.complaints.len(),
            usize::from(!line.is_empty()),
            "{line}"
        );
    }
    assert_eq!(cluster.ask("n1", 2, set("x", 1))["sequence_number"], 1);
}
