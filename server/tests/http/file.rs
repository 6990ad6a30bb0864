//! The `pbft.yaml`: addresses, keys, and nodes that run already.

use std::net::TcpListener;

use crate::replies::Replies;
use crate::support::nodes::{Nodes, Settings, curl};
use crate::support::run;
use crate::{post, proposal};

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
