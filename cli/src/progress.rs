//! How far a command is, on standard error. Nothing is shown if standard error is not a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How often what is shown is drawn again.
pub const TICK: Duration = Duration::from_millis(200);

/// A bar that fills as so many steps are taken, each a `unit` ("rounds"), with the time that is left. A message stands at
/// its end, so it begins with a comma.
#[must_use]
pub fn bar(steps: u64, unit: &str) -> ProgressBar {
    let bar = ProgressBar::new(steps);
    let template =
        format!("{{elapsed_precise}} {{bar:30}} {{pos}}/{{len}} {unit}, {{eta}} left{{wide_msg}}");
    // A template that cannot be read would leave indicatif's own, which shows the steps too.
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(TICK);
    bar
}
