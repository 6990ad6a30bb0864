//! What one replica costs, on one core: no network, no disk, every message delivered at once and in order.
//!
//! A turn is what follows from one message: it is decoded, its signatures are checked, the engine steps until it is quiet, and
//! what it says is signed and encoded. What the service takes is measured by itself and left out. With keys of a keyed hash,
//! nearly all of a turn is the engine; with Ed25519, nearly all of it is signatures, whose checks are counted beside it.
//!
//! An operation has 64 bytes. Batches of 64 operations come in two ways. `64, one request`: one request carries them all. So a
//! process orders what callers without a name want at the same time, and that is what a batch means here. `64 requests`: each
//! operation is a request of a client of its own, sent to all replicas, and answered by each. So clients with a name or a key ask.
//! What a replica costs for an operation is all of its work for a slot, divided by 64. Times are those for which the thread had a
//! core.
//!
//! The exit status is 1 unless, with four replicas and keyed hashes, an operation of a request of 64 costs a replica less than 2 us,
//! and a decision takes exactly the paper's number of PRE-PREPAREs, PREPAREs and COMMITs, in each row with keyed hashes:
//! (n-1) + (n-1)^2 + n(n-1).

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};
use quorate_fault::Faulty;
use quorate_host::{Batch, Core, Event, Outgoing};
use quorate_protocol::message::Request;
use quorate_protocol::{
    ClientId, ClusterId, Config, Keys, Part, Quorum, Replica, ReplicaId, Sequence, SignedMessage,
    Time, Timestamp,
};
use quorate_service::{BadSnapshot, Operation, Service};
use quorate_simulator::digests::Digests;

const CLUSTER: ClusterId = ClusterId([8; 32]);

/// How long each row is measured.
const SPAN: Duration = Duration::from_secs(2);
/// A row has at least so many decisions, however long they take.
const LEAST: u64 = 2;
/// The operations of a batch.
const BATCH: u64 = 64;
/// The bytes of an operation.
const OPERATION: usize = 64;
/// The most that an operation of a batch may cost one of four replicas, in microseconds.
const LIMIT: f64 = 2.0;

/// What is ordered in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Load {
    /// One request with one operation.
    One,
    /// One request with all operations of a batch.
    Several,
    /// A request for each operation of a batch.
    Requests,
}

impl Load {
    const fn name(self) -> &'static str {
        match self {
            Self::One => "1 operation",
            Self::Several => "64, one request",
            Self::Requests => "64 requests",
        }
    }

    const fn operations_per_request(self) -> u64 {
        match self {
            Self::One | Self::Requests => 1,
            Self::Several => BATCH,
        }
    }

    const fn requests(self) -> u64 {
        match self {
            Self::One | Self::Several => 1,
            Self::Requests => BATCH,
        }
    }

    fn operation(self) -> Vec<u8> {
        let one = vec![b'x'; OPERATION];
        match self {
            Self::One | Self::Requests => one,
            Self::Several => Operation::Several(vec![one; 64]).encode(),
        }
    }
}

struct Bench {
    replicas: Vec<Core<Timed>>,
    load: Load,
    /// The messages under way, each with its sender and its recipient.
    queue: VecDeque<(ReplicaId, usize, Arc<[u8]>)>,
    /// How often requests were submitted.
    submitted: u64,
    /// Whether a proposal has left since.
    proposed: bool,
    turns: u64,
    decisions: u64,
    operations: u64,
    messages: u64,
    agreement: u64,
    /// What the replicas took, by the wall clock.
    busy: Duration,
    /// Which part of the time this thread had a core. On a machine that does other work too, the rest is not the replicas'.
    share: f64,
}

/// A service that counts what it takes.
#[derive(Debug, Default)]
struct Timed {
    service: Digests,
    taken: Duration,
}

impl Service for Timed {
    fn execute(&mut self, sequence: Sequence, request: &Request) -> Vec<u8> {
        let begun = now();
        let result = self.service.execute(sequence, request);
        self.taken += begun.elapsed();
        result
    }

