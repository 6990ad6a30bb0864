//! `POST /request`: what is taken, what is refused, and what counts as the same request.

use std::collections::BTreeSet;
use std::thread;

use crate::replies::Replies;
use crate::support::eventually;
use crate::support::nodes::{Nodes, Settings, curl};
use crate::{log_is, post, proposal};
use serde_json::{Value, json};

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
