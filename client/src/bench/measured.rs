//! A measurement for another program: what `client bench --spawn --runs 1` does, without printing.

use anyhow::{Context as _, bail};
use hdrhistogram::Histogram;

use super::check;
use crate::audit;
use crate::bench::figures::FIGURES;
use crate::bench::plan::Plan;
use crate::bench::runs::Runs;
use crate::bench::work::Work;
use crate::exit::{Exit, Failure};
use crate::options::{BenchOptions, Command, Options, ProcessCommand, Spawned};
use crate::target::Target;

/// The command to which [`measure`] adds its options.
const COMMAND: [&str; 5] = ["client", "bench", "--spawn", "--runs", "1"];

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The figures of `client bench --format json`, by their names there, which tell the unit. Those that were not measured are left out.
    pub figures: Vec<(&'static str, f64)>,
    /// The latency of each call, in nanoseconds, exact to three digits.
    pub latencies: Histogram<u64>,
}

/// Why a run came to nothing.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{command}`: {message}")]
pub struct Unmeasured {
    /// The command that does the same.
    pub command: String,
    /// What happened.
    pub message: String,
    /// The exit status of that command: 1 if agreement or validity is broken or an acknowledged write is lost, 2 for usage and I/O, 3 if a
    /// process did not answer in time.
    pub exit_status: u8,
}

/// Starts processes, measures one run with the options of `client bench`, and stops the processes. What was acknowledged must be there
/// afterwards, and no two correct processes may have executed different batches. The future may be dropped: the processes are killed then.
///
/// # Errors
/// The run came to nothing.
pub async fn measure(options: &[String]) -> Result<Measured, Unmeasured> {
    let measured = of_command(words(options)).await;
    measured.map_err(|error| Unmeasured {
        command: bench_command(options),
        message: format!("{error:#}"),
        exit_status: Exit::of(&error).status(),
    })
}

/// The command that does what [`measure`] does with these options.
#[must_use]
pub fn bench_command(options: &[String]) -> String {
    words(options).join(" ")
}

fn words(options: &[String]) -> Vec<&str> {
    let options = options.iter().map(String::as_str);
    COMMAND.into_iter().chain(options).collect()
}

async fn of_command(words: Vec<&str>) -> anyhow::Result<Measured> {
    let read = Options::read(words)?;
    let Some(Command::Processes(ProcessCommand::Bench(options))) = read.command else {
        bail!("it is another command than `client bench`");
    };
    let places = &options.target.places;
    let quiet = options.spawned().map(|spawned| Spawned {
        warns: false,
        ..spawned
    });
    let target = Target::find(places, quiet, options.purpose()).await?;
    let measured = at(&target, &options).await;
    target.release().await;
    measured
}

async fn at(target: &Target, options: &BenchOptions) -> anyhow::Result<Measured> {
    check(target, options)?;
    let plan = Plan::of(options);
    let runs = Runs::new(target, &plan, Work::new(target, options)).quiet();
    runs.take().await?;
    if let Some(split) = audit::disagreement(target).await? {
        return Err(Failure::new(Exit::Broken, split.fact()).into());
    }
    let runs = runs.into_runs()?;
    let run = runs.into_iter().next().context("nothing was measured")?;
    let figures = FIGURES.iter();
    let figures = figures.filter_map(|figure| Some((figure.name, (figure.of)(&run)?)));
    Ok(Measured {
        figures: figures.collect(),
        latencies: run.latencies.into_histogram(),
    })
}
