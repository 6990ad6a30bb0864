//! A thousand connections to one process, each calling in a loop, while exchanges go on among all four.
//!
//!     cargo bench -p quorate-client --bench load
//!
//! Each connection counts one key of the store up with `cas`, from the number that it has reached to the next, so that a call
//! that is lost or executed twice makes the next one fail. Every other second another round of the exchange begins. Prints the
//! resident memory of the processes as time goes on, and at the end what came of it all; exit status 1 if anything was
//! wrong: a fault other than that of overload, a count that is not what was acknowledged, a round without one decision.
#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot measure has nothing better to do"
)]

mod common;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use quorate_server::{Cluster, Process};
use quorate_wire::method::{FinalizeDecision, Read, SendMessage, Submit};
use quorate_wire::{CallError, Caller};
use tokio::task::JoinSet;

use common::four_processes;

/// How long one call may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a connection that was told of overload waits before it calls again.
const PAUSE: Duration = Duration::from_millis(20);
/// How often memory is looked at.
const LOOK: Duration = Duration::from_secs(10);
/// The time from one round to the next.
const ROUND: Duration = Duration::from_secs(2);

#[derive(Parser)]
struct Options {
    /// How many connections call
    #[arg(long, default_value_t = 1000)]
    connections: usize,
    /// For how many seconds
    #[arg(long, default_value_t = 120)]
    seconds: u64,
    /// Cargo passes this to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What all connections together have seen.
#[derive(Default)]
struct Counts {
    calls: AtomicU64,
    overloads: AtomicU64,
    wrong: AtomicU64,
}

impl Counts {
    fn is_wrong(&self, what: &str) {
        // The first few say enough.
        if self.wrong.fetch_add(1, Ordering::Relaxed) < 10 {
            eprintln!("wrong: {what}");
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = Options::parse();
    let _ = options.bench;
    rlimit::increase_nofile_limit(options.connections as u64 + 256).unwrap();
    // With everything on one machine the primary is slow, and not to be distrusted for it.
    let config = four_processes(Duration::from_secs(10), PATIENCE);
    let cluster = Cluster::start(config).await.unwrap();
    let counts = Arc::new(Counts::default());
    let ended = tokio::select! {
        () = measure(&options, cluster.processes(), &counts) => true,
        _ = tokio::signal::ctrl_c() => false,
    };
    cluster.shutdown().await;
    if !ended {
        return ExitCode::from(130);
    }
    ExitCode::from(u8::from(counts.wrong.load(Ordering::Relaxed) > 0))
}

async fn measure(options: &Options, processes: &[Process], counts: &Arc<Counts>) {
    let started = Instant::now();
    let end = started + Duration::from_secs(options.seconds);
    let target = processes[0].address;
    let mut connections = JoinSet::new();
    for number in 0..options.connections {
        let (caller, counts) = (Caller::new(target, PATIENCE), Arc::clone(counts));
        connections.spawn(async move { count_up(&caller, number, end, &counts).await });
    }
    let (acknowledged, rounds, ()) = tokio::join!(
        async {
            let mut acknowledged = 0;
            while let Some(count) = connections.join_next().await {
                acknowledged += count.unwrap();
            }
            acknowledged
        },
        exchanges(processes, end, counts),
        watch(processes, started, end, counts),
    );
    println!(
        "{} connections, {:.1} s: {acknowledged} operations acknowledged, {} faults of overload, {rounds} rounds decided, {} wrong",
        options.connections,
        started.elapsed().as_secs_f64(),
        counts.overloads.load(Ordering::Relaxed),
        counts.wrong.load(Ordering::Relaxed),
    );
}

/// Counts one key up until the time has come, and then looks at it: how far it got.
async fn count_up(caller: &Caller, number: usize, end: Instant, counts: &Counts) -> u64 {
    let key = format!("count{number}");
    let mut reached = 0;
    if submit(caller, format!("set {key}=0"), counts)
        .await
        .is_none()
    {
        return 0;
    }
    while Instant::now() < end {
        let operation = format!("cas {key} {reached} {}", reached + 1);
        match submit(caller, operation, counts).await.as_deref() {
            Some("ok") => reached += 1,
            Some(other) => {
                counts.is_wrong(&format!("{key} should be {reached}: {other}"));
                return reached;
            }
            None => return reached,
        }
        counts.calls.fetch_add(1, Ordering::Relaxed);
    }
    match patiently(counts, || caller.call(Read { key: key.clone() })).await {
        Ok(value) if value == reached.to_string() => {}
        Ok(value) => counts.is_wrong(&format!("{key} should be {reached} in the end: {value}")),
        Err(error) => counts.is_wrong(&error.to_string()),
    }
    reached
}

/// Has an operation executed; nothing if it failed.
async fn submit(caller: &Caller, operation: String, counts: &Counts) -> Option<String> {
    let call = || {
        caller.call(Submit {
            operation: operation.clone(),
            request: None,
        })
    };
    match patiently(counts, call).await {
        Ok(submitted) => Some(submitted.result),
        Err(error) => {
            counts.is_wrong(&error.to_string());
            None
        }
    }
}

async fn pause(counts: &Counts) {
    counts.overloads.fetch_add(1, Ordering::Relaxed);
    tokio::time::sleep(PAUSE).await;
}

/// One round of the exchange after the other; how many were decided, each by all processes alike.
async fn exchanges(processes: &[Process], end: Instant, counts: &Counts) -> u64 {
    let callers = processes
        .iter()
        .map(|process| (process.name.clone(), Caller::new(process.address, PATIENCE)));
    let callers: Vec<_> = callers.collect();
    let mut decided = 0;
    for round in 1.. {
        if Instant::now() >= end {
            break;
        }
        let next = tokio::time::Instant::now() + ROUND;
        match exchange(&callers, round, counts).await {
            Ok(()) => decided += 1,
            Err(error) => counts.is_wrong(&format!("round {round}: {error}")),
        }
        tokio::time::sleep_until(next).await;
    }
    decided
}

async fn exchange(
    callers: &[(String, Caller)],
    round: u64,
    counts: &Counts,
) -> Result<(), CallError> {
    let decision = if round.is_multiple_of(2) {
        "retreat"
    } else {
        "attack"
    };
    for (from, caller) in callers {
        for (to, _) in callers.iter().filter(|(to, _)| to != from) {
            patiently(counts, || {
                caller.call(SendMessage {
                    recipient: to.clone(),
                    decision: decision.to_owned(),
                    round: Some(round),
                })
            })
            .await?;
        }
    }
    for (name, caller) in callers {
        let finalize = || caller.call(FinalizeDecision { round: Some(round) });
        let decided = patiently(counts, finalize).await?;
        if decided != decision {
            counts.is_wrong(&format!("{name} decided '{decided}' and not '{decision}'"));
        }
    }
    Ok(())
}

/// A call, again while there is too much to do, as long as one call may take.
async fn patiently<T, F: Future<Output = Result<T, CallError>>>(
    counts: &Counts,
    call: impl Fn() -> F,
) -> Result<T, CallError> {
    let end = Instant::now() + PATIENCE;
    loop {
        match call().await {
            Err(error) if error.is_overload() && Instant::now() < end => pause(counts).await,
            answer => return answer,
        }
    }
}

/// Prints now and then how much has been done, and how much memory each process has.
async fn watch(processes: &[Process], started: Instant, end: Instant, counts: &Counts) {
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(LOOK)).await;
        let memory = processes
            .iter()
            .map(|process| match process.pid().and_then(resident_kib) {
                Some(kib) => format!("{} {:.1} MiB", process.name, kib as f64 / 1024.0),
                None => format!("{} has ended", process.name),
            });
        println!(
            "{:4.0} s: {} calls; {}",
            started.elapsed().as_secs_f64(),
            counts.calls.load(Ordering::Relaxed),
            memory.collect::<Vec<_>>().join(", ")
        );
    }
}

/// The resident memory of a process that runs.
fn resident_kib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}
