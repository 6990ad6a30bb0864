//! What goes to standard output. Without colours, so `NO_COLOR` has nothing to switch off.

mod columns;
pub(crate) mod failure;
pub(crate) mod json;
mod lines;
pub(crate) mod progress;
pub(crate) mod said;
pub(crate) mod table;

use anyhow::Context;
use quorate_cli::console::print as print_all;

use crate::agreement::Agreement;
use crate::exchange::Transcript;
use crate::options::ExchangeFormat;

/// Prints an exchange in the format asked for; without one, the lines and then the table.
pub(crate) fn print(
    transcript: &Transcript,
    agreement: &Agreement,
    format: Option<ExchangeFormat>,
) -> anyhow::Result<()> {
    write_out(&match format {
        Some(ExchangeFormat::Lines) => lines::render(transcript),
        Some(ExchangeFormat::Table) => table::render(transcript, agreement),
        Some(ExchangeFormat::Json) => json::render(transcript, agreement)?,
        None => format!(
            "{}\n{}",
            lines::render(transcript),
            table::render(transcript, agreement)
        ),
    })
}

/// Writes text to standard output.
pub(crate) fn write_out(text: &str) -> anyhow::Result<()> {
    print_all(text).context("standard output")
}
