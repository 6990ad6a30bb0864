//! A primary that is lost when the others have the most to take over from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{scope, spawn};
use std::time::{Duration, Instant};

use super::eventually;
use super::http::{Connection, request};
use super::nodes::Nodes;

/// Requests over HTTP.
#[derive(Clone, Copy)]
pub struct Load {
    pub requests: u64,
    /// The bytes of the data of each.
    pub bytes: usize,
}

/// Uses most slots up to the next checkpoint of four nodes. Returns the slots in use, once node 0, the primary, has taken three
/// quarters of the load; the rest is on its way.
pub fn fill_window(nodes: &Nodes, load: Load) -> u64 {
    /// The load takes some slots more.
    const SPARE: u64 = 45;
    let status = nodes.status(0).unwrap();
    let mark = |name| status[name].as_u64().unwrap();
    // Two checkpoints fit into the window, and the first of them clears it.
    let most = (mark("high_watermark") - mark("low_watermark")) / 2;
    let mut primary = Connection::to(nodes.ports[0]);
    while slots(nodes) + SPARE < most {
        for _ in 0..8 {
            primary.submit("set fill=1").unwrap();
        }
    }
    post(nodes, load);
    slots(nodes)
}

fn slots(nodes: &Nodes) -> u64 {
    let status = nodes.status(0).unwrap();
    status["slots_in_log"].as_u64().unwrap()
}

/// Posts a load to node 0, each request for another client. Returns once three quarters are answered; the rest is given up when the
/// node ends.
fn post(nodes: &Nodes, load: Load) {
    const CONNECTIONS: u64 = 16;
    let (next, taken) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    for _ in 0..CONNECTIONS {
        let (next, taken) = (Arc::clone(&next), Arc::clone(&taken));
        let (port, client_port) = (nodes.ports[0], nodes.client_ports[0]);
        spawn(move || {
            let mut primary = Connection::to(port);
            loop {
                let id = next.fetch_add(1, Ordering::Relaxed);
                if id >= load.requests {
                    return;
                }
                let body = request(client_port, id, load.bytes);
                match primary.post("/request", "application/json", &body) {
                    Ok((200, _)) => taken.fetch_add(1, Ordering::Relaxed),
                    // It has no room for this one. Then the load is smaller.
                    Ok(_) => continue,
                    Err(_) => return,
                };
            }
        });
    }
    eventually("most requests are answered", || {
        taken.load(Ordering::Relaxed) >= load.requests * 3 / 4
    });
}

/// How long it takes until these nodes have each executed a new operation, each asked at the same time.
pub fn time_to_go_on(nodes: &Nodes, indices: &[usize]) -> Duration {
    let begun = Instant::now();
    scope(|scope| {
        for index in indices {
            scope.spawn(move || {
                let operation = format!("set probe{index}={index}");
                let mut node = Connection::to(nodes.ports[*index]);
                eventually("the operation is executed", || {
                    node.submit(&operation).is_ok()
                });
            });
        }
    });
    begun.elapsed()
}

/// The view of a node.
pub fn view(nodes: &Nodes, index: usize) -> u64 {
    nodes.status(index).unwrap()["view"].as_u64().unwrap()
}
