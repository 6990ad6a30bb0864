//! Many large requests at once over HTTP, nobody faulty.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::http::{Connection, request};
use crate::support::nodes::{Nodes, Settings, curl};
use crate::support::signal;
use crate::{Measured, Row};

pub(crate) const ROW: Row = Row {
    name: "load",
    what: "400 and 2,000 requests of 60 kB, each of a client of its own; with and without a primary that stands still for a second, \
           with and without a data directory; requests that are executed by all four nodes",
    limit: "every one, in each run within 60 s",
    measure,
};

const BYTES: usize = 60_000;
/// How many clients post at once.
const CLIENTS: usize = 400;
const PAUSE: Duration = Duration::from_secs(1);
const LIMIT: Duration = Duration::from_secs(60);

fn measure() -> Measured {
    let mut found = Vec::new();
    let mut good = true;
    for count in [400, 2_000] {
        for pauses in [false, true] {
            for lasts in [false, true] {
                let (executed, took, view) = play(count, pauses, lasts);
                good &= executed == count;
                let primary = if pauses { ", primary paused" } else { "" };
                let disk = if lasts { ", data directory" } else { "" };
                found.push(format!(
                    "{executed} of {count} in {:.1} s, view {view}{primary}{disk}",
                    took.as_secs_f64()
                ));
            }
        }
    }
    Measured {
        found: found.join("; "),
        good,
    }
}

/// Posts the requests and waits until all nodes have executed them. Returns how many the node with the fewest has
/// executed, how long it took, and the view.
fn play(count: u64, pauses: bool, lasts: bool) -> (u64, Duration, u64) {
    let nodes = Nodes::start(Settings {
        lasts,
        network_timeout: 5.0,
        ..Settings::default()
    });
    let begun = Instant::now();
    let next = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                loop {
                    let client = next.fetch_add(1, Ordering::Relaxed);
                    if client >= count || begun.elapsed() > LIMIT {
                        break;
                    }
                    insist(&nodes, client, begun);
                }
            });
        }
        if pauses {
            signal(nodes.pid(0), "STOP");
            sleep(PAUSE);
            signal(nodes.pid(0), "CONT");
        }
    });
    let fewest = || {
        nodes
            .ports
            .iter()
            .map(|port| executed(*port))
            .min()
            .unwrap()
    };
    while fewest() < count && begun.elapsed() < LIMIT {
        sleep(Duration::from_millis(100));
    }
    let view = nodes.status(0).and_then(|status| status["view"].as_u64());
    (fewest(), begun.elapsed(), view.unwrap_or(0))
}

/// Posts one request until a node takes it: to the primary that an answer names, and again after a pause if there is no room.
fn insist(nodes: &Nodes, client: u64, begun: Instant) {
    let body = request(nodes.client_ports[0], client, BYTES);
    let mut node = Connection::to(nodes.ports[0]);
    while begun.elapsed() < LIMIT {
        match node.post("/request", "application/json", &body) {
            Ok((200, _)) => return,
            Ok((307, told)) => {
                let told: Value = serde_json::from_str(&told).unwrap();
                let primary = usize::try_from(told["primary"].as_u64().unwrap()).unwrap();
                node = Connection::to(nodes.ports[primary]);
            }
            Ok((503, _)) => sleep(Duration::from_millis(100)),
            Ok((status, told)) => panic!("status {status}: {told}"),
            // It is gone, or stands still. Any other node knows who the primary is.
            Err(_) => node = Connection::to(nodes.ports[usize::try_from(client % 4).unwrap()]),
        }
    }
}

/// How many requests a node has executed: where its log goes on.
fn executed(port: u16) -> u64 {
    let url = format!("http://localhost:{port}/log?since={}", u64::MAX);
    let head = curl(&["-s", "-D", "-", "-o", "/dev/null", "--max-time", "5", &url]);
    let next = head.split("since=").nth(1);
    let next = next.and_then(|rest| rest.split('>').next()?.parse().ok());
    next.unwrap_or(0)
}