    fn query(&self, operation: &[u8]) -> Option<Vec<u8>> {
        self.service.query(operation)
    }

    fn snapshot(&self) -> Vec<Part> {
        self.service.snapshot()
    }

    fn restore(&mut self, parts: &[Part]) -> Result<(), BadSnapshot> {
        self.service.restore(parts)
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn now() -> Instant {
    Instant::now()
}

/// How long this thread has had a core.
#[expect(clippy::expect_used, reason = "every Linux has this clock")]
fn processor_time() -> Duration {
    let clock = ClockId::CLOCK_THREAD_CPUTIME_ID;
    clock_gettime(clock).expect("the clock is there").into()
}

fn main() -> ExitCode {
    println!(
        "{:>4}  {:<8}  {:<15}  {:>8}  {:>8}  {:>11}  {:>15}  {:>10}  {:>9}  {:>9}  {:>7}  {:>7}",
        "n",
        "keys",
        "in a slot",
        "us/turn",
        "turns",
        "decisions/s",
        "us/op a replica",
        "in service",
        "checks",
        "messages",
        "of 3",
        "paper"
    );
    let mut verdicts = Vec::new();
    for n in [4, 7, 31, 100] {
        for load in [Load::One, Load::Several, Load::Requests] {
            for real in [false, true] {
                let mut bench = Bench::new(n, real, load);
                bench.run();
                bench.print(n, real);
                if !real {
                    verdicts.extend(bench.verdicts(n));
                }
            }
        }
    }
    println!();
    for (good, found) in &verdicts {
        println!("{}: {found}", if *good { "good" } else { "NOT GOOD" });
    }
    ExitCode::from(u8::from(!verdicts.iter().all(|(good, _)| *good)))
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
    fn new(n: u32, real: bool, load: Load) -> Self {
        let quorum = Quorum::of(NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN));
        let one = |i| {
            let replica = Faulty::new(Replica::new(Config::new(ReplicaId(i), quorum)), None);
            let mut core = Core::new(keys(i, n, real), replica, Timed::default());
            // What it says at its start is lost: nobody has missed anything yet.
            drop(core.turn(Time(0)).release());
            core
        };
        Self {
            replicas: (0..n).map(one).collect(),
            load,
            queue: VecDeque::new(),
            submitted: 0,
            proposed: true,
            turns: 0,
            decisions: 0,
            operations: 0,
            messages: 0,
            agreement: 0,
            busy: Duration::ZERO,
            share: 1.0,
        }
    }

    /// Orders until the time is over and everything under way is done.
    fn run(&mut self) {
        let (begun, on_core) = (now(), processor_time());
        self.order_for(SPAN);
        let taken = processor_time().saturating_sub(on_core);
        self.share = taken.as_secs_f64() / begun.elapsed().as_secs_f64();
    }

    fn order_for(&mut self, span: Duration) {
        let begun = now();
        loop {
            let goes_on = begun.elapsed() < span || self.decisions < LEAST;
            if goes_on && self.is_time_to_submit() {
                self.submit();
            }
            let Some((from, to, bytes)) = self.queue.pop_front() else {
                return;
            };
            self.receive(from, to, &bytes);
        }
    }

    /// The requests of the next batch arrive while the batch before is under way. So all of them wait when their slot is
    /// proposed.
    fn is_time_to_submit(&self) -> bool {
        match self.load {
            Load::One | Load::Several => self.queue.is_empty(),
            Load::Requests => self.proposed,
        }
    }

    /// Submits the requests of a batch at one replica. The replicas take turns.
    fn submit(&mut self) {
        let at = usize::try_from(self.submitted).unwrap_or_default() % self.replicas.len();
        self.submitted += 1;
        self.proposed = false;
        let operation = self.load.operation();
        for number in 1..=self.load.requests() {
            let core = &mut self.replicas[at];
            let client = ClientId::session(core.own(), number);
            let request = Request::new(client, Timestamp(self.submitted), operation.clone());
            let begun = now();
            let request = request.after(core.replica().executed());
            let request = core.keys().sign(request);
            core.submit(request);
            self.busy += begun.elapsed();
        }
        self.turn(at);
    }

    fn receive(&mut self, from: ReplicaId, to: usize, bytes: &[u8]) {
        let begun = now();
        match Batch::read(from, bytes) {
            Ok(batch) => self.replicas[to].deliver(batch),
            Err(error) => unreachable!("{error}"),
        }
        self.busy += begun.elapsed();
        self.turn(to);
    }

    /// Lets a replica handle what has come.
    fn turn(&mut self, at: usize) {
        let begun = now();
        let released = self.replicas[at].turn(Time(0)).release();
        self.busy += begun.elapsed();
        self.turns += 1;
        for event in released.events {
            match event {
                Event::Sent(sent) => self.send(at, &sent),
                Event::Executed { requests, .. } if at == 0 => {
                    self.decisions += 1;
                    self.operations += requests.len() as u64 * self.load.operations_per_request();
                }
                _ => {}
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
        self.proposed |= matches!(*sent.message, SignedMessage::PrePrepare { .. });
        let messages = recipients.into_iter();
        self.queue
            .extend(messages.map(|to| (own, to, Arc::clone(&sent.bytes))));
    }

    /// What all replicas have done, without their services.
    fn engine(&self) -> Duration {
        let busy = self.busy.mul_f64(self.share);
        busy.saturating_sub(self.service())
    }

    fn service(&self) -> Duration {
        let taken = self.replicas.iter().map(|core| core.service().taken);
        taken.sum::<Duration>().mul_f64(self.share)
    }

    /// Microseconds for an operation at one replica, of what all have taken.
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    fn per_operation(&self, taken: Duration) -> f64 {
        let operations = self.operations * self.replicas.len() as u64;
        taken.as_secs_f64() * 1e6 / operations as f64
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    fn print(&mut self, n: u32, real: bool) {
        let engine = self.engine().as_secs_f64();
        let (turns, decisions) = (self.turns as f64, self.decisions as f64);
        let checks: u64 = self
            .replicas
            .iter_mut()
            .map(|core| core.keys().checked())
            .sum();
        println!(
            "{n:>4}  {:<8}  {:<15}  {:>8.2}  {:>8.1}  {:>11.1}  {:>15.2}  {:>10.2}  {:>9.1}  {:>9.1}  {:>7.1}  {:>7}",
            if real { "ed25519" } else { "keyed" },
            self.load.name(),
            engine * 1e6 / turns,
            turns / decisions,
            decisions / engine,
            self.per_operation(self.engine()),
            self.per_operation(self.service()),
            checks as f64 / decisions,
            self.messages as f64 / decisions,
            self.agreement as f64 / decisions,
            paper(n),
        );
    }

    /// What must hold of a row, each with whether it does.
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    fn verdicts(&self, n: u32) -> Vec<(bool, String)> {
        let counted = self.agreement as f64 / self.decisions as f64;
        let as_in_paper = self.agreement == self.decisions * paper(n);
        let count = format!(
            "n = {n}, {}: {counted:.1} messages of the three kinds for a decision; the paper counts {}",
            self.load.name(),
            paper(n)
        );
        let mut verdicts = vec![(as_in_paper, count)];
        if n == 4 && self.load == Load::Several {
            let cost = self.per_operation(self.engine());
            let filled = self.operations as f64 / self.decisions as f64;
            let cost_is = format!(
                "n = {n}, {}: an operation costs a replica {cost:.2} us, at {filled:.1} operations in a slot; the limit is {LIMIT} us",
                self.load.name()
            );
            verdicts.push((cost < LIMIT, cost_is));
        }
        verdicts
    }
}

/// The PRE-PREPAREs, PREPAREs and COMMITs of a decision, as the paper counts them.
fn paper(n: u32) -> u64 {
    let others = u64::from(n) - 1;
    others + others * others + u64::from(n) * others
}
