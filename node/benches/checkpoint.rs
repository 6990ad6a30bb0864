//! What a checkpoint costs the one thread of a process that has 100 MB of keys and values, without and with a data directory.
//!
//! The process is a cluster of one, so a checkpoint is stable in the turn that takes it: the turn makes the parts that have
//! changed, hashes the manifest, and writes what is not on disk yet. The exit status is 1 if such a turn takes 20 ms or more in the
//! median when one key has changed.

use std::num::NonZeroU32;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use quorate_fault::Faulty;
use quorate_host::{Core, Disk, NoDisk};
use quorate_node::storage::{Owner, Storage};
use quorate_protocol::message::Request;
use quorate_protocol::{
    ClusterId, Config, Keys, Quorum, Record, Replica, ReplicaId, Sequence, Time, Timestamp,
};
use quorate_service::exchange::Rules;
use quorate_service::{Operation, Replicated, Service};

const PROCESS: ReplicaId = ReplicaId(0);
const CLUSTER: ClusterId = ClusterId([8; 32]);
/// The state: this many keys, each with so many bytes.
const KEYS: u64 = 25_000;
const VALUE: usize = 4000;
/// How much changes between two checkpoints.
const CHANGES: [u64; 4] = [1, 10, 100, 1000];
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
    let fast = taken < LIMIT;
    println!();
    println!(
        "{}: with one changed key, a turn with a checkpoint takes {:.1} ms (median); the limit is {} ms",
        if fast { "good" } else { "NOT GOOD" },
        milliseconds(taken),
        LIMIT.as_millis(),
    );
    Ok(fast)
}

/// Prints the rows of one kind of disk. Returns how long a turn of the first row with a checkpoint takes.
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
    let mut with_one = None;
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
        with_one.get_or_insert(with);
    }
    Ok(with_one.unwrap_or_default())
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
            checkpoint_interval: config().checkpoint_interval,
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
        let mut service = Replicated::new(Rules {
            quorum: quorum(),
            default_decision: "retreat".to_owned(),
        });
        for key in 0..KEYS {
            let request = Request::new(PROCESS.into(), Timestamp(0), set(key, 0));
            service.execute(Sequence(0), &request);
        }
        let replica = Faulty::new(Replica::new(config()), None);
        let keys = Keys::simulated(PROCESS, 1, CLUSTER);
        Self {
            core: Core::new(keys, replica, service),
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

fn now() -> Instant {
    Instant::now()
}
