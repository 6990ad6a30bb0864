//! One cluster for very long: what its replicas keep must not grow.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::Arc;

use quorate_protocol::message::Request;
use quorate_protocol::{
    ClientId, ClusterId, Config, Input, Keys, Quorum, ReplicaId, SignedMessage, Time, Timestamp,
};
use quorate_simulator::bare::{Act, Bare};
use quorate_simulator::invariant::bounded::Bounds;

use crate::options::Soak;
use crate::say;

/// The cluster of a soak: every message arrives, in order.
struct Cluster {
    all: Vec<(Bare, Keys)>,
    bounds: Bounds,
    queue: VecDeque<(usize, Arc<SignedMessage>)>,
    now: Time,
}

/// Orders so many requests, one after another, and prints now and then what the replicas keep; whether it was too much.
pub(crate) fn command(soak: &Soak) -> anyhow::Result<bool> {
    let quorum = Quorum::of(NonZeroU32::new(soak.processes).unwrap_or(NonZeroU32::MIN));
    let mut cluster = Cluster::new(quorum);
    say("requests  slots  bodies  early  checkpoint votes  view changes  waiting  resident KiB");
    for request in 1..=soak.requests {
        let at = usize::try_from(request % u64::from(quorum.n())).unwrap_or_default();
        cluster.order(at, request);
        if request.is_multiple_of(soak.every) || request == soak.requests {
            say(&cluster.line(request));
        }
        for (bare, _) in &cluster.all {
            if let Err(unbounded) = cluster.bounds.check(bare.own(), bare.sizes()) {
                say(&format!("after {request} requests: {unbounded}"));
                return Ok(true);
            }
        }
    }
    Ok(false)
}

impl Cluster {
    fn new(quorum: Quorum) -> Self {
        let one = |i| {
            let id = ReplicaId(i);
            let bare = Bare::new(Config::new(id, quorum));
            (bare, Keys::simulated(id, quorum.n(), ClusterId([3; 32])))
        };
        let mut cluster = Self {
            all: (0..quorum.n()).map(one).collect(),
            bounds: Bounds::new(&Config::new(ReplicaId(0), quorum), 0),
            queue: VecDeque::new(),
            now: Time(0),
        };
        for at in 0..cluster.all.len() {
            cluster.step(at, Input::Start);
        }
        cluster
    }

    fn order(&mut self, at: usize, number: u64) {
        self.now.0 += 1000;
        let (_, keys) = &self.all[at];
        let request = Request {
            client: ClientId::Process(keys.own()),
            timestamp: Timestamp(number),
            operation: number.to_le_bytes().to_vec(),
        };
        let request = keys.sign(request);
        self.step(at, Input::Submit(request));
        while let Some((to, message)) = self.queue.pop_front() {
            let (bare, keys) = &mut self.all[to];
            let acts = bare.hear(keys, self.now, &message);
            self.post(to, acts);
        }
    }

    fn step(&mut self, at: usize, input: Input) {
        let (bare, keys) = &mut self.all[at];
        let acts = bare.step(keys, self.now, input);
        self.post(at, acts);
    }

    fn post(&mut self, from: usize, acts: Vec<Act>) {
        for act in acts {
            match act {
                Act::Broadcast(message) => {
                    let others = (0..self.all.len()).filter(|to| *to != from);
                    self.queue
                        .extend(others.map(|to| (to, Arc::clone(&message))));
                }
                Act::Send(to, message) => self.queue.push_back((to.0 as usize, message)),
                _ => {}
            }
        }
    }

    fn line(&self, requests: u64) -> String {
        let most = |of: fn(&Bare) -> usize| self.all.iter().map(|(bare, _)| of(bare)).max();
        let most = |of| most(of).unwrap_or_default();
        format!(
            "{requests:>8}  {:>5}  {:>6}  {:>5}  {:>16}  {:>12}  {:>7}  {:>12}",
            most(|bare| bare.sizes().slots),
            most(|bare| bare.sizes().bodies),
            most(|bare| bare.sizes().early),
            most(|bare| bare.sizes().checkpoint_votes),
            most(|bare| bare.sizes().view_changes),
            most(|bare| bare.sizes().requests),
            resident().map_or_else(|| "-".to_owned(), |kib| kib.to_string()),
        )
    }
}

/// How much memory this program has, where the system says so.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}
