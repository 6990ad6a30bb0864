//! What a checkpoint costs the one thread of a process that has 100 MB of keys and values, without and with a data directory.
//!
//! The process is a cluster of one, so a checkpoint is stable in the turn that takes it: the turn makes the parts that have
//! changed, hashes the manifest, and writes what is not on disk yet. The exit status is 1 if such a turn takes 20 ms or more in the
//! median when up to 10 keys have changed.
//!
//! Then a process without memory takes over the state of three others, which go on. 99 of 100 of their turns must take less than
//! 20 ms.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quorate_fault::Faulty;
use quorate_host::{Batch, Core, Disk, Event, NoDisk};
use quorate_node::Common;
use quorate_node::storage::{Owner, Storage};
use quorate_protocol::message::Request;
use quorate_protocol::{
    ClusterId, Config, Keys, Quorum, Record, Replica, ReplicaId, Sequence, SignedMessage, Time,
    Timer, Timestamp,
};
use quorate_service::exchange::Rules;
use quorate_service::gathering::Membership;
use quorate_service::{Operation, Replicated, Service};

const PROCESS: ReplicaId = ReplicaId(0);
const CLUSTER: ClusterId = ClusterId([8; 32]);
/// The state: this many keys, each with so many bytes.
const KEYS: u64 = 25_000;
const VALUE: usize = 4000;
/// How much changes between two checkpoints.
const CHANGES: [u64; 4] = [1, 10, 100, 1000];
/// With so many changes or fewer, a turn must keep the limit.
const FEW: u64 = 10;
/// The checkpoints measured for each row.
const CHECKPOINTS: usize = 10;
const LIMIT: Duration = Duration::from_millis(20);

