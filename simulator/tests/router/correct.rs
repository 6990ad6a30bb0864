//! Nodes that do as they should.

use crate::support::assert_good;

#[test]
fn a_plain_pbft_completes() {
    let ended = assert_good("pbft.py", "");
    assert!(ended.printed.contains("3 of 3 requests done"), "{ended:?}");
}

#[test]
fn latency_that_reorders_messages_and_concurrent_clients_do_no_harm() {
    for seed in 0..3 {
        let options = format!("--seed {seed} --latency 5..60 --requests 8 --clients 4");
        assert_good("pbft.py", &options);
    }
}

#[test]
fn seven_nodes_survive_two_silent_ones() {
    assert_good("pbft.py", "-n 7 --silent n3,n6");
}

#[test]
fn one_node_alone_is_a_cluster_too() {
    assert_good("pbft.py", "-n 1");
}

#[test]
fn a_silent_backup_is_survived() {
    let ended = assert_good("pbft.py", "--silent n4");
    assert!(ended.printed.contains("silenced"), "{ended:?}");
}

#[test]
fn a_backup_that_lies_in_any_way_is_survived() {
    for lie in ["drop", "delay", "alter", "equivocate"] {
        assert_good("pbft.py", &format!("--liar n2={lie}"));
    }
}

#[test]
fn requests_that_come_again_are_known_to_all() {
    assert_good("pbft.py", "--retransmit --clients 2 --requests 4");
}

#[test]
fn a_store_behind_one_node_is_linearizable() {
    assert_good("kv.py", "--workload lin-kv --latency 1..20");
}

#[test]
fn an_echo_comes_back() {
    assert_good("kv.py", "--workload echo --requests 10 --clients 3");
}

#[test]
fn one_node_may_be_another_program() {
    let node = format!(
        "n3=python3 -B '{}/tests/nodes/pbft.py'",
        env!("CARGO_MANIFEST_DIR")
    );
    let bin = format!(
        "python3 -B '{}/tests/nodes/kv.py'",
        env!("CARGO_MANIFEST_DIR")
    );
    let options = [
        "--bin",
        &bin,
        "--node",
        &node,
        "--workload",
        "echo",
        "--timeout",
        "2s",
    ];
    // A node of PBFT knows no echo.
    let ended = crate::support::maelstrom(&options);
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(
        ended.printed.contains("n3 has not answered echo"),
        "{ended:?}"
    );
}
