//! A few nodes, and a network that takes one millisecond for each packet.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use quorate_gather::{
    Effect, Event, Gathering, Group, Input, Invitation, Pace, Secret, Settings, Source, Way,
};
use quorate_protocol::{SecretKey, Time};

#[cfg(feature = "mutants")]
thread_local! {
    /// The bug that the nodes of a test have on purpose.
    pub(crate) static MUTANT: std::cell::Cell<Option<quorate_gather::Mutant>> =
        const { std::cell::Cell::new(None) };
}

/// What a packet takes, in microseconds.
const LATENCY: u64 = 1_000;

/// A node's address.
pub(crate) fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// The settings of a node of an open group.
pub(crate) fn open(port: u16, nodes: u32) -> Settings {
    Settings {
        group: Group::default(),
        nodes,
        addresses: vec![at(port)],
        way: Way::Open,
        pace: Pace::default(),
    }
}

/// The settings of a node with a shared secret.
pub(crate) fn secret(port: u16, nodes: u32, byte: u8) -> Settings {
    let way = Way::Secret(Secret::new(vec![byte; 32]).unwrap());
    Settings {
        way,
        ..open(port, nodes)
    }
}

/// The settings of a node that is invited to seat `seat` of `nodes`.
pub(crate) fn invited(port: u16, nodes: u32, seat: u32) -> Settings {
    let key = |seat: u32| SecretKey::simulated(&format!("seat {seat}"));
    let seats = (0..nodes).map(|seat| key(seat).public()).collect();
    let way = Way::Invited(Invitation {
        seats,
        seat: key(seat),
    });
    Settings {
        way,
        ..open(port, nodes)
    }
}

/// A node's key, which nobody else has.
pub(crate) fn key(port: u16) -> SecretKey {
    SecretKey::simulated(&format!("node {port}"))
}

/// What a node has told, and what it has kept.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) events: Vec<Event>,
    pub(crate) memory: Option<Vec<u8>>,
}

#[derive(Default)]
pub(crate) struct World {
    pub(crate) now: Time,
    nodes: BTreeMap<u16, Gathering>,
    pub(crate) told: BTreeMap<u16, Told>,
    /// Packets by time of arrival and number: from, to, bytes.
    packets: BTreeMap<(Time, u64), (u16, SocketAddr, Vec<u8>)>,
    sent: u64,
    /// Pairs between which nothing passes.
    pub(crate) cut: BTreeSet<(u16, u16)>,
    /// What was sent to addresses where no node is.
    pub(crate) stray: Vec<(SocketAddr, Vec<u8>)>,
}

impl World {
    /// A node starts, and knows the addresses of `joins`.
    pub(crate) fn start(&mut self, settings: Settings, joins: &[u16]) {
        let port = settings.addresses[0].port();
        let node = Gathering::new(settings, key(port), seed(port, 0)).unwrap();
        self.add(port, node, joins);
    }

    /// A node that was started before starts again with what it has kept.
    pub(crate) fn restart(&mut self, settings: Settings, joins: &[u16]) {
        let port = settings.addresses[0].port();
        let memory = self.told[&port].memory.clone().unwrap();
        let node = Gathering::restore(settings, key(port), seed(port, 1), &memory).unwrap();
        self.add(port, node, joins);
    }

    pub(crate) fn add(&mut self, port: u16, node: Gathering, joins: &[u16]) {
        #[cfg(feature = "mutants")]
        let node = node.with_mutant(MUTANT.get());
        self.nodes.insert(port, node);
        self.input(port, Input::Wake);
        for join in joins {
            self.hint(port, *join);
        }
    }

    pub(crate) fn hint(&mut self, port: u16, to: u16) {
        self.input(port, Input::hint(at(to), None, Source::Join));
    }

    pub(crate) fn stop(&mut self, port: u16) {
        self.nodes.remove(&port);
    }

