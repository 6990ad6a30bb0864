//! `client bench`: whole exchanges, or operations on the store, measured from one client or several.
//!
//! * [`plan`]: what is done. [`runs`]: the runs, one after the other. [`clock`]: when calls begin, in a closed loop or an open one.
//! * [`work`]: one step. [`round`], [`operations`]: of the exchange, of the store. [`empty`]: the endpoint's empty method.
//! * [`measured`]: a measurement for another program, which prints nothing.
//! * [`latencies`], [`traffic`], [`machine`]: what is measured, and on what. [`figures`]: what that comes to. [`report`]: what is
//!   printed.

mod clock;
mod empty;
mod figures;
mod latencies;
mod machine;
mod measured;
mod operations;
mod plan;
mod report;
mod round;
mod runs;
mod traffic;
mod work;

pub use measured::{Measured, Unmeasured, bench_command, measure};

use anyhow::ensure;
use quorate_server::signals::StopSignals;

use crate::ask::NO_CORRECT_ANSWER;
use crate::bench::machine::Machine;
use crate::bench::plan::Plan;
use crate::bench::report::Report;
use crate::bench::runs::Runs;
use crate::bench::work::Work;
use crate::exit::{Exit, Failure};
use crate::options::BenchOptions;
use crate::render::write_out;
use crate::target::{Process, Target};

/// Takes the runs and prints the figures. After Ctrl-C, prints the figures of what was measured so far.
pub(crate) async fn command(target: &Target, options: &BenchOptions) -> anyhow::Result<Exit> {
    check(target, options)?;
    let plan = Plan::of(options);
    let mut signals = StopSignals::listen()?;
    let runs = Runs::new(target, &plan, Work::new(target, options));
    let exit = tokio::select! {
        biased;
        taken = runs.take() => taken.map(|()| Exit::Agree)?,
        status = signals.received() => Exit::Stopped(status),
    };
    let report = Report {
        plan: &plan,
        runs: runs.into_runs()?,
        machine: Machine::this(),
        complete: exit == Exit::Agree,
    };
    if let (Exit::Stopped(status), true) = (exit, report.runs.is_empty()) {
        return Err(Failure::stopped(status, "before anything was measured").into());
    }
    write_out(&report.render(options.format)?)?;
    Ok(exit)
}

/// Whether there is anybody to measure.
fn check(target: &Target, options: &BenchOptions) -> anyhow::Result<()> {
    ensure!(
        target.processes.iter().any(Process::is_correct),
        "no process is correct, so none decides: start `server` with fewer --faulty"
    );
    ensure!(
        !options.compare && options.operations.is_none() || target.correct().next().is_some(),
        NO_CORRECT_ANSWER
    );
    Ok(())
}
