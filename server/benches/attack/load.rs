//! Many large requests at once over HTTP, nobody faulty.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::nodes::{Nodes, Settings};
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
/// How long a client waits for an answer before it asks again.
const ANSWER: Duration = Duration::from_secs(10);

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
fn play(count: usize, pauses: bool, lasts: bool) -> (usize, Duration, u64) {
    let nodes = Nodes::start(Settings {
        lasts,
        network_timeout: 5.0,
        ..Settings::default()
    });
    let begun = Instant::now();
    let next = AtomicUsize::new(0);
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
        let executed = (0..4).map(|index| executed(nodes.ports[index]).unwrap_or(0));
        executed.min().unwrap_or(0)
    };
    while fewest() < count && begun.elapsed() < LIMIT {
        sleep(Duration::from_millis(100));
    }
    let view = nodes.status(0).and_then(|status| status["view"].as_u64());
    (fewest(), begun.elapsed(), view.unwrap_or(0))
}

/// Posts one request until a node takes it: where the answer leads, and again after a pause if there is no room.
fn insist(nodes: &Nodes, client: usize, begun: Instant) {
    let data = format!("{client} {}", "x".repeat(BYTES));
    let url = format!("http://localhost:{}/reply", nodes.client_ports[0]);
    let request = json!({"id": [client, 0], "client_url": url, "timestamp": 1.5, "data": data});
    let body = request.to_string();
    let mut port = nodes.ports[0];
    while begun.elapsed() < LIMIT {
        let Ok(answer) = call(port, "POST /request", &body) else {
            // It is gone, or stands still. Any other node knows who the primary is.
            port = nodes.ports[client % 4];
            continue;
        };
        if answer.starts_with("HTTP/1.1 200 ") {
            return;
        }
        match header(&answer, "location: ").and_then(port_of) {
            Some(elsewhere) => port = elsewhere,
            // It has no room now.
            None => sleep(Duration::from_millis(100)),
        }
    }
}

/// How many requests a node has executed, by where its log goes on.
fn executed(port: u16) -> Option<usize> {
    let answer = call(port, "GET /log?since=1000000", "").ok()?;
    let (_, next) = header(&answer, "link: ")?.split_once("since=")?;
    let digits = next.split(|byte: char| !byte.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn call(port: u16, what: &str, body: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(("localhost", port))?;
    stream.set_read_timeout(Some(ANSWER))?;
    write!(
        stream,
        "{what} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\r\n\r\n").next()?;
    head.lines().find_map(|line| line.strip_prefix(name))
}

fn port_of(url: &str) -> Option<u16> {
    let (_, authority) = url.split_once("://")?;
    let (_, port) = authority.split('/').next()?.rsplit_once(':')?;
    port.parse().ok()
}
