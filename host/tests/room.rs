//! Four processes and a network that loses nothing: requests for which a process has no room yet.
#![allow(clippy::unwrap_used)]

use std::collections::VecDeque;
use std::num::NonZeroU32;

use quorate_host::{Ask, Batch, Event, Order, Past, Process, Setup, join};
use quorate_protocol::{ClusterId, Config, Keys, Quorum, ReplicaId, Time};
use quorate_service::exchange::Rules;
use quorate_service::gathering::Membership;
use quorate_service::{Answer, Operation, Service as _, kv};

const CLUSTER: ClusterId = ClusterId([7; 32]);

struct Cluster {
    now: Time,
    /// A caller is a number.
    processes: Vec<Process<u64>>,
    /// Batches under way, with their recipients.
    network: VecDeque<(usize, Vec<u8>)>,
}

fn quorum() -> Quorum {
    Quorum::of(NonZeroU32::new(4).unwrap())
}

impl Cluster {
    fn start() -> Self {
        let quorum = quorum();
        let process = |index: u32| {
            Process::new(Setup {
                keys: Keys::simulated(ReplicaId(index), 4, CLUSTER),
                membership: Membership::plain(CLUSTER, quorum),
                config: Config::new(ReplicaId(index), quorum),
                rules: Rules {
                    quorum,
                    default_decision: "retreat".into(),
                },
                behaviour: None,
                past: Past::None,
                first_number: 0,
                trusts_callers: false,
                gathers: None,
            })
        };
        Self {
            now: Time(0),
            processes: (0..4).map(process).collect(),
            network: VecDeque::new(),
        }
    }

    fn turn(&mut self, at: usize) {
        let process = &mut self.processes[at];
        let head = process.head();
        for event in process.turn(self.now).release().events {
            let Event::Sent(outgoing) = event else {
                continue;
            };
            let bytes = join(head, &[outgoing.bytes]);
            let to = outgoing.to.map(|to| to.0 as usize);
            for other in (0..4).filter(|other| to.map_or(*other != at, |to| to == *other)) {
                self.network.push_back((other, bytes.clone()));
            }
        }
    }

    /// Delivers everything, and lets the next timers run out.
    fn pass(&mut self) {
        for at in 0..4 {
            self.turn(at);
        }
        while let Some((at, bytes)) = self.network.pop_front() {
            let batch = Batch::open(&bytes, CLUSTER).unwrap();
            self.processes[at].deliver(batch);
            self.turn(at);
        }
        let due = self.processes.iter().filter_map(Process::due).min();
        self.now = self.now.max(due.unwrap_or_default());
    }
}

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
fn keys_of(process: &Process<u64>, count: u64) -> Vec<u64> {
    let has = |key: &u64| {
        let get = Operation::KeyValue(format!("get k{key}"));
        let found = process.service().query(&get.encode()).unwrap();
        Answer::decode(&found) != Some(Answer::KeyValue(kv::Answer::NoSuchKey))
    };
    (0..count).filter(has).collect()
}

#[test]
fn requests_whose_callers_hang_up_while_they_are_held_are_not_submitted_and_the_others_are() {
    let mut cluster = Cluster::start();
    let count = 3000;
    for key in 0..count {
        let operation = Operation::KeyValue(format!("set k{key}=x"));
        let name = None;
        let ask = Ask::Submit { operation, name };
        cluster.processes[0].ask(cluster.now, ask, key);
    }
    cluster.turn(0);
    let given_up = cluster.processes[0].give_up(|caller| *caller != count - 1);
    assert_eq!(given_up.len() as u64, count - 1);
    for _ in 0..20 {
        cluster.pass();
    }
    let keys = keys_of(&cluster.processes[0], count);
    let room = Config::new(ReplicaId(0), quorum()).limits.waiting_requests as u64 / 2;
    let expected: Vec<u64> = (0..room).chain([count - 1]).collect();
    assert_eq!(keys, expected, "what had room at once, and the last one");
    assert!(
        cluster
            .processes
            .iter()
            .all(|one| keys_of(one, count) == keys)
    );
}
