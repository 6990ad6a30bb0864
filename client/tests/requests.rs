//! `client requests` against nodes that do not take its requests.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use support::client;

/// Answers every request with this status, and tells its path; ends with the test.
fn refusing_node(status: &'static str, asked: Sender<String>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let asked = asked.clone();
            thread::spawn(move || refuse(&stream.unwrap(), status, &asked));
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
        // The test has ended where nobody hears of it.
        if asked.send(path.to_owned()).is_err() {
            return;
        }
        let words = "{\"error\": \"not with me\"}";
        let length = words.len();
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{words}");
        stream.write_all(answer.as_bytes()).unwrap();
    }
}

/// A file with four nodes, of which so many refuse, and the last ones cannot be reached.
fn config(refusing: usize) -> (PathBuf, Receiver<String>) {
    let (sender, asked) = channel();
    // No ordinary program can listen on port 1, and none that may does.
    let ports = (0..4u16).map(|i| {
        if usize::from(i) < refusing {
            refusing_node("413 Payload Too Large", sender.clone())
        } else {
            i + 1
        }
    });
    let nodes: String = ports
        .map(|port| format!("  - {{host: 127.0.0.1, port: {port}}}\n"))
        .collect();
    let path = std::env::temp_dir().join(format!(
        "quorate-requests-{refusing}-{}.yaml",
        std::process::id()
    ));
    let own = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = own.local_addr().unwrap().port();
    let text = format!(
        "nodes:\n{nodes}clients:\n  - {{host: 127.0.0.1, port: {own}}}\nloss%: 0\nckpt_interval: 10\n\
         retry_times_before_view_change: 1\nsync_interval: 1\nmisc:\n  network_timeout: 0.2\n"
    );
    std::fs::write(&path, text).unwrap();
    (path, asked)
}

fn requests(config: &Path, messages: &str) -> Output {
    let config = config.to_str().unwrap();
    let id = ["--id", "0", "--messages", messages];
    client(&[&["requests", "--config", config][..], &id].concat())
}

#[test]
fn what_enough_nodes_refuse_is_given_up_at_once_and_no_other_primary_asked_for() {
    let (config, asked) = config(4);

    let output = requests(&config, "3");

    std::fs::remove_file(&config).unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(words.contains("request [0, 0] is refused"), "{words}");
    assert!(words.contains("413 Payload Too Large"), "{words}");
    assert!(words.contains("not with me"), "{words}");
    let asked: Vec<_> = asked.try_iter().collect();
    assert!(asked.iter().all(|path| path == "/request"), "{asked:?}");
}

#[test]
fn what_one_node_refuses_may_be_that_nodes_lie() {
    let (config, asked) = config(1);

    let output = requests(&config, "1");

    std::fs::remove_file(&config).unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let mut asked = asked.try_iter();
    assert!(asked.any(|path| path == "/view_change_request"));
}
