//! Floods of ever new clients: names over XML-RPC, and requests over HTTP while no quorum is there.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::scope;
use std::time::{Duration, Instant};

use crate::support::eventually;
use crate::support::http::{Connection, request};
use crate::support::nodes::{Nodes, Settings};
use crate::support::{memory, signal};
use crate::{Measured, Row};

pub(crate) const NAMES: Row = Row {
    name: "names",
    what: "200,000 submits at one node, each under a name of its own; by how many MiB each node grows",
    limit: "64 MiB",
    measure: flood_with_names,
};

pub(crate) const HTTP: Row = Row {
    name: "clients",
    what: "15 s of requests over HTTP, each of a client of its own, while two nodes stand still; by how many MiB the nodes \
           grow, and how many of the requests answered 200 are executed once the two go on",
    limit: "64 MiB, and every one",
    measure: flood_without_a_quorum,
};

const CONNECTIONS: usize = 64;
const MIB: u64 = 1024 * 1024;
const LIMIT: u64 = 64 * MIB;

fn flood_with_names() -> Measured {
    const NAMES: u64 = 200_000;
    let nodes = Nodes::start(Settings::default());
    let before = resident(&nodes);
    let next = AtomicU64::new(0);
    on_connections(nodes.ports[0], |node| {
        while let Some(name) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|n| *n < NAMES) {
            let (status, answer) = node.post("/RPC2", "text/xml", &submit(name)).unwrap();
            assert!(status == 200 && !answer.contains("<fault>"), "{answer}");
        }
    });
    let grown = grown(&nodes, &before);
    Measured {
        found: in_words(&grown),
        good: grown.iter().all(|bytes| *bytes < LIMIT),
    }
}

fn flood_without_a_quorum() -> Measured {
    let nodes = Nodes::start(Settings::default());
    let before = resident(&nodes);
    let (next, taken) = (AtomicU64::new(0), AtomicU64::new(0));
    for index in [2, 3] {
        signal(nodes.pid(index), "STOP");
    }
    let end = Instant::now() + Duration::from_secs(15);
    on_connections(nodes.ports[0], |node| {
        while Instant::now() < end {
            let id = next.fetch_add(1, Ordering::Relaxed);
            let body = request(nodes.client_ports[0], id, 100);
            let (status, answer) = node.post("/request", "application/json", &body).unwrap();
            match status {
                200 => taken.fetch_add(1, Ordering::Relaxed),
                503 => 0,
                _ => panic!("status {status}: {answer}"),
            };
        }
    });
    let grown = grown(&nodes, &before);
    for index in [2, 3] {
        signal(nodes.pid(index), "CONT");
    }
    let taken = taken.into_inner();
    eventually("every request that was answered 200 is executed", || {
        nodes.log(0).len() as u64 >= taken
    });
    Measured {
        found: format!(
            "{}; {taken} of {} answered 200, all executed",
            in_words(&grown),
            next.into_inner()
        ),
        good: grown.iter().all(|bytes| *bytes < LIMIT),
    }
}

/// Does the same on many connections at once.
fn on_connections(port: u16, each: impl Fn(&mut Connection) + Sync) {
    scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| each(&mut Connection::to(port)));
        }
    });
}

fn submit(name: u64) -> String {
    let params = ["set x=1", &format!("name {name}")]
        .map(|text| format!("<param><value>{text}</value></param>"))
        .concat();
    format!(
        "<methodCall><methodName>submit</methodName><params>{params}<param><value><int>1</int></value></param></params></methodCall>"
    )
}

fn resident(nodes: &Nodes) -> Vec<u64> {
    (0..4).map(|index| memory(nodes.pid(index))).collect()
}

/// By how many bytes each node has grown.
fn grown(nodes: &Nodes, before: &[u64]) -> Vec<u64> {
    let after = resident(nodes).into_iter();
    let pairs = after.zip(before);
    pairs
        .map(|(after, before)| after.saturating_sub(*before))
        .collect()
}

fn in_words(grown: &[u64]) -> String {
    let each: Vec<String> = grown
        .iter()
        .map(|bytes| (bytes / MIB).to_string())
        .collect();
    format!("{} MiB", each.join(", "))
}
