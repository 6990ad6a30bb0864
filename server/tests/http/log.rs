//! `GET /log`: readers that do not read, and parts of the log.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::support::nodes::{Nodes, Settings, curl};
use crate::support::{eventually, memory};
use crate::{post, proposal};
use serde_json::{Value, json};

#[test]
fn a_hundred_readers_of_a_large_log_who_do_not_read_cost_less_than_64_mib_and_then_get_it_whole() {
    const REQUESTS: u64 = 70;
    let nodes = Nodes::start(Settings::default());
    let body = nodes.folder.join("body");
    for seq in 0..REQUESTS {
        let data = format!("{seq} {}", "x".repeat(60_000));
        let request = proposal(&nodes, [0, seq], 1.0 + seq as f64, &data);
        std::fs::write(&body, request).unwrap();
        let url = format!("http://localhost:{}/request", nodes.ports[0]);
        eventually("a request is taken", || {
            let (status, _) = post(&url, &["-L"], &format!("@{}", body.display()));
            status == "200"
        });
    }
    eventually("all are decided", || nodes.log(0).len() as u64 == REQUESTS);
    let before = memory(nodes.pid(0));
    let mut readers: Vec<_> = (0..100)
        .map(|_| {
            let mut reader = TcpStream::connect(("localhost", nodes.ports[0])).unwrap();
            let request = "GET /log HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
            reader.write_all(request.as_bytes()).unwrap();
            reader
        })
        .collect();
    for reader in &readers {
        reader.peek(&mut [0]).unwrap();
    }
    let grown = memory(nodes.pid(0)).saturating_sub(before);
    assert!(grown < 64 << 20, "{grown} bytes");
    let mut last = String::new();
    readers.pop().unwrap().read_to_string(&mut last).unwrap();
    assert!(last.ends_with("]\n\r\n0\r\n\r\n"), "it is cut off");
    assert!(last.len() > 60_000 * 70);
}

#[test]
fn the_log_can_be_read_from_a_request_on_and_says_where_it_goes_on() {
    let nodes = Nodes::start(Settings::default());
    let url = |path: &str| format!("http://localhost:{}{path}", nodes.ports[0]);
    for seq in 0..3 {
        let request = proposal(&nodes, [0, seq], 1.0 + seq as f64, &seq.to_string());
        let (status, _) = post(&url("/request"), &["-L"], &request);
        assert_eq!(status, "200");
    }
    eventually("all are decided", || nodes.log(0).len() == 3);
    for (query, answer, next) in [
        ("?since=1", json!([[[0, 1], "1"], [[0, 2], "2"]]), 3),
        ("?since=1&limit=1", json!([[[0, 1], "1"]]), 2),
        ("?limit=0", json!([]), 0),
        ("?since=3", json!([]), 3),
        ("?since=9", json!([]), 3),
    ] {
        let printed = curl(&["-s", "-D", "-", &url(&format!("/log{query}"))]);
        let (head, body) = printed.split_once("\r\n\r\n").unwrap();
        let link = format!("link: </log?since={next}>; rel=\"next\"");
        assert!(head.contains(&link), "{query}: {head}");
        assert_eq!(
            serde_json::from_str::<Value>(body).unwrap(),
            answer,
            "{query}"
        );
    }
    let wrong = curl(&["-s", &url("/log?from=1")]);
    assert!(
        wrong.contains("write /log, or /log?since=N&limit=M"),
        "{wrong}"
    );
}
