//! The key-value store: `client submit` and `client read`.

use clap::Args;

use super::{AnswerFormat, TargetOptions};

/// `client submit`.
#[derive(Args)]
pub(crate) struct SubmitOptions {
    /// 'set KEY=VALUE', 'get KEY', 'delete KEY' or 'cas KEY OLD NEW'; several words are joined by spaces
    #[arg(required = true, value_name = "OPERATION")]
    pub(crate) operation: Vec<String>,
    /// Whose request it is
    ///
    /// One client's request with one timestamp is executed once, however often it is submitted.
    #[arg(long, value_name = "NAME")]
    pub(crate) client: Option<String>,
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
    pub(crate) key: String,
    /// What to print
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: AnswerFormat,
    #[command(flatten)]
    pub(crate) target: TargetOptions,
}
