//! The options of the exchange: `client` without a command.

use std::path::PathBuf;

use clap::Args;

use super::{ExchangeFormat, Spawned, TargetOptions};
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
    /// Show it live as a page, with switches, until Ctrl-C; on any free port, or PORT
    ///
    /// The address is printed on standard error, and the exchange begins when somebody opens it. docs/page.md says more.
    #[arg(
        long,
        value_name = "PORT",
        num_args = 0..=1,
        default_missing_value = "0",
        help_heading = "Output"
    )]
    pub(crate) page: Option<u16>,
    /// Draw the exchange as a picture into this SVG file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) diagram: Option<PathBuf>,
    /// Write the exchange as a page into this file, forward and back
    ///
    /// The processes must keep a trace: those of --spawn do then, `server` needs --trace. The page has all that they have kept.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) html: Option<PathBuf>,
}

/// The options of the exchange, parsed.
pub(crate) struct CheckedExchange {
    pub(crate) format: Option<ExchangeFormat>,
    pub(crate) decisions: Decisions,
    /// Whether the round is told as a story.
    pub(crate) explain: bool,
    /// The file that the picture is written to.
    pub(crate) diagram: Option<PathBuf>,
    /// The file that the page is written to.
    pub(crate) html: Option<PathBuf>,
}

impl ExchangeOptions {
    /// How to start the processes, if `--spawn` was given. A page, served or written, shows their trace.
    pub(crate) fn spawned(&self) -> Option<Spawned<'_>> {
        self.target.spawned().map(|spawned| Spawned {
            traced: spawned.traced || self.page.is_some() || self.html.is_some(),
            ..spawned
        })
    }

    pub(crate) fn checked(&self) -> anyhow::Result<CheckedExchange> {
        Ok(CheckedExchange {
            format: self.format,
            decisions: Decisions::parse(&self.decision.join(","))?,
            explain: self.explain,
            diagram: self.diagram.clone(),
            html: self.html.clone(),
        })
    }
}
