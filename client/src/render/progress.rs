//! Progress on standard error: what the command waits for. Nothing is shown if standard error is not a terminal.

use std::time::Duration;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};

/// How often the line is drawn again.
const TICK: Duration = Duration::from_millis(200);

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

/// A bar that fills as `length` steps are taken, with the time that is left.
pub(crate) fn bar(length: u64, steps: &'static str) -> anyhow::Result<ProgressBar> {
    let style = ProgressStyle::with_template("{msg} {bar:30} {pos} of {len}, {eta} left");
    let style = style.context("the progress bar's template")?;
    let bar = ProgressBar::new(length).with_style(style);
    bar.set_message(steps);
    bar.enable_steady_tick(TICK);
    Ok(bar)
}
