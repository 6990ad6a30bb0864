//! What the command waits for, on standard error. Nothing is shown if standard error is not a terminal.

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use quorate_cli::progress::TICK;

/// A line that says what the command waits for, and since how many seconds. Dropping it removes the line.
pub(crate) struct Waiting(ProgressBar);

impl Waiting {
    /// Starts to count the time. Shows nothing yet.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})");
        let style = style.context("the progress line's template")?;
        Ok(Self(ProgressBar::new_spinner().with_style(style)))
    }

    /// Shows this text.
    pub(crate) fn say(&self, text: String) {
        self.0.set_message(text);
        self.0.enable_steady_tick(TICK);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
