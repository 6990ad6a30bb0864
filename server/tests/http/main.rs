//! PBFT over HTTP/JSON, as its users have it: nodes started one by one from a `pbft.yaml`, `curl`, and clients in Python.
#![allow(clippy::unwrap_used)]

mod file;
mod log;
mod python;
mod replies;
mod requests;
mod restarts;
#[path = "../support/mod.rs"]
mod support;
mod views;

use serde_json::{Value, json};
use support::eventually;
use support::nodes::{Nodes, curl};

/// Posts a body with curl; the answer's status and JSON.
fn post(url: &str, more: &[&str], body: &str) -> (String, Value) {
    let mut arguments = vec!["-s", "-X", "POST", "-w", "\n%{http_code}", "--data", body];
    arguments.extend(more);
    arguments.push(url);
    let printed = curl(&arguments);
    let (answer, status) = printed.rsplit_once('\n').unwrap();
    (
        status.to_owned(),
        serde_json::from_str(answer).unwrap_or_default(),
    )
}

fn proposal(nodes: &Nodes, id: [u64; 2], timestamp: f64, data: &str) -> String {
    let client = nodes.client_ports[usize::try_from(id[0]).unwrap()];
    json!({
        "id": id,
        "client_url": format!("http://localhost:{client}/reply"),
        "timestamp": timestamp,
        "data": data,
    })
    .to_string()
}

fn log_is(nodes: &Nodes, index: usize, expected: &Value) -> bool {
    Value::from(nodes.log(index)) == *expected
}

/// Has requests decided, one after the other.
fn decide(nodes: &Nodes, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let data = format!("set x={number}");
        let body = proposal(nodes, [0, number.into()], number.into(), &data);
        let url = format!("http://localhost:{}/request", nodes.ports[0]);
        assert_eq!(post(&url, &["-L"], &body).0, "200");
        eventually("it is decided", || nodes.executed(0) > number.into());
    }
}

fn assert_all_have_the_same(nodes: &Nodes, count: usize) {
    eventually("all have the same", || {
        (1..4).all(|index| nodes.log(index) == nodes.log(0))
    });
    assert_eq!(nodes.log(0).len(), count);
}
