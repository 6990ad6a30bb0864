//! Requests for which a process has no room yet.
#![allow(clippy::unwrap_used)]

mod four;

use four::{Cluster, quorum};
use quorate_host::{Ask, Order, RequestName};
use quorate_protocol::{ClientId, Config, ReplicaId, Timestamp};
use quorate_service::{Operation, kv};

#[test]
fn more_large_requests_than_wait_of_one_process_at_a_time_all_execute_in_the_first_view() {
    let mut cluster = Cluster::start();
    let count = 400;
    for client in 0..count {
        let data = "x".repeat(60_000);
        let order = Order {
            id: (client, 0),
            number: 1,
            json: format!(r#"{{"id": [{client}, 0], "timestamp": 1.5, "data": "{data}"}}"#),
            // The queue of HTTP requests, which has a limit of its own, counts this too.
            data: String::new(),
        };
        cluster.processes[0].ask(cluster.now, Ask::Order(order), client);
    }
    for _ in 0..20 {
        cluster.pass();
    }
    for process in &cluster.processes {
        assert_eq!(process.service().ledger().count(), count);
        assert_eq!(process.replica().status().view.0, 0);
    }
}

/// The numbers of the keys `k0`, `k1` and so on that a process has.
fn keys_of(cluster: &Cluster, at: usize, count: u64) -> Vec<u64> {
    let has = |key: &u64| cluster.look(at, &format!("get k{key}")) != kv::Answer::NoSuchKey;
    (0..count).filter(has).collect()
}

#[test]
fn requests_whose_callers_hang_up_while_they_are_held_are_not_submitted_and_the_others_are() {
    let mut cluster = Cluster::start();
    let count = 3000;
    for key in 0..count {
        let operation = Operation::KeyValue(format!("set k{key}=x"));
        let name = RequestName {
            client: ClientId::named(ReplicaId(0), &key.to_string()),
            timestamp: Timestamp(1),
            seal: None,
        };
        let name = Some(name);
        let ask = Ask::Submit { operation, name };
        cluster.processes[0].ask(cluster.now, ask, key);
    }
    cluster.turn(0);
    let given_up = cluster.processes[0].give_up(|caller| *caller != count - 1);
    assert_eq!(given_up.len() as u64, count - 1);
    for _ in 0..20 {
        cluster.pass();
    }
    let keys = keys_of(&cluster, 0, count);
    let room = Config::new(ReplicaId(0), quorum()).limits.waiting_requests as u64 / 2;
    let expected: Vec<u64> = (0..room).chain([count - 1]).collect();
    assert_eq!(keys, expected, "what had room at once, and the last one");
    assert!((0..4).all(|at| keys_of(&cluster, at, count) == keys));
}
