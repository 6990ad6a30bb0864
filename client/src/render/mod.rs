//! What goes to standard output.

pub(crate) mod columns;
mod exchange;
pub(crate) mod failure;
pub(crate) mod json;
mod paint;
pub(crate) mod picture;
pub(crate) mod progress;
pub(crate) mod proofs;
pub(crate) mod said;
pub(crate) mod screen;
mod story;
pub(crate) mod table;

use anyhow::Context;
use quorate_cli::console::print as print_all;

use crate::options::{CheckedExchange, ExchangeFormat};
use crate::transcript::Transcript;

/// Prints an exchange in the chosen format. Its lines were printed before.
pub(crate) fn print(transcript: &Transcript, options: &CheckedExchange) -> anyhow::Result<()> {
    let explain = options.explain;
    let text = match options.format {
        Some(ExchangeFormat::Json) => exchange::render(transcript, explain)?,
        Some(ExchangeFormat::Lines) => String::new(),
        Some(ExchangeFormat::Table) => table::render(transcript),
        None => format!("\n{}", table::render(transcript)),
    };
    write_out(&text)?;
    if explain && options.format != Some(ExchangeFormat::Json) {
        let story = story::story(transcript);
        write_out(&format!("\n{}\n", columns::paragraphs(&story)))?;
    }
    Ok(())
}

/// Writes text to standard output.
pub(crate) fn write_out(text: &str) -> anyhow::Result<()> {
    print_all(text).context("standard output")
}
