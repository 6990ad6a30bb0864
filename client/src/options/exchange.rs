//! The options of the exchange: `client` without a command.

use std::path::PathBuf;

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
    /// Tell the round as a story: view changes, who voted, which quorum decided
    #[arg(long, help_heading = "Output")]
    pub(crate) explain: bool,
    /// Draw the exchange as a picture into this SVG file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) diagram: Option<PathBuf>,
}

/// The options of the exchange, parsed.
pub(crate) struct CheckedExchange {
    pub(crate) format: Option<ExchangeFormat>,
    pub(crate) decisions: Decisions,
    /// Whether the round is told as a story.
    pub(crate) explain: bool,
    /// The file that the picture is written to.
    pub(crate) diagram: Option<PathBuf>,
}

impl ExchangeOptions {
    pub(crate) fn checked(&self) -> anyhow::Result<CheckedExchange> {
        Ok(CheckedExchange {
            format: self.format,
            decisions: Decisions::parse(&self.decision.join(","))?,
            explain: self.explain,
            diagram: self.diagram.clone(),
        })
    }
}
