//! `client requests` against nodes that do not take its requests.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::client;

/// Answers every request with this status line and these headers, and tells its path; ends with the test.
fn refusing_node(status: String, asked: Sender<String>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (asked, status) = (asked.clone(), status.clone());
            thread::spawn(move || refuse(&stream.unwrap(), &status, &asked));
        }
    });
    port
}

fn refuse(mut stream: &TcpStream, status: &str, asked: &Sender<String>) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while reader.read_line(&mut head).unwrap_or(0) > 2 {}
        let Some(path) = head.split(' ').nth(1) else {
            return;
        };
        let head = head.to_lowercase();
        let length = head.split("content-length: ").nth(1).unwrap();
        let length = length.lines().next().unwrap().parse().unwrap();
        reader.read_exact(&mut vec![0; length]).unwrap();
        // Sending fails once the test has ended.
        if asked.send(path.to_owned()).is_err() {
            return;
        }
        let words = "{\"error\": \"not with me\"}";
        let length = words.len();
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{words}");
        stream.write_all(answer.as_bytes()).unwrap();
    }
}

/// A file with nodes at these ports. The client's time-out is in seconds.
fn config(ports: &[u16], timeout: f64) -> PathBuf {
    let nodes: String = ports
        .iter()
        .map(|port| format!("  - {{host: 127.0.0.1, port: {port}}}\n"))
        .collect();
    let own = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = own.local_addr().unwrap().port();
    let path = std::env::temp_dir().join(format!("quorate-requests-{own}.yaml"));
    let text = format!(
        "nodes:\n{nodes}clients:\n  - {{host: 127.0.0.1, port: {own}}}\nloss%: 0\nckpt_interval: 10\n\
         retry_times_before_view_change: 1\nsync_interval: 1\nmisc:\n  network_timeout: {timeout}\n"
    );
    std::fs::write(&path, text).unwrap();
    path
}

fn requests(config: &Path, messages: &str) -> Output {
    requests_as(config, messages, "table")
}

fn requests_as(config: &Path, messages: &str, format: &str) -> Output {
    let name = config.to_str().unwrap();
    let id = ["--id", "0", "--messages", messages, "--format", format];
    let output = client(&[&["requests", "--config", name][..], &id].concat());
    std::fs::remove_file(config).unwrap();
    output
}

#[test]
fn what_enough_nodes_refuse_is_given_up_at_once_and_no_other_primary_asked_for() {
    let (sender, asked) = channel();
    let refuses = || refusing_node("413 Payload Too Large".to_owned(), sender.clone());
    let ports = [refuses(), refuses(), refuses(), refuses()];

    let output = requests(&config(&ports, 10.0), "3");

    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(words.contains("request 0 ([0, "), "{words}");
    assert!(words.contains(") is refused: "), "{words}");
    assert!(words.contains("413 Payload Too Large"), "{words}");
    assert!(words.contains("not with me"), "{words}");
    let asked: Vec<_> = asked.try_iter().collect();
    assert!(asked.iter().all(|path| path == "/request"), "{asked:?}");
}

#[test]
fn what_the_primary_alone_refuses_may_be_its_lie_though_all_others_send_there() {
    let (sender, asked) = channel();
    let primary = refusing_node("409 Conflict".to_owned(), sender.clone());
    let redirects =
        format!("307 Temporary Redirect\r\nlocation: http://127.0.0.1:{primary}/request");
    let mut ports = vec![primary];
    ports.extend((1..4).map(|_| refusing_node(redirects.clone(), sender.clone())));

    let output = requests(&config(&ports, 0.3), "1");

    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(asked.try_iter().any(|path| path == "/view_change_request"));
}

