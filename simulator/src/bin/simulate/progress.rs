//! What standard error shows of a long command, when it is a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar of so many steps, each a `unit` ("seeds"). `announced` is told first.
pub(crate) fn bar(steps: u64, unit: &str, announced: &str) -> ProgressBar {
    let bar = ProgressBar::new(steps);
    let template =
        format!("{{elapsed_precise}} {{wide_bar}} {{pos}}/{{len}} {unit}, {{eta}} left{{msg}}");
    // A template that cannot be read would leave indicatif's own, which shows the steps too.
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar.println(format!(
        "{announced}. Ctrl-C ends it and prints what is known."
    ));
    bar
}
