//! The endpoint's empty method: what a call costs of which nothing is asked. Figures are given as ratios to it.

use std::cell::RefCell;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::time::Instant;

use crate::bench::latencies::Latencies;
use crate::exit::no_answer;
use crate::target::Process;

/// How long each of the two measurements takes.
const TURN: Duration = Duration::from_millis(500);
/// How many connections the second one has.
const MANY: usize = 32;

/// The figures of the empty method, at one process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Empty {
    /// E1: the median latency with one connection.
    pub(crate) median: Duration,
    /// E32: calls per second with 32 connections.
    pub(crate) per_second: f64,
}

impl Empty {
    /// Measures one process.
    pub(crate) async fn measure(process: &Process) -> anyhow::Result<Self> {
        let one = turn(process, 1).await?;
        let started = Instant::now();
        let many = turn(process, MANY).await?;
        Ok(Self {
            median: one.quantile(0.5),
            per_second: many.count() as f64 / started.elapsed().as_secs_f64(),
        })
    }
}

async fn turn(process: &Process, connections: usize) -> anyhow::Result<Latencies> {
    let latencies = RefCell::new(Latencies::new()?);
    let end = Instant::now() + TURN;
    let caller = async |()| {
        while Instant::now() < end {
            let started = Instant::now();
            let answer = process.call_nothing().await;
            answer.map_err(|error| no_answer(&process.name, error))?;
            latencies.borrow_mut().record(started.elapsed());
        }
        anyhow::Ok(())
    };
    try_join_all((0..connections).map(|_| caller(()))).await?;
    Ok(latencies.into_inner())
}
