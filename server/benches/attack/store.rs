//! A store of 100 MB: what its checkpoints cost, and a process without memory that takes it over.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::scope;
use std::time::{Duration, Instant};

use crate::latency::Latencies;
use crate::support::eventually;
use crate::support::http::Connection;
use crate::support::nodes::{Nodes, Settings};
use crate::support::takeover::view;
use crate::{Measured, Row};

pub(crate) const CHECKPOINTS: Row = Row {
    name: "checkpoints",
    what: "submits at the primary over six checkpoints, with --data-dir: first a small store, then one of 100 MB",
    limit: "p99 three times that of the small store and 20 ms, and view 0",
    measure: checkpoints,
};

pub(crate) const TAKEOVER: Row = Row {
    name: "takeover",
    what: "a store of 100 MB; a node is killed and started again without memory, and takes it over; submits at the primary meanwhile",
    limit: "60 s, the longest submit 1 s, and view 0",
    measure: takeover,
};

const INTERVAL: u64 = 128;
const KEYS: u64 = 25_000;
const VALUE: usize = 4000;

fn start(lasts: bool) -> Nodes {
    Nodes::start(Settings {
        checkpoint_interval: INTERVAL,
        network_timeout: 2.0,
        lasts,
        ..Settings::default()
    })
}

/// Sets all keys at node 0.
fn fill(nodes: &Nodes) {
    const CONNECTIONS: u64 = 16;
    let next = AtomicU64::new(0);
    scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let mut primary = Connection::to(nodes.ports[0]);
                loop {
                    let key = next.fetch_add(1, Ordering::Relaxed);
                    if key >= KEYS {
                        return;
                    }
                    let operation = format!("set key{key}={}", "x".repeat(VALUE));
                    primary.submit(&operation).unwrap();
                }
            });
        }
    });
}

fn checkpoints() -> Measured {
    let nodes = start(true);
    let six_checkpoints = || {
        let end = nodes.executed(0) + 6 * INTERVAL;
        Latencies::of_submits(nodes.ports[0], || {
            eventually("six checkpoints are taken", || nodes.executed(0) >= end);
        })
        .0
    };
    let small = six_checkpoints();
    fill(&nodes);
    let large = six_checkpoints();
    let view = view(&nodes, 0);
    Measured {
        found: format!("small: {small}; 100 MB: {large}; view {view}"),
        good: large.p99() < 3 * small.p99() + Duration::from_millis(20) && view == 0,
    }
}

fn takeover() -> Measured {
    const LIMIT: Duration = Duration::from_secs(60);
    let mut nodes = start(false);
    fill(&nodes);
    nodes.kill(3);
    let (port, last) = (nodes.ports[0], nodes.executed(0));
    let (latencies, taken) = Latencies::of_submits(port, || {
        nodes.start_again(3);
        let begun = Instant::now();
        while nodes.executed(3) < last && begun.elapsed() < LIMIT {
            std::thread::sleep(Duration::from_millis(50));
        }
        begun.elapsed()
    });
    let view = view(&nodes, 0);
    Measured {
        found: format!("{taken:.1?}; submits: {latencies}; view {view}"),
        good: taken < LIMIT && latencies.longest() < Duration::from_secs(1) && view == 0,
    }
}
