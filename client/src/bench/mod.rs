//! `client bench`: whole exchanges, or operations on the store, closed-loop, from one client or several.

mod figures;
mod operations;
mod round;
mod traffic;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use futures_util::future::try_join_all;

use crate::bench::figures::{Figures, What};
use crate::bench::operations::Load;
use crate::bench::traffic::Sent;
use crate::exit::Exit;
use crate::options::BenchOptions;
use crate::render::write_out;
use crate::target::{Process, Target};

/// Runs the rounds and prints the figures.
pub(crate) async fn command(target: &Target, options: &BenchOptions) -> anyhow::Result<Exit> {
    ensure!(
        target.processes.iter().any(Process::is_correct),
        "no process is correct, so none decides: start `server` with fewer --faulty"
    );
    if let Some(operations) = options.operations {
        return measure_store(target, options, operations).await;
    }
    let next_round = AtomicU64::new(first_round(target));
    let warm_up = run_rounds(target, options.clients, options.warmup, &next_round).await;
    if let Err(error) = warm_up {
        return Err(error.into_error());
    }
    let before = Sent::by_all(target).await?;
    let started = Instant::now();
    let latencies = match run_rounds(target, options.clients, options.rounds, &next_round).await {
        Ok(latencies) => latencies,
        Err(error) => return Err(error.into_error()),
    };
    let elapsed = started.elapsed();
    let sent = Sent::by_all(target).await?.since(before);
    report(What::Rounds, options, &latencies, elapsed, sent)
}

/// Runs the operations and prints the figures.
async fn measure_store(
    target: &Target,
    options: &BenchOptions,
    operations: u64,
) -> anyhow::Result<Exit> {
    let load = Load::new(target, options.payload, options.reads);
    let clients = || 0..options.clients;
    if let Err(error) = try_join_all(clients().map(|client| load.first_write(client))).await {
        return Err(error.into_error());
    }
    let before = Sent::by_all(target).await?;
    let started = Instant::now();
    let ran = try_join_all(clients().map(|client| load.run(client, operations))).await;
    let latencies: Vec<Duration> = match ran {
        Ok(latencies) => latencies.into_iter().flatten().collect(),
        Err(error) => return Err(error.into_error()),
    };
    let elapsed = started.elapsed();
    let sent = Sent::by_all(target).await?.since(before);
    report(What::Operations, options, &latencies, elapsed, sent)
}

fn report(
    what: What,
    options: &BenchOptions,
    latencies: &[Duration],
    elapsed: Duration,
    sent: Sent,
) -> anyhow::Result<Exit> {
    let figures = Figures::of(what, options.clients, latencies, elapsed, sent)?;
    write_out(&figures.render(options.format)?)?;
    Ok(Exit::Agree)
}

/// The first round that nobody has closed. Votes of an exchange that was broken off may be there; sending again replaces
/// them.
fn first_round(target: &Target) -> u64 {
    let rounds = target
        .processes
        .iter()
        .filter_map(|process| process.status.as_ref().ok());
    rounds.map(|status| status.round.round).max().unwrap_or(0) + 1
}

/// Each of `clients` clients runs `rounds` rounds, one after the other; gives every round's latency.
async fn run_rounds(
    target: &Target,
    clients: u64,
    rounds: u64,
    next_round: &AtomicU64,
) -> Result<Vec<Duration>, round::Failed> {
    let latencies =
        try_join_all((0..clients).map(|_| run_client(target, rounds, next_round))).await?;
    Ok(latencies.into_iter().flatten().collect())
}

async fn run_client(
    target: &Target,
    rounds: u64,
    next_round: &AtomicU64,
) -> Result<Vec<Duration>, round::Failed> {
    let mut latencies = Vec::new();
    for _ in 0..rounds {
        let started = Instant::now();
        round::run(target, next_round.fetch_add(1, Ordering::Relaxed)).await?;
        latencies.push(started.elapsed());
    }
    Ok(latencies)
}
