//! `client bench`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use quorate_wire::method::SubmitAll;

use super::TargetOptions;
use super::purpose::Purpose;
use super::target::Spawned;

/// The options of `client bench`.
#[derive(Args)]
pub(crate) struct BenchOptions {
    /// How many clients call at the same time [default: 1, with --rate 256]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u64).range(1..=1024))]
    clients: Option<u64>,
    /// How many rounds each client runs in a run, one after the other; with --rate, all clients together
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=MOST))]
    pub(crate) rounds: u64,
    /// Measure the store instead: how many operations each client submits; with --rate, all clients together
    #[arg(
        long,
        value_name = "N",
        conflicts_with = "rounds",
        value_parser = clap::value_parser!(u64).range(1..=MOST)
    )]
    pub(crate) operations: Option<u64>,
    /// How many rounds or calls of each client come first and are not measured
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(..=MOST))]
    pub(crate) warmup: u64,
    /// How often the whole is measured: the median of the runs counts
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub(crate) runs: u64,
    /// Open loop: how many rounds or operations are due each second, whether the ones before have ended or not
    ///
    /// Latency counts from the time at which a call was due. Without it the loop is closed: a client calls again when it has
    /// its answer, and latency counts from the call.
    #[arg(long, value_name = "R", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub(crate) rate: Option<u64>,
    /// With --operations: how many of them each call submits
    #[arg(
        long,
        value_name = "K",
        default_value_t = 1,
        conflicts_with = "reads",
        value_parser = clap::value_parser!(u64).range(1..=SubmitAll::MOST as u64)
    )]
    pub(crate) per_call: u64,
    /// With --operations: how many bytes of value each write has
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = 64,
        value_parser = clap::value_parser!(u64).range(1..=4096)
    )]
    pub(crate) payload: u64,
    /// With --operations: how many of a hundred operations read, by the read-only path
    #[arg(
        long,
        value_name = "PERCENT",
        default_value_t = 0,
        value_parser = clap::value_parser!(u64).range(0..=100)
    )]
    pub(crate) reads: u64,
    /// Measure the endpoint's empty method before each run too, and give the figures as ratios to it
    ///
    /// E1 is its median latency with one connection, E32 its calls per second with 32. They say what the machine can do at this
    /// moment.
    #[arg(long)]
    pub(crate) compare: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: BenchFormat,
    /// Keep the keys and the state of the processes in this folder
    #[arg(long, value_name = "DIR", help_heading = "With --spawn")]
    data_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) target: TargetOptions,
}

/// The most rounds, operations or warm-up calls of one client. So those of all clients can be counted.
const MOST: u64 = 1_000_000_000;
/// How many calls may be under way in an open loop, if nothing is said.
const USUAL_IN_OPEN_LOOP: u64 = 256;

impl BenchOptions {
    /// How to start the processes, if `--spawn` was given.
    pub(crate) fn spawned(&self) -> Option<Spawned<'_>> {
        let data_dir = self.data_dir.as_deref();
        self.target.spawned().map(|spawned| Spawned {
            data_dir,
            ..spawned
        })
    }

    /// What the measurement does with the processes.
    pub(crate) const fn purpose(&self) -> Purpose {
        match self.operations {
            Some(_) => Purpose::Load,
            None => Purpose::Exchange,
        }
    }

    /// Whether the operations can be divided into whole calls.
    ///
    /// # Errors
    /// They cannot. The message says which number can.
    pub(super) fn check(&self) -> Result<(), String> {
        let (operations, per_call) = (self.steps(), self.per_call);
        match operations % per_call {
            0 => Ok(()),
            rest => Err(format!(
                "'--operations {operations}' is not a multiple of '--per-call {per_call}': use '--operations {}'",
                operations - rest + per_call
            )),
        }
    }

    /// How many rounds or operations each client has in a run, or all clients together in an open loop.
    pub(crate) const fn steps(&self) -> u64 {
        match self.operations {
            Some(operations) => operations,
            None => self.rounds,
        }
    }

    /// How many clients call at the same time.
    pub(crate) fn clients(&self) -> u64 {
        let usual = if self.rate.is_some() {
            USUAL_IN_OPEN_LOOP
        } else {
            1
        };
        self.clients.unwrap_or(usual)
    }
}

/// What `client bench` prints.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum BenchFormat {
    /// For people
    #[default]
    Table,
    /// One JSON object
    Json,
    /// A line with the names, then a line for each run
    Csv,
}
