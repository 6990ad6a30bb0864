//! Four processes and a network.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::collections::VecDeque;
use std::num::NonZeroU32;

use quorate_host::{Answer, Ask, Batch, Event, Past, Process, Setup, join};
use quorate_protocol::message::Request;
use quorate_protocol::{ClusterId, Config, Keys, Quorum, ReplicaId, Time};
use quorate_service::exchange::Rules;
use quorate_service::gathering::Membership;
use quorate_service::{Operation, Service as _, kv};

pub(crate) const CLUSTER: ClusterId = ClusterId([7; 32]);

pub(crate) struct Cluster {
    pub(crate) now: Time,
    /// A caller is a number.
    pub(crate) processes: Vec<Process<u64>>,
    /// Batches under way, with their recipients.
    network: VecDeque<(usize, Vec<u8>)>,
    /// The process that nobody hears.
    pub(crate) cut_off: Option<usize>,
    /// The requests that the processes have signed.
    pub(crate) asked: Vec<Request>,
    /// The answers, each with who asked.
    pub(crate) answers: Vec<(u64, Answer)>,
}

pub(crate) fn quorum() -> Quorum {
    Quorum::of(NonZeroU32::new(4).unwrap())
}

impl Cluster {
    pub(crate) fn start() -> Self {
        Self::configured(|_| {})
    }

    pub(crate) fn configured(configure: impl Fn(&mut Config)) -> Self {
        let quorum = quorum();
        let process = |index: u32| {
            let mut config = Config::new(ReplicaId(index), quorum);
            configure(&mut config);
            Process::new(Setup {
                keys: Keys::simulated(ReplicaId(index), 4, CLUSTER).that_remember(),
                membership: Membership::plain(CLUSTER, quorum),
                config,
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
            cut_off: None,
            asked: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// A caller without a name asks a process for an operation on the store.
    pub(crate) fn submit(&mut self, at: usize, text: &str, caller: u64) {
        let operation = Operation::KeyValue(text.to_owned());
        let ask = Ask::Submit {
            operation,
            name: None,
        };
        self.processes[at].ask(self.now, ask, caller);
    }

    pub(crate) fn turn(&mut self, at: usize) {
        let process = &mut self.processes[at];
        let head = process.head();
        let turn = process.turn(self.now);
        self.asked.extend(turn.asked().cloned());
        let released = turn.release();
        self.answers.extend(released.answers);
        for event in released.events {
            let Event::Sent(outgoing) = event else {
                continue;
            };
            let bytes = join(head, &[outgoing.bytes]);
            let to = outgoing.to.map(|to| to.0 as usize);
            if self.cut_off == Some(at) {
                continue;
            }
            for other in (0..4).filter(|other| to.map_or(*other != at, |to| to == *other)) {
                self.network.push_back((other, bytes.clone()));
            }
        }
    }

    /// Delivers everything, and lets the next timers run out.
    pub(crate) fn pass(&mut self) {
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

    /// What the store of a process answers to a query.
    pub(crate) fn look(&self, at: usize, query: &str) -> kv::Answer {
        let query = Operation::KeyValue(query.to_owned()).encode();
        let found = self.processes[at].service().query(&query).unwrap();
        match quorate_service::Answer::decode(&found) {
            Some(quorate_service::Answer::KeyValue(answer)) => answer,
            other => panic!("{other:?}"),
        }
    }
}
