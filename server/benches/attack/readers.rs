//! Readers of a long `/log`, who read all that they get.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{scope, sleep};
use std::time::Duration;

use crate::latency::Latencies;
use crate::support::eventually;
use crate::support::http::{Connection, request};
use crate::support::nodes::{Nodes, Settings};
use crate::{Measured, Row};

pub(crate) const ROW: Row = Row {
    name: "readers",
    what: "submits at a node, alone and then beside eight connections that read its /log of 15 MB again and again",
    limit: "median five times that alone, longest 258 ms",
    measure,
};

const WATCHED: Duration = Duration::from_secs(5);

fn measure() -> Measured {
    let nodes = Nodes::start(Settings::default());
    let port = nodes.ports[0];
    decide_15_mb(&nodes);
    let (alone, ()) = Latencies::of_submits(port, || sleep(WATCHED));
    let (beside, read) = Latencies::of_submits(port, || read_for(port, 8, WATCHED));
    let good =
        beside.median() < 5 * alone.median() && beside.longest() < Duration::from_millis(258);
    Measured {
        found: format!(
            "alone: {alone}; beside readers: {beside}; they read {} MB",
            read / 1_000_000
        ),
        good,
    }
}

fn decide_15_mb(nodes: &Nodes) {
    const REQUESTS: u64 = 250;
    let mut node = Connection::to(nodes.ports[0]);
    for id in 0..REQUESTS {
        let body = request(nodes.client_ports[0], id, 60_000);
        eventually("a request is taken", || {
            let answer = node.post("/request", "application/json", &body);
            answer.is_ok_and(|(status, _)| status == 200)
        });
    }
    eventually("all are decided", || nodes.log(0).len() as u64 == REQUESTS);
}

/// Reads the whole log again and again over so many connections. Returns the bytes read.
fn read_for(port: u16, connections: u32, time: Duration) -> u64 {
    let (over, bytes) = (AtomicBool::new(false), AtomicU64::new(0));
    scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    bytes.fetch_add(read_log(port), Ordering::Relaxed);
                }
            });
        }
        sleep(time);
        over.store(true, Ordering::Relaxed);
    });
    bytes.into_inner()
}

fn read_log(port: u16) -> u64 {
    let mut stream = TcpStream::connect(("localhost", port)).unwrap();
    let head = "GET /log HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut read = 0;
    let mut buffer = [0; 64 * 1024];
    loop {
        match stream.read(&mut buffer).unwrap() {
            0 => return read,
            more => read += more as u64,
        }
    }
}
