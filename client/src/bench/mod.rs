//! `client bench`: whole exchanges, or operations on the store, closed-loop, from one client or several.
//!
//! * [`run`]: what the clients do, and how long it takes. [`round`], [`operations`]: one round, one operation.
//! * [`traffic`]: how much the processes sent. [`figures`]: what is printed.

mod figures;
mod operations;
mod round;
mod run;
mod traffic;

use std::time::Duration;

use anyhow::ensure;
use quorate_server::signals::StopSignals;

use crate::ask::NO_CORRECT_ANSWER;
use crate::bench::figures::Figures;
use crate::bench::run::Run;
use crate::bench::traffic::{Counters, Sent};
use crate::exit::{Exit, Failure};
use crate::options::BenchOptions;
use crate::render::write_out;
use crate::target::{Process, Target};

/// Runs the clients and prints the figures. After Ctrl-C, prints the figures of the steps measured so far.
pub(crate) async fn command(target: &Target, options: &BenchOptions) -> anyhow::Result<Exit> {
    ensure!(
        target.processes.iter().any(Process::is_correct),
        "no process is correct, so none decides: start `server` with fewer --faulty"
    );
    ensure!(
        options.operations.is_none() || target.correct().next().is_some(),
        NO_CORRECT_ANSWER
    );
    let mut signals = StopSignals::listen()?;
    let run = Run::new(target, options);
    let (figures, exit) = tokio::select! {
        biased;
        measured = measure(target, &run) => {
            let (elapsed, sent) = measured?;
            (Figures::of(&run, elapsed, Some(sent))?, Exit::Agree)
        }
        status = signals.received() => (stopped(&run, status)?, Exit::Stopped(status)),
    };
    write_out(&figures.render(options.format)?)?;
    Ok(exit)
}

/// How long the measurement took, and how much the processes sent during it.
async fn measure(target: &Target, run: &Run<'_>) -> anyhow::Result<(Duration, Sent)> {
    run.warm_up().await?;
    let before = Counters::of_all(target).await?;
    let elapsed = run.measure().await?;
    let after = Counters::of_all(target).await?;
    Ok((elapsed, after.since(&before)))
}

/// The figures of a measurement that was stopped. The processes are not asked for their counters: that could take long.
fn stopped(run: &Run<'_>, status: u8) -> anyhow::Result<Figures> {
    match run.elapsed() {
        Some(elapsed) if run.has_measured() => Figures::of(run, elapsed, None),
        _ => Err(Failure::stopped(status, "before anything was measured").into()),
    }
}
