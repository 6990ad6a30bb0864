//! Clients in Python, if aiohttp is installed: all that they send is decided.

use std::process::{Command, Stdio};

use crate::support::eventually;
use crate::support::nodes::{Nodes, Settings};

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
