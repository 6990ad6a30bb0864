//! What standard error shows of a long command, when it is a terminal.

use indicatif::ProgressBar;
use quorate_cli::progress;

/// A bar of so many steps, each a `unit` ("seeds"). `announced` is told first.
pub(crate) fn bar(steps: u64, unit: &str, announced: &str) -> ProgressBar {
    let bar = progress::bar(steps, unit);
    bar.println(format!(
        "{announced}. Ctrl-C ends it and prints what is known."
    ));
    bar
}
