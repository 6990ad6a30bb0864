//! The exchange itself: `client` without a command.

use clap::Args;

use super::{ExchangeFormat, TargetOptions};
use crate::decisions::Decisions;

/// The options of the exchange.
#[derive(Args)]
pub(crate) struct ExchangeOptions {
    #[command(flatten)]
    pub(crate) target: TargetOptions,
    /// What the processes send: one decision for all, or NAME=DECISION,... (the others send `attack`)
    #[arg(
        long,
        value_name = "DECISION",
        default_value = "attack",
        help_heading = "Exchange"
    )]
    pub(crate) decision: Vec<String>,
    /// What to print; without it: the lines, then the table
    #[arg(long, value_enum, help_heading = "Output")]
    pub(crate) format: Option<ExchangeFormat>,
}

/// The exchange, understood.
pub(crate) struct CheckedExchange {
    pub(crate) format: Option<ExchangeFormat>,
    pub(crate) decisions: Decisions,
}

impl ExchangeOptions {
    pub(crate) fn checked(&self) -> anyhow::Result<CheckedExchange> {
        Ok(CheckedExchange {
            format: self.format,
            decisions: Decisions::parse(&self.decision.join(","))?,
        })
    }
}