/// Takes a request, and posts to its client that the nodes 0 and 1 have executed something else.
fn node_that_tells_of_another_request() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(&stream);
        let mut head = String::new();
        while reader.read_line(&mut head).unwrap_or(0) > 2 {}
        let head = head.to_lowercase();
        let length = head.split("content-length: ").nth(1).unwrap();
        let mut body = vec![0; length.lines().next().unwrap().parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
        stream.write_all(answer.as_bytes()).unwrap();
        let mut proposal: Value = serde_json::from_slice(&body).unwrap();
        let url = proposal["client_url"].as_str().unwrap().to_owned();
        let host = url
            .strip_prefix("http://")
            .unwrap()
            .split('/')
            .next()
            .unwrap();
        proposal["data"] = "something else".into();
        for index in 0..2 {
            let reply = json!({"index": index, "view": 0, "proposal": proposal, "type": "reply"});
            let (reply, mut client) = (reply.to_string(), TcpStream::connect(host).unwrap());
            let length = reply.len();
            let post = format!(
                "POST /reply HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{reply}"
            );
            client.write_all(post.as_bytes()).unwrap();
            client.read_to_end(&mut Vec::new()).unwrap();
        }
    });
    port
}

#[test]
fn a_request_in_whose_place_f_plus_1_nodes_have_executed_another_breaks_validity() {
    let ports = [
        node_that_tells_of_another_request(),
        free_port(),
        free_port(),
        free_port(),
    ];

    let output = requests_as(&config(&ports, 3600.0), "2", "json");

    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    let broken =
        "validity is broken: 2 nodes have executed 'something else' instead of 'message 0'";
    assert!(words.contains(broken), "{words}");
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(object["error"]["exit_status"], 1);
}

/// A port on which nobody listens.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[test]
fn where_no_node_runs_it_says_so_at_once_and_how_to_start_them() {
    let ports = [free_port(), free_port(), free_port(), free_port()];
    let path = config(&ports, 3600.0);
    let started = Instant::now();

    let output = requests_as(&path, "2", "json");

    // Far less than one time-out of the file.
    assert!(started.elapsed() < Duration::from_secs(60));
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(words.starts_with("error: no node answers: "), "{words}");
    for port in ports {
        assert!(words.contains(&format!("127.0.0.1:{port}")), "{words}");
    }
    let start = format!("`server --config {}`", path.display());
    assert!(words.contains(&start), "{words}");
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(object["v"], 1);
    assert_eq!(object["error"]["exit_status"], 2);
    let message = object["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("no node answers"), "{message}");
}

/// Answers one request with 200, and is gone.
fn node_that_ends(listener: TcpListener) {
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        drop(listener);
        let mut seen = Vec::new();
        let mut bytes = [0; 4096];
        while !seen.ends_with(b"}") {
            let count = stream.read(&mut bytes).unwrap();
            seen.extend(&bytes[..count]);
        }
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
        stream.write_all(answer.as_bytes()).unwrap();
    });
}

#[test]
fn when_the_last_node_is_gone_the_run_ends_and_the_object_says_why() {
    let primary = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = primary.local_addr().unwrap().port();
    let ports = [port, free_port(), free_port(), free_port()];
    node_that_ends(primary);

    let output = requests_as(&config(&ports, 0.2), "50", "json");

    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let object: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&object["v"], &object["sent"]), (&json!(1), &json!(1)));
    assert_eq!(object["succeeded"], 0);
    assert_eq!(object["p50_ms"], Value::Null);
    assert_eq!(object["error"]["exit_status"], 3);
    let message = object["error"]["message"].as_str().unwrap();
    assert!(message.contains("no node answers"), "{message}");
}

#[test]
fn an_address_of_its_own_that_is_not_here_is_told_with_its_line() {
    let path = config(&[free_port()], 1.0);
    let text = std::fs::read_to_string(&path).unwrap();
    let (nodes, clients) = text.split_once("clients:").unwrap();
    let elsewhere = clients.replacen("127.0.0.1", "192.0.2.1", 1);
    std::fs::write(&path, format!("{nodes}clients:{elsewhere}")).unwrap();

    let output = requests(&path, "1");

    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        words.contains(".yaml, line 4: host: 192.0.2.1 is not an address of this machine"),
        "{words}"
    );
}
