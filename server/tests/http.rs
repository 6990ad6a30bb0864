//! PBFT over HTTP/JSON, as its users have it: nodes started one by one from a `pbft.yaml`, `curl`, and clients in Python.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use support::nodes::{Nodes, Settings, curl};
use support::takeover::{Load, fill_window, time_to_go_on};
use support::{eventually, memory, run, signal};

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

#[test]
fn the_commands_of_the_documents_work_as_they_are_written() {
    let nodes = Nodes::start(Settings::default());
    let url = |index: usize, path: &str| format!("http://localhost:{}{path}", nodes.ports[index]);
    let first = proposal(&nodes, [0, 0], 1.5, "data_string");
    let (status, _) = post(&url(0, "/request"), &["-L"], &first);
    assert_eq!(status, "200");
    let second = proposal(&nodes, [1, 0], 1.5, "set x=1");
    let (status, told) = post(&url(1, "/request"), &[], &second);
    assert_eq!((status.as_str(), &told["primary"]), ("307", &json!(0)));
    let (status, told) = post(&url(1, "/request"), &["-L"], &second);
    assert_eq!((status.as_str(), &told["id"]), ("200", &json!([1, 0])));
    let decided = json!([[[0, 0], "data_string"], [[1, 0], "set x=1"]]);
    for index in 0..4 {
        eventually("both are decided", || log_is(&nodes, index, &decided));
        let dump = nodes.folder.join(format!("{index}.dump"));
        eventually("both are in the file", || {
            let dump = std::fs::read_to_string(&dump).unwrap();
            serde_json::from_str::<Value>(&dump).is_ok_and(|dump| dump == decided)
        });
    }
    // Once more is no other request, and an older one comes too late.
    let (status, _) = post(&url(2, "/request"), &["-L"], &second);
    assert_eq!(status, "200");
    let other = proposal(&nodes, [1, 0], 1.5, "set x=2");
    let (status, told) = post(&url(0, "/request"), &[], &other);
    assert_eq!(status, "409");
    assert!(told["error"].as_str().unwrap().contains("another request"));
    let late = proposal(&nodes, [1, 1], 1.0, "late");
    let (status, told) = post(&url(0, "/request"), &[], &late);
    assert_eq!(status, "409");
    assert!(told["error"].as_str().unwrap().contains("later timestamp"));
    assert!(log_is(&nodes, 0, &decided));
}

#[test]
fn clients_with_names_at_another_node_lock_no_client_over_http_out() {
    let nodes = Nodes::start(Settings::default());
    let url = |index: usize, path: &str| format!("http://localhost:{}{path}", nodes.ports[index]);
    for name in ["P/0/1", "P/0/2", "P/1", "http/0"] {
        let call = format!(
            "<methodCall><methodName>submit</methodName><params><param><value>get x</value></param>\
             <param><value>{name}</value></param><param><value>18446744073709551614</value></param></params></methodCall>"
        );
        let kind = "content-type: text/xml";
        let answered = curl(&["-s", "-H", kind, "--data", &call, &url(1, "/RPC2")]);
        assert!(answered.contains("sequence_number"), "{answered}");
    }
    let asked = proposal(&nodes, [0, 0], 1.5, "set x=1");
    let (status, told) = post(&url(0, "/request"), &[], &asked);
    assert_eq!(status, "200", "{told}");
    let decided = json!([[[0, 0], "set x=1"]]);
    eventually("it is decided", || log_is(&nodes, 0, &decided));
}

