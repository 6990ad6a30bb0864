//! What one replica costs, on one core: no network, no disk, every message delivered at once and in order.
//!
//! A turn is what follows from one message: its signatures are checked, the engine steps until it is quiet, and what it
//! says is signed and encoded. With keys of a keyed hash, nearly all of it is the engine; with Ed25519, nearly all of it is
//! signatures, whose checks are counted beside it. The paper's count of messages for a decision is that of PRE-PREPARE,
//! PREPARE and COMMIT: (n-1) + (n-1)^2 + n(n-1).

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quorate_fault::Faulty;
use quorate_host::{Batch, Core, Event, Outgoing};
use quorate_protocol::message::Request;
use quorate_protocol::{
    ClusterId, Config, Keys, Quorum, Replica, ReplicaId, SignedMessage, Time, Timestamp,
};
use quorate_simulator::digests::Digests;

const CLUSTER: ClusterId = ClusterId([8; 32]);

/// How long each row is measured.
const SPAN: Duration = Duration::from_secs(3);

struct Bench {
    replicas: Vec<Core<Digests>>,
    /// The messages under way, each with its sender and its recipient.
    queue: VecDeque<(ReplicaId, usize, Arc<SignedMessage>)>,
    turns: u64,
    decisions: u64,
    messages: u64,
    agreement: u64,
    busy: Duration,
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn now() -> Instant {
    Instant::now()
}

fn main() {
    println!(
        "{:>4}  {:<8}  {:>10}  {:>9}  {:>11}  {:>9}  {:>9}  {:>8}  {:>8}",
        "n", "keys", "turns/s", "us/turn", "decisions/s", "checks", "messages", "of 3", "paper"
    );
    for n in [4, 7, 31, 100] {
        for real in [false, true] {
            let mut bench = Bench::new(n, real);
            bench.run();
            bench.print(n, real);
        }
    }
}

fn keys(id: u32, n: u32, real: bool) -> Keys {
    if !real {
        return Keys::simulated(ReplicaId(id), n, CLUSTER);
    }
    let secret = |i: u32| {
        let mut secret = [7; 32];
        secret[..4].copy_from_slice(&i.to_le_bytes());
        secret
    };
    let public: Vec<_> = (0..n).map(|i| Keys::public_key(&secret(i))).collect();
    match Keys::new(ReplicaId(id), secret(id), &public, CLUSTER) {
        Ok(keys) => keys,
        Err(error) => unreachable!("{error}"),
    }
}

impl Bench {
    fn new(n: u32, real: bool) -> Self {
        let quorum = Quorum::of(NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN));
        let one = |i| {
            let replica = Faulty::new(Replica::new(Config::new(ReplicaId(i), quorum)), None);
            let mut core = Core::new(keys(i, n, real), replica, Digests::default());
            // What it says at its start is lost: nobody has missed anything yet.
            drop(core.turn(Time(0)).release());
            core
        };
        Self {
            replicas: (0..n).map(one).collect(),
            queue: VecDeque::new(),
            turns: 0,
            decisions: 0,
            messages: 0,
            agreement: 0,
            busy: Duration::ZERO,
        }
    }

    fn run(&mut self) {
        let begun = now();
        while begun.elapsed() < SPAN || self.decisions < 2 {
            let at = usize::try_from(self.decisions).unwrap_or_default() % self.replicas.len();
            let core = &mut self.replicas[at];
            let timestamp = Timestamp(self.decisions + 1);
            let request = Request::new(core.own().into(), timestamp, vec![0; 16]);
            let request = core.keys().sign(request);
            core.submit(request);
            self.turn(at);
            while let Some((from, to, message)) = self.queue.pop_front() {
                let batch = Batch::of(from, (*message).clone());
                self.replicas[to].deliver(batch);
                self.turn(to);
            }
            self.decisions += 1;
        }
    }

    /// Lets a replica handle what has come.
    fn turn(&mut self, at: usize) {
        let begun = now();
        let released = self.replicas[at].turn(Time(0)).release();
        self.busy += begun.elapsed();
        self.turns += 1;
        for event in released.events {
            if let Event::Sent(sent) = event {
                self.send(at, &sent);
            }
        }
    }

    fn send(&mut self, from: usize, sent: &Outgoing) {
        let own = self.replicas[from].own();
        let recipients: Vec<usize> = match sent.to {
            Some(to) => vec![to.0 as usize],
            None => (0..self.replicas.len()).filter(|to| *to != from).collect(),
        };
        let count = recipients.len() as u64;
        self.messages += count;
        if matches!(
            *sent.message,
            SignedMessage::PrePrepare { .. } | SignedMessage::Prepare(_) | SignedMessage::Commit(_)
        ) {
            self.agreement += count;
        }
        let messages = recipients.into_iter();
        self.queue
            .extend(messages.map(|to| (own, to, Arc::clone(&sent.message))));
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    fn print(&mut self, n: u32, real: bool) {
        let busy = self.busy.as_secs_f64();
        let (turns, decisions) = (self.turns as f64, self.decisions as f64);
        let checks: u64 = self
            .replicas
            .iter_mut()
            .map(|core| core.keys().checked())
            .sum();
        let paper = u64::from((n - 1) + (n - 1) * (n - 1) + n * (n - 1));
        println!(
            "{n:>4}  {:<8}  {:>10.0}  {:>9.2}  {:>11.1}  {:>9.1}  {:>9.1}  {:>8.1}  {paper:>8}",
            if real { "ed25519" } else { "keyed" },
            turns / busy,
            busy * 1e6 / turns,
            decisions / busy,
            checks as f64 / decisions,
            self.messages as f64 / decisions,
            self.agreement as f64 / decisions,
        );
    }
}
