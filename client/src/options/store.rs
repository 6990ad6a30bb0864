//! The key-value store: `client submit` and `client read`.

use std::path::PathBuf;

use clap::Args;

use super::{AnswerFormat, TargetOptions};

/// `client submit`.
#[derive(Args)]
pub(crate) struct SubmitOptions {
    /// 'set KEY=VALUE', 'get KEY', 'delete KEY' or 'cas KEY OLD NEW'; several words are joined by spaces
    #[arg(required = true, value_name = "OPERATION")]
    pub(crate) operation: Vec<String>,
    /// Whose request it is, at the process that is asked
    ///
    /// One client's request with one timestamp is executed once, however often it is submitted to that process.
    #[arg(long, value_name = "NAME", conflicts_with = "key")]
    pub(crate) client: Option<String>,
    /// Sign the request with this client's key: it is the same request at every process
    ///
    /// The file holds 64 hexadecimal digits. (umask 077; openssl rand -hex 32 > FILE) makes one.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// The client's counter, greater than at its last request
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) timestamp: Option<u64>,
    /// What to print
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: AnswerFormat,
    #[command(flatten)]
    pub(crate) target: TargetOptions,
}

/// `client read`.
#[derive(Args)]
pub(crate) struct ReadOptions {
    /// The key
    #[arg(value_name = "KEY")]
    pub(crate) wanted: String,
    /// What to print
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: AnswerFormat,
    #[command(flatten)]
    pub(crate) target: TargetOptions,
}