fn main() -> ExitCode {
    match measure() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Prints the table. Returns whether the checkpoints were fast enough.
#[expect(clippy::print_stdout, reason = "a benchmark prints")]
fn measure() -> anyhow::Result<bool> {
    let bytes = KEYS * VALUE as u64;
    println!(
        "A state of {} MB. A turn in milliseconds:",
        bytes / 1_000_000
    );
    println!();
    println!(
        "{:<14}  {:>12}  {:>18}  {:>15}  {:>15}",
        "data directory", "changed keys", "without checkpoint", "with checkpoint", "the longest"
    );
    let folder = std::env::temp_dir().join(format!("quorate-checkpoint-{}", std::process::id()));
    let without = rows("no", NoDisk)?;
    let with = rows("yes", OnDisk::new(&folder)?);
    std::fs::remove_dir_all(&folder)?;
    let taken = without.max(with?);
    println!();
    let others = Takeover::new().run()?;
    let fast = taken < LIMIT && others < LIMIT;
    println!();
    println!(
        "{}: with up to {FEW} changed keys, a turn with a checkpoint takes {:.1} ms (median), and the turns of the others beside a takeover \
         take {:.1} ms (99 of 100); the limit is {} ms",
        if fast { "good" } else { "NOT GOOD" },
        milliseconds(taken),
        milliseconds(others),
        LIMIT.as_millis(),
    );
    Ok(fast)
}

/// Prints the rows of one kind of disk. Returns how long a turn with a checkpoint takes at most when few keys have changed.
#[expect(clippy::print_stdout, reason = "a benchmark prints")]
fn rows<D: Disk>(name: &str, disk: D) -> anyhow::Result<Duration>
where
    anyhow::Error: From<D::Error>,
{
    let mut process = Process::new(disk);
    let first = process.checkpoint(0)?;
    println!(
        "{name:<14}  {:>12}  {:>18}  {:>15.1}",
        "all",
        "",
        milliseconds(first)
    );
    let mut with_few = Duration::ZERO;
    for changes in CHANGES {
        process.others.clear();
        let mut taken = (0..CHECKPOINTS)
            .map(|_| process.checkpoint(changes))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let longest = taken.iter().max().copied().unwrap_or_default();
        let with = median(&mut taken);
        println!(
            "{name:<14}  {changes:>12}  {:>18.1}  {:>15.1}  {:>15.1}",
            milliseconds(median(&mut process.others)),
            milliseconds(with),
            milliseconds(longest),
        );
        if changes <= FEW {
            with_few = with_few.max(with);
        }
    }
    Ok(with_few)
}

fn median(taken: &mut [Duration]) -> Duration {
    taken.sort();
    taken.get(taken.len() / 2).copied().unwrap_or_default()
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// The records of the process, in a folder of its own.
struct OnDisk(Storage);

impl OnDisk {
    fn new(folder: &Path) -> anyhow::Result<Self> {
        let owner = Owner {
            cluster: CLUSTER,
            process: PROCESS,
            common: Common {
                checkpoint_interval: config().checkpoint_interval,
                default_decision: "retreat".to_owned(),
                limits: config().limits,
            },
        };
        let (storage, _, _) = Storage::open(&folder.join("P.redb"), owner, 0)?;
        Ok(Self(storage))
    }
}

impl Disk for OnDisk {
    type Error = anyhow::Error;

    fn append(&mut self, records: &[Record]) -> anyhow::Result<()> {
        self.0.add(records)
    }

    fn replace(&mut self, records: &[Record]) -> anyhow::Result<()> {
        self.0.replace(records)
    }
}

fn quorum() -> Quorum {
    Quorum::of(NonZeroU32::MIN)
}

fn config() -> Config {
    Config::new(PROCESS, quorum())
}

fn set(key: u64, version: u64) -> Vec<u8> {
    let value = format!("{version:08}").repeat(VALUE / 8);
    Operation::KeyValue(format!("set key{key}={value}")).encode()
}

fn empty(quorum: Quorum) -> Replicated {
    let rules = Rules {
        quorum,
        default_decision: "retreat".to_owned(),
    };
    Replicated::new(rules, Membership::plain(CLUSTER, quorum))
}

/// A full store.
fn full(quorum: Quorum) -> Replicated {
    let mut service = empty(quorum);
    for key in 0..KEYS {
        let request = Request::new(PROCESS.into(), Timestamp(0), set(key, 0));
        service.execute(Sequence(0), &request);
    }
    service
}

/// A process with a full store.
struct Process<D> {
    core: Core<Replicated>,
    disk: D,
    requests: u64,
    /// How long the turns without a checkpoint took.
    others: Vec<Duration>,
}

impl<D: Disk> Process<D>
where
    anyhow::Error: From<D::Error>,
{
    fn new(disk: D) -> Self {
        let replica = Faulty::new(Replica::new(config()), None);
        let keys = Keys::simulated(PROCESS, 1, CLUSTER);
        Self {
            core: Core::new(keys, replica, full(quorum())),
            disk,
            requests: 0,
            others: Vec::new(),
        }
    }

    /// Goes on to the next checkpoint. Before it, so many keys change. Returns how long the turn with the checkpoint takes.
    fn checkpoint(&mut self, changes: u64) -> anyhow::Result<Duration> {
        let before = self.core.replica().status().low_watermark;
        for _ in 0..changes {
            let request = self.set();
            // The engine orders nothing here: only what it finds at the checkpoint counts.
            self.core.service_mut().execute(before, &request);
        }
        for _ in 0..self.core.replica().config().checkpoint_interval {
            let request = self.next(Operation::KeyValue("get key1".to_owned()).encode());
            let request = self.core.keys().sign(request);
            self.core.submit(request);
            let taken = self.turn()?;
            if self.core.replica().status().low_watermark > before {
                return Ok(taken);
            }
            self.others.push(taken);
        }
        anyhow::bail!("no checkpoint became stable")
    }

    fn set(&mut self) -> Request {
        // A prime, so that the keys are spread over the whole store.
        let key = self.requests * 7919 % KEYS;
        self.next(set(key, self.requests + 1))
    }

    fn next(&mut self, operation: Vec<u8>) -> Request {
        self.requests += 1;
        Request::new(PROCESS.into(), Timestamp(self.requests), operation)
    }

    fn turn(&mut self) -> anyhow::Result<Duration> {
        let begun = now();
        let turn = self.core.turn(Time(self.requests));
        drop(turn.write(&mut self.disk)?);
        Ok(begun.elapsed())
    }
}

/// Four processes with the same full store, and messages between them. The last one starts when the others no longer have the
/// slots that it lacks: it takes over their state.
struct Takeover {
    cores: Vec<Core<Replicated>>,
    queue: VecDeque<(ReplicaId, usize, Arc<SignedMessage>)>,
    time: u64,
    requests: u64,
    /// How long the turns of each process took.
    taken: [Vec<Duration>; 4],
}

impl Takeover {
    const LATE: usize = 3;
    /// The messages that arrive within a millisecond.
    const PER_MILLISECOND: usize = 50;

    fn new() -> Self {
        let quorum = Quorum::of(NonZeroU32::MIN.saturating_add(3));
        let full = full(quorum);
        let core = |id| {
            let replica = Replica::new(Config::new(ReplicaId(id), quorum));
            let keys = Keys::simulated(ReplicaId(id), 4, CLUSTER);
            let service = if id == 3 { empty(quorum) } else { full.clone() };
            Core::new(keys, Faulty::new(replica, None), service)
        };
        Self {
            cores: (0..4).map(core).collect(),
            queue: VecDeque::new(),
            time: 0,
            requests: 0,
            taken: Default::default(),
        }
    }

    fn executed(&self, at: usize) -> u64 {
        self.cores
            .get(at)
            .map_or(0, |core| core.replica().status().executed.0)
    }

    /// Prints what it cost. Returns how long 99 of 100 turns of the others took at most meanwhile.
    #[expect(clippy::print_stdout, reason = "a benchmark prints")]
    fn run(&mut self) -> anyhow::Result<Duration> {
        let interval = self
            .cores
            .first()
            .map_or(1, |core| core.replica().config().checkpoint_interval);
        while self.executed(0) < 4 * interval {
            self.millisecond(Self::LATE);
        }
        self.taken = Default::default();
        let (begun, before) = (self.time, self.executed(0));
        while self.executed(Self::LATE) + interval < self.executed(0)
            || self.executed(Self::LATE) == 0
        {
            self.millisecond(4);
            anyhow::ensure!(self.time < begun + 600_000, "the state was not taken over");
        }
        let [others @ .., late] = &mut self.taken;
        let whole: Duration = late.iter().sum();
        let longest = late.iter().max().copied().unwrap_or_default();
        let mut others = others.concat();
        others.sort();
        let most = others
            .get(others.len() * 99 / 100)
            .copied()
            .unwrap_or_default();
        println!(
            "A process without memory takes the state over: {} turns in {:.1} s, the longest {:.1} s. Meanwhile the others executed {} \
             requests; their longest turn took {:.1} ms.",
            late.len(),
            whole.as_secs_f64(),
            longest.as_secs_f64(),
            self.executed(0) - before,
            milliseconds(others.last().copied().unwrap_or_default()),
        );
        Ok(most)
    }

    /// One more request, and the messages of a millisecond for the first `running` processes.
    fn millisecond(&mut self, running: usize) {
        self.time += 1;
        self.requests += 1;
        if let Some(core) = self.cores.first_mut() {
            let operation = set(self.requests * 7919 % KEYS, self.requests);
            let request = Request::new(PROCESS.into(), Timestamp(self.requests), operation);
            let request = core.keys().sign(request);
            core.submit(request);
        }
        for at in 0..running {
            self.turn(at);
        }
        for _ in 0..Self::PER_MILLISECOND {
            let Some((from, to, message)) = self.queue.pop_front() else {
                break;
            };
            if to < running
                && let Some(core) = self.cores.get_mut(to)
            {
                core.deliver(Batch::of(from, (*message).clone()));
                self.turn(to);
            }
        }
    }

    fn turn(&mut self, at: usize) {
        let (Some(core), Some(taken)) = (self.cores.get_mut(at), self.taken.get_mut(at)) else {
            return;
        };
        let time = Time(self.time * 1000);
        for timer in [Timer::View, Timer::Status] {
            if core.timer(timer).is_some_and(|due| due <= time) {
                core.run_out(timer);
            }
        }
        let begun = now();
        let released = core.turn(time).release();
        taken.push(begun.elapsed());
        let from = core.own();
        for event in released.events {
            let Event::Sent(sent) = event else {
                continue;
            };
            let all = 0..self.cores.len();
            let recipients =
                all.filter(|to| *to != at && sent.to.is_none_or(|only| only.0 as usize == *to));
            self.queue
                .extend(recipients.map(|to| (from, to, Arc::clone(&sent.message))));
        }
    }
}

fn now() -> Instant {
    Instant::now()
}
