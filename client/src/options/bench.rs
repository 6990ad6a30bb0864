//! `client bench`.

use clap::Args;

use super::{ReportFormat, TargetOptions};

/// The options of `client bench`.
#[derive(Args)]
pub(crate) struct BenchOptions {
    /// How many clients run at the same time
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1024))]
    pub(crate) clients: u64,
    /// How many rounds each client runs
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rounds: u64,
    /// How many rounds each client runs first, without measuring
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) warmup: u64,
    /// Measure the store instead: how many operations each client submits, one after the other
    #[arg(
        long,
        value_name = "N",
        conflicts_with_all = ["rounds", "warmup"],
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pub(crate) operations: Option<u64>,
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
    /// What to print
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: ReportFormat,
    #[command(flatten)]
    pub(crate) target: TargetOptions,
}