#[test]
fn what_cannot_be_taken_is_refused_with_what_to_send() {
    let nodes = Nodes::start(Settings::default());
    let url = |path: &str| format!("http://localhost:{}{path}", nodes.ports[0]);
    let foreign = proposal(&nodes, [0, 0], 1.0, "x").replace("/reply", "1/reply");
    let long = proposal(&nodes, [0, 0], 1.0, &"x".repeat(70_000));
    let too_long = nodes.folder.join("long");
    std::fs::write(&too_long, long).unwrap();
    let from_file = format!("@{}", too_long.display());
    for (path, body, status, words) in [
        ("/request", "nonsense", "400", r#"send {"id""#),
        (
            "/request",
            r#"[[0, 0], "http://localhost/", 1, "x"]"#,
            "400",
            "it is not a JSON object",
        ),
        (
            "/request",
            foreign.as_str(),
            "403",
            "those of a client in the configuration",
        ),
        ("/request", from_file.as_str(), "413", "at most 65536 bytes"),
        (
            "/view_change_request",
            "{}",
            "400",
            r#"send {"action": "view change"}"#,
        ),
        ("/status", "", "405", "use GET, HEAD"),
    ] {
        let (given, told) = post(&url(path), &[], body);
        let error = told["error"].as_str().unwrap_or_default();
        assert_eq!(given, status, "{path} {error}");
        assert!(error.contains(words), "{error}");
    }
    let asked = curl(&[
        "-s",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        &url("/request"),
    ]);
    assert_eq!(asked, "405");
}

#[test]
fn requests_that_a_client_sends_before_it_has_replies_are_all_decided_in_its_order() {
    let nodes = Nodes::start(Settings::default());
    let url = format!("http://localhost:{}/request", nodes.ports[0]);
    // One connection, one request at once after the other.
    let mut arguments = Vec::new();
    let bodies: Vec<String> = (0..20)
        .map(|seq| proposal(&nodes, [seq % 2, seq / 2], 1.0, &format!("data {seq}")))
        .collect();
    for body in &bodies {
        if !arguments.is_empty() {
            arguments.push("--next");
        }
        arguments.extend(["-s", "-L", "-o", "/dev/null", "-w", "%{http_code} "]);
        arguments.extend(["--data", body, &url]);
    }

    let statuses = curl(&arguments);

    assert_eq!(statuses, "200 ".repeat(20));
    for index in 0..4 {
        eventually("all are decided", || nodes.log(index).len() == 20);
        for client in 0..2 {
            let log = nodes.log(index);
            let own = log.iter().filter(|entry| entry[0][0] == client);
            let numbers: Vec<_> = own.map(|entry| entry[0][1].as_u64().unwrap()).collect();
            assert_eq!(numbers, (0..10).collect::<Vec<_>>());
        }
    }
}

/// What is posted to a client.
struct Replies {
    listener: TcpListener,
}

impl Replies {
    fn of(nodes: &Nodes, client: usize) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", nodes.client_ports[client])).unwrap();
        Self { listener }
    }

    /// Waits until so many nodes have posted this request as it came in.
    fn wait_for(&self, request: &str, count: usize) {
        let request: Value = serde_json::from_str(request).unwrap();
        let mut nodes = BTreeSet::new();
        while nodes.len() < count {
            let (stream, _) = self.listener.accept().unwrap();
            let mut reader = BufReader::new(&stream);
            let mut length = 0;
            for line in reader.by_ref().lines().map(Result::unwrap) {
                if let Some(bytes) = line.to_lowercase().strip_prefix("content-length: ") {
                    length = bytes.parse().unwrap();
                }
                if line.is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            (&stream).write_all(answer.as_bytes()).unwrap();
            let reply: Value = serde_json::from_slice(&body).unwrap();
            if reply["proposal"] == request {
                nodes.insert(reply["index"].as_u64().unwrap());
            }
        }
    }
}

#[test]
fn the_same_id_is_the_same_request_whatever_its_timestamp() {
    let mut nodes = Nodes::start(Settings::default());
    let replies = Replies::of(&nodes, 0);
    nodes.kill(0);
    let url = |index: usize| format!("http://localhost:{}/request", nodes.ports[index]);
    // As a client that stamps again whenever it asks again: before the request is decided, and after.
    let stamped = |timestamp| proposal(&nodes, [0, 7], timestamp, "set x=1");
    for timestamp in [1.0, 2.0, 3.0] {
        let (status, _) = post(&url(1), &[], &stamped(timestamp));
        assert!(["200", "307"].contains(&status.as_str()), "{status}");
    }
    replies.wait_for(&stamped(3.0), 2);
    for (index, timestamp) in [(2, 4.0), (1, 0.5)] {
        post(&url(index), &[], &stamped(timestamp));
        replies.wait_for(&stamped(timestamp), 2);
    }
    let other = proposal(&nodes, [0, 7], 5.0, "set x=2");
    for index in 1..4 {
        eventually("it executed once", || {
            log_is(&nodes, index, &json!([[[0, 7], "set x=1"]]))
        });
        let (status, told) = post(&url(index), &[], &other);
        assert_eq!(status, "409", "{told}");
        let error = told["error"].as_str().unwrap();
        assert!(error.contains("give it another seq_id"), "{error}");
    }
}

#[test]
fn of_two_requests_at_once_over_two_nodes_each_is_executed_or_refused_at_once() {
    let nodes = Nodes::start(Settings::default());
    let mut taken = BTreeSet::new();
    for pair in 0..60_u64 {
        // The first to the primary, the later one to a backup, on connections of their own.
        let posted = [(0, 2 * pair), (1, 2 * pair + 1)].map(|(index, seq)| {
            let body = proposal(&nodes, [0, seq], 1.0 + seq as f64, "x");
            let url = format!("http://localhost:{}/request", nodes.ports[index]);
            thread::spawn(move || (seq, post(&url, &[], &body).0))
        });
        for (seq, status) in posted.map(|one| one.join().unwrap()) {
            match status.as_str() {
                "200" | "307" => assert!(taken.insert(seq)),
                "409" => {}
                other => panic!("[0, {seq}]: {other}"),
            }
        }
    }
    assert!(taken.len() >= 60, "{taken:?}");
    for index in 0..4 {
        eventually("all that was taken is executed, once", || {
            let mut log: Vec<u64> = nodes
                .log(index)
                .iter()
                .map(|entry| entry[0][1].as_u64().unwrap())
                .collect();
            log.sort_unstable();
            log.iter().eq(&taken)
        });
    }
}

/// Asks these nodes for another primary.
fn ask_for_another_primary(nodes: &Nodes, indices: std::ops::Range<usize>) {
    for index in indices {
        let url = format!(
            "http://localhost:{}/view_change_request",
            nodes.ports[index]
        );
        let (status, told) = post(&url, &[], r#"{"action": "view change"}"#);
        assert_eq!((status.as_str(), &told["view"]), ("200", &json!(0)));
    }
}

#[test]
fn a_view_change_comes_when_enough_nodes_in_which_a_request_waits_are_asked_for_it() {
    // No node leaves its primary by itself before the test is over.
    let mut nodes = Nodes::start(Settings {
        network_timeout: 600.0,
        ..Settings::default()
    });
    nodes.kill(0);
    let body = proposal(&nodes, [0, 0], 1.5, "set x=1");
    let url = format!("http://localhost:{}/request", nodes.ports[1]);
    assert_eq!(post(&url, &[], &body).0, "307");
    for index in 1..4 {
        eventually("the request waits in each node", || {
            nodes.status(index).unwrap_or_default()["requests_waiting"] == 1
        });
    }
    ask_for_another_primary(&nodes, 2..4);
    for index in 1..4 {
        eventually("the view changes, and the request is decided", || {
            let status = nodes.status(index).unwrap_or_default();
            (&status["view"], &status["primary"]) == (&json!(1), &json!(1))
                && nodes.executed(index) == 1
        });
    }
}

#[test]
fn nodes_in_which_no_request_waits_keep_their_primary_when_they_are_asked_for_another() {
    let nodes = Nodes::start(Settings::default());
    ask_for_another_primary(&nodes, 0..4);
    decide(&nodes, 0..1);
    for index in 0..4 {
        eventually("it is decided in view 0", || nodes.executed(index) == 1);
        assert_eq!(nodes.status(index).unwrap()["view"], 0);
    }
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

#[test]
fn a_node_that_was_killed_and_started_again_catches_up_with_no_new_request() {
    let mut nodes = Nodes::start(Settings {
        checkpoint_interval: 5,
        ..Settings::default()
    });
    decide(&nodes, 0..3);
    nodes.kill(3);
    decide(&nodes, 3..8);
    nodes.start_again(3);
    eventually("it catches up", || nodes.executed(3) >= 8);
    assert_all_have_the_same(&nodes, 8);
    decide(&nodes, 8..10);
    eventually("it goes on", || nodes.executed(3) >= 10);
}

#[test]
fn a_node_that_stood_still_for_more_than_two_checkpoint_periods_catches_up() {
    let nodes = Nodes::start(Settings {
        checkpoint_interval: 5,
        ..Settings::default()
    });
    decide(&nodes, 0..3);
    signal(nodes.pid(2), "STOP");
    decide(&nodes, 3..20);
    signal(nodes.pid(2), "CONT");
    eventually("it catches up", || nodes.executed(2) >= 20);
    assert_all_have_the_same(&nodes, 20);
    let status = nodes.status(2).unwrap();
    assert!(status["low_watermark"].as_u64().unwrap() >= 15, "{status}");
    assert!(status["slots_in_log"].as_u64().unwrap() <= 10, "{status}");
}

#[test]
fn with_a_data_directory_nodes_come_back_one_after_the_other_and_all_at_once() {
    let mut nodes = Nodes::start(Settings {
        checkpoint_interval: 5,
        lasts: true,
        ..Settings::default()
    });
    // Before anything was said there is nothing to forget.
    for index in 0..4 {
        nodes.kill(index);
        nodes.start_again(index);
    }
    decide(&nodes, 0..7);
    // Whoever remembers may vote at once, so another one can fail.
    nodes.kill(3);
    nodes.start_again(3);
    nodes.kill(2);
    decide(&nodes, 7..9);
    nodes.start_again(2);
    assert_all_have_the_same(&nodes, 9);
    for index in 0..4 {
        nodes.kill(index);
    }
    for index in 0..4 {
        nodes.start_again(index);
    }
    assert_all_have_the_same(&nodes, 9);
    let url = format!("http://localhost:{}/request", nodes.ports[0]);
    let old = proposal(&nodes, [0, 3], 3.0, "set x=3");
    assert_eq!(post(&url, &["-L"], &old).0, "200", "it is known");
    let other = proposal(&nodes, [0, 3], 20.0, "set x=4");
    assert_eq!(post(&url, &["-L"], &other).0, "409");
    assert_all_have_the_same(&nodes, 9);
    decide(&nodes, 9..11);
    assert_all_have_the_same(&nodes, 11);
}

/// A Python that has aiohttp, if there is one: `QUORATE_PYTHON`, or `python3`.
fn python_with_aiohttp() -> Option<String> {
    let python = std::env::var("QUORATE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let found = Command::new(&python)
        .args(["-c", "import aiohttp"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if found {
        return Some(python);
    }
    assert!(
        std::env::var_os("QUORATE_ALL_TESTS").is_none(),
        "{python} has no aiohttp"
    );
    eprintln!("skipped: {python} has no aiohttp; name one that has as QUORATE_PYTHON");
    None
}

/// Runs two clients at once, five messages each; what they print.
fn run_clients(nodes: &Nodes, python: &str, timeout: &str) -> Vec<String> {
    run_clients_with(nodes, python, timeout, "")
}

/// As [`run_clients`]; `one_node` is the variable `ONE_NODE` of the script.
fn run_clients_with(nodes: &Nodes, python: &str, timeout: &str, one_node: &str) -> Vec<String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scripts/http_client.py");
    let clients: Vec<_> = (0..2)
        .map(|id| {
            Command::new(python)
                .arg(script)
                .env("ONE_NODE", one_node)
                .args([id.to_string(), nodes.client_ports[id].to_string()])
                .args(["5", timeout, "2"])
                .args(nodes.ports.iter().map(ToString::to_string))
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let outputs = clients
        .into_iter()
        .map(|client| client.wait_with_output().unwrap());
    outputs
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .collect()
}

/// Every client's message stands in the log of these nodes once, in the client's order.
fn assert_all_are_logged(nodes: &Nodes, indices: &[usize]) {
    for index in indices {
        eventually("the node has them all", || nodes.log(*index).len() == 10);
        for client in 0..2 {
            let log = nodes.log(*index);
            let own = log.iter().filter(|entry| entry[0][0] == client);
            let numbers: Vec<_> = own.map(|entry| entry[0][1].as_u64().unwrap()).collect();
            assert_eq!(numbers, [0, 1, 2, 3, 4]);
        }
        assert_eq!(nodes.log(*index), nodes.log(indices[0]));
    }
}

#[test]
fn clients_in_python_have_all_their_requests_decided() {
    let Some(python) = python_with_aiohttp() else {
        return;
    };
    let nodes = Nodes::start(Settings::default());
    assert_eq!(run_clients(&nodes, &python, "2"), ["5 of 5\n", "5 of 5\n"]);
    assert_all_are_logged(&nodes, &[0, 1, 2, 3]);
}

#[test]
fn clients_in_python_complete_although_messages_are_lost() {
    let Some(python) = python_with_aiohttp() else {
        return;
    };
    let nodes = Nodes::start(Settings {
        loss: 10,
        sync_interval: 0.1,
        ..Settings::default()
    });
    assert_eq!(run_clients(&nodes, &python, "2"), ["5 of 5\n", "5 of 5\n"]);
    assert_all_are_logged(&nodes, &[0, 1, 2, 3]);
}

#[test]
fn clients_in_python_complete_although_the_primary_is_killed() {
    let Some(python) = python_with_aiohttp() else {
        return;
    };
    let mut nodes = Nodes::start(Settings::default());
    nodes.kill(0);
    assert_eq!(run_clients(&nodes, &python, "1"), ["5 of 5\n", "5 of 5\n"]);
    assert_all_are_logged(&nodes, &[1, 2, 3]);
}

#[test]
fn clients_in_python_that_stamp_again_have_each_request_executed_once_although_the_primary_is_killed()
 {
    let Some(python) = python_with_aiohttp() else {
        return;
    };
    let mut nodes = Nodes::start(Settings::default());
    nodes.kill(0);
    // Shorter than what a backup waits for the primary: they ask again while a request is under way.
    let printed = run_clients_with(&nodes, &python, "0.4", "yes");
    assert_eq!(printed, ["5 of 5\n", "5 of 5\n"]);
    assert_all_are_logged(&nodes, &[1, 2, 3]);
}

#[test]
fn a_file_that_cannot_be_used_and_a_node_that_runs_are_refused() {
    let nodes = Nodes::start(Settings::default());
    let config = nodes.config().display().to_string();
    let refused = |arguments: &[&str], words: &str| {
        let output = run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(words), "{said}");
    };
    refused(
        &["--config", &config, "--index", "4"],
        "the file lists nodes 0 to 3",
    );
    refused(&["--config", &config, "--index", "1"], "is in use");
    refused(
        &["--config", "/nowhere/pbft.yaml"],
        "/nowhere/pbft.yaml: No such file",
    );
    refused(&["--index", "1"], "--config");
    let bad = nodes.folder.join("bad.yaml");
    let yaml = std::fs::read_to_string(nodes.config()).unwrap();
    std::fs::write(&bad, yaml.replace("loss%: 0", "loss%: 200")).unwrap();
    let bad = bad.display().to_string();
    refused(
        &["--config", &bad],
        "bad.yaml, line 17: loss%: 200 is not a number from 0 to 100",
    );
}

/// Whether this machine has the loopback address of IPv6.
fn has_ipv6() -> bool {
    let has = TcpListener::bind("[::1]:0").is_ok();
    if !has {
        eprintln!("skipped: this machine has no IPv6 loopback address");
    }
    has
}

#[test]
fn nodes_and_clients_at_an_address_of_ipv6_are_named_with_brackets() {
    if !has_ipv6() {
        return;
    }
    for host in ["'::1'", "'[::1]'"] {
        let nodes = Nodes::start(Settings {
            host,
            ..Settings::default()
        });
        let listener = TcpListener::bind(("::1", nodes.client_ports[0])).unwrap();
        let replies = Replies { listener };
        let url = |index: usize| format!("http://[::1]:{}/request", nodes.ports[index]);
        let request = proposal(&nodes, [0, 0], 1.0, "x").replace("localhost", "[::1]");
        let printed = curl(&["-g", "-si", "--data", &request, &url(1)]);
        assert!(printed.starts_with("HTTP/1.1 307"), "{printed}");
        let location = format!("location: {}", url(0));
        assert!(printed.to_lowercase().contains(&location), "{printed}");
        let (status, told) = post(&url(1), &["-g", "-L"], &request);
        assert_eq!(status, "200", "{told}");
        replies.wait_for(&request, 2);
    }
}

#[test]
fn an_address_that_cannot_be_used_is_told_with_its_line_and_what_to_change() {
    let nodes = Nodes::start(Settings::default());
    let yaml = std::fs::read_to_string(nodes.config()).unwrap();
    let bad = nodes.folder.join("bad.yaml");
    let refused = |yaml: &str, index: &str, words: &[&str]| {
        std::fs::write(&bad, yaml).unwrap();
        for more in [&["--index", index][..], &[]] {
            let bad = bad.display().to_string();
            let output = run(&[&["--config", &bad], more].concat());
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{said}");
            for words in words {
                assert!(said.contains(words), "{words}: {said}");
            }
            assert_eq!(said.matches("error:").count(), 1, "{said}");
            for absent in ["--host", "--base-port"] {
                assert!(!said.contains(absent), "{said}");
            }
        }
    };
    let elsewhere = yaml.replacen("localhost", "192.0.2.1", 1);
    refused(
        &elsewhere,
        "0",
        &[
            "bad.yaml, line 2: host: 192.0.2.1 is not an address of this machine",
            "start node 0 on its own machine",
        ],
    );
    let unknown = yaml.replacen("localhost", "no-such-host.invalid", 1);
    refused(
        &unknown,
        "0",
        &["bad.yaml, line 2: host: no-such-host.invalid has no address"],
    );
    let in_use = format!(
        "bad.yaml, line 3: port: {} of node 0 is in use",
        nodes.ports[0]
    );
    refused(&yaml, "0", &[&in_use]);
    refused(
        &yaml.replacen("localhost", "~", 1),
        "0",
        &["bad.yaml, line 2: host: no value is not the name"],
    );
    refused(
        &yaml.replacen("loss%: 0", "loss%: [", 1),
        "0",
        &["this is not YAML", "at line "],
    );
}

#[test]
fn a_key_that_is_not_known_is_told_and_does_not_stop_the_nodes() {
    let nodes = Nodes::start(Settings {
        more: "dump_interval: 10\n",
        ..Settings::default()
    });
    let said = nodes.said(0);
    let line = std::fs::read_to_string(nodes.config())
        .unwrap()
        .lines()
        .count();
    let expected = format!("pbft.yaml, line {line}: unknown key \"dump_interval\"");
    assert!(said.contains(&expected), "{said}");
}

/// What node `index` says when it refuses to start.
fn refusal(nodes: &Nodes, index: usize) -> String {
    let config = nodes.config().display().to_string();
    let data = nodes.folder.join("data").display().to_string();
    let index = index.to_string();
    let output = run(&["--config", &config, "--index", &index, "--data-dir", &data]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(output.stdout.is_empty(), "it does not run");
    said
}

#[test]
fn nodes_with_another_checkpoint_interval_or_the_state_of_another_are_refused_and_nothing_is_lost()
{
    let mut nodes = Nodes::start(Settings {
        checkpoint_interval: 128,
        lasts: true,
        ..Settings::default()
    });
    decide(&nodes, 0..100);
    assert_all_have_the_same(&nodes, 100);
    (0..4).for_each(|index| nodes.kill(index));

    let yaml = std::fs::read_to_string(nodes.config()).unwrap();
    let other = yaml.replace("ckpt_interval: 128", "ckpt_interval: 10");
    std::fs::write(nodes.config(), other).unwrap();
    for index in 0..4 {
        let said = refusal(&nodes, index);
        assert!(
            said.contains(
                "made with a checkpoint every 128 slots, and this start asks for one every 10"
            ),
            "{said}"
        );
    }
    std::fs::write(nodes.config(), yaml).unwrap();

    let data = |file: &str| nodes.folder.join("data").join(file);
    let swap = || {
        std::fs::rename(data("P.redb"), data("kept")).unwrap();
        std::fs::rename(data("Q.redb"), data("P.redb")).unwrap();
        std::fs::rename(data("kept"), data("Q.redb")).unwrap();
    };
    swap();
    for (index, words) in [
        (0, "the records of process Q"),
        (1, "the records of process P"),
    ] {
        let said = refusal(&nodes, index);
        assert!(
            said.contains(words) && said.contains("put each file back"),
            "{said}"
        );
    }
    swap();
    (0..4).for_each(|index| nodes.start_again(index));
    assert_all_have_the_same(&nodes, 100);
    decide(&nodes, 100..103);
    assert_all_have_the_same(&nodes, 103);
}

#[test]
fn a_node_whose_state_is_removed_counts_as_one_that_lost_its_memory() {
    let mut nodes = Nodes::start(Settings {
        lasts: true,
        ..Settings::default()
    });
    decide(&nodes, 0..3);
    assert_eq!(nodes.status(2).unwrap()["votes"], true);
    nodes.kill(2);
    let data = nodes.folder.join("data");
    std::fs::remove_file(data.join("R.redb")).unwrap();
    nodes.start_again(2);
    assert_eq!(nodes.status(2).unwrap()["votes"], false);
    assert!(nodes.said(2).contains("what this process knew is lost"));
    assert_all_have_the_same(&nodes, 3);

    // The count alone is no loss: the state has it too.
    nodes.kill(0);
    std::fs::remove_file(data.join("0.starts")).unwrap();
    nodes.start_again(0);
    assert_eq!(nodes.status(0).unwrap()["votes"], true);
    let count = std::fs::read_to_string(data.join("0.starts")).unwrap();
    assert_eq!(count, "2\n");
}

#[test]
fn a_node_that_cannot_use_its_data_says_why_and_not_that_it_runs() {
    let mut nodes = Nodes::start(Settings {
        lasts: true,
        ..Settings::default()
    });
    nodes.kill(0);
    let data = nodes.folder.join("data");
    for (file, words) in [
        ("P.redb", "it is damaged; move it away"),
        (
            "0.starts",
            "greater than the number of starts, such as 1000000",
        ),
    ] {
        let path = data.join(file);
        std::fs::write(&path, "nonsense").unwrap();
        let said = refusal(&nodes, 0);
        assert!(said.contains(&path.display().to_string()), "{said}");
        assert!(said.contains(words), "{said}");
    }
}

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

#[test]
fn with_the_longest_interval_and_a_full_window_the_others_go_on_within_three_time_outs() {
    // Long enough for a machine that is busy with other tests. `cargo bench -p quorate-server --bench attack` has a heavier load.
    const TIME_OUT: Duration = Duration::from_secs(5);
    const LOAD: Load = Load {
        requests: 100,
        bytes: 5000,
    };
    let mut nodes = Nodes::start(Settings {
        checkpoint_interval: 10_000,
        network_timeout: TIME_OUT.as_secs_f64(),
        lasts: true,
        ..Settings::default()
    });
    let slots = fill_window(&nodes, LOAD);
    assert!(slots > 200, "{slots}");
    nodes.kill(0);
    let taken = time_to_go_on(&nodes, &[1, 2, 3]);
    assert!(taken < 3 * TIME_OUT, "{taken:?}");
    nodes.start_again(0);
    let back = time_to_go_on(&nodes, &[0, 1, 2, 3]);
    assert!(back < 3 * TIME_OUT, "{back:?}");
}
