//! `client requests`.

use std::path::PathBuf;

use clap::Args;

use super::ReportFormat;

/// The options of `client requests`.
#[derive(Args)]
pub(crate) struct RequestsOptions {
    /// The file that lists the nodes and the clients
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Which of the clients in the file this one is, from 0
    #[arg(long, value_name = "N")]
    pub(crate) id: u64,
    /// How many requests it sends
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) messages: u64,
    /// What it asks for; {} stands for the request's number
    #[arg(long, value_name = "TEXT", default_value = "message {}")]
    pub(crate) data: String,
    /// What to print
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: ReportFormat,
}