    pub(crate) fn node(&self, port: u16) -> &Gathering {
        &self.nodes[&port]
    }

    pub(crate) fn input(&mut self, port: u16, input: Input) {
        let Some(node) = self.nodes.get_mut(&port) else {
            return;
        };
        let effects = node.step(self.now, input);
        let told = self.told.entry(port).or_default();
        for effect in effects {
            match effect {
                Effect::Keep(memory) => told.memory = Some(memory),
                Effect::Event(event) => told.events.push(event),
                Effect::Send { to, bytes } => {
                    self.sent += 1;
                    let arrives = Time(self.now.0 + LATENCY);
                    self.packets.insert((arrives, self.sent), (port, to, bytes));
                }
            }
        }
    }

    /// Everything that happens in the next milliseconds.
    pub(crate) fn run(&mut self, millis: u64) {
        let end = Time(self.now.0 + millis * 1_000);
        while let Some(next) = self.next_time().filter(|next| *next <= end) {
            self.now = next.max(self.now);
            self.happen();
        }
        self.now = end;
    }

    fn next_time(&self) -> Option<Time> {
        let wakes = self.nodes.values().map(Gathering::wake_at).min();
        let arrives = self.packets.keys().next().map(|(time, _)| *time);
        wakes.into_iter().chain(arrives).min()
    }

    fn happen(&mut self) {
        if let Some(entry) = self.packets.first_entry()
            && entry.key().0 <= self.now
        {
            let (from, to, bytes) = entry.remove();
            self.arrive(from, to, bytes);
            return;
        }
        let due = self
            .nodes
            .iter()
            .find(|(_, node)| node.wake_at() <= self.now);
        if let Some(port) = due.map(|(port, _)| *port) {
            self.input(port, Input::Wake);
            assert!(self.nodes[&port].wake_at() > self.now, "a turn ends");
        }
    }

    pub(crate) fn arrive(&mut self, from: u16, to: SocketAddr, bytes: Vec<u8>) {
        if self.cut.contains(&(from, to.port())) || self.cut.contains(&(to.port(), from)) {
            return;
        }
        if self.nodes.contains_key(&to.port()) {
            let from = to.ip();
            self.input(to.port(), Input::Packet { from, bytes });
        } else {
            self.stray.push((to, bytes));
        }
    }

    /// How many packets were sent.
    pub(crate) const fn sent(&self) -> u64 {
        self.sent
    }

    pub(crate) fn texts(&self, port: u16) -> Vec<String> {
        let events = self.told[&port].events.iter();
        events
            .map(|event| format!("{} {event}", event.stage()))
            .collect()
    }

    /// Asserts that a node has told a line that contains the words.
    pub(crate) fn assert_told(&self, port: u16, words: &str) {
        let texts = self.texts(port);
        assert!(
            texts.iter().any(|text| text.contains(words)),
            "'{words}' is not among {texts:#?}"
        );
    }

    /// How often a node has told a line that contains the words.
    pub(crate) fn times_told(&self, port: u16, words: &str) -> usize {
        self.texts(port)
            .iter()
            .filter(|text| text.contains(words))
            .count()
    }

    /// Asserts that these nodes are members of one cluster, in one order.
    pub(crate) fn assert_one_cluster(&self, ports: impl IntoIterator<Item = u16>) {
        let mut all = ports.into_iter().map(|port| {
            let founded = self.node(port).founded();
            let texts = self.texts(port);
            let founded = founded.unwrap_or_else(|| panic!("{port} has no cluster: {texts:#?}"));
            assert_eq!(
                founded.members[founded.own.0 as usize].key,
                key(port).public()
            );
            (founded.cluster, founded.members.clone())
        });
        let first = all.next().unwrap();
        assert!(all.all(|other| other == first));
    }
}

fn seed(port: u16, start: u8) -> [u8; 32] {
    let mut seed = [start; 32];
    seed[..2].copy_from_slice(&port.to_le_bytes());
    seed
}
