//! The options of `client trace`.

use std::path::PathBuf;

use clap::Args;
use quorate_trace::Form;

use super::Places;

/// `client trace`.
#[derive(Args)]
pub(crate) struct TraceOptions {
    /// jsonl: one event a line; perfetto: for ui.perfetto.dev; shiviz: a log with vector clocks; mermaid: a sequence diagram
    #[arg(
        long,
        value_name = "FORM",
        default_value_t = Form::Jsonl,
        help_heading = "Output"
    )]
    pub(crate) to: Form,
    /// The file to write, compressed if its name ends in .gz [default: standard output]
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) out: Option<PathBuf>,
    /// Write it as a page into this file: forward and back, and why each slot was decided (docs/page.md)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["to", "out"], help_heading = "Output")]
    pub(crate) html: Option<PathBuf>,
    /// Print the events as they come, until Ctrl-C
    #[arg(long, conflicts_with_all = ["to", "out", "html"], help_heading = "Output")]
    pub(crate) follow: bool,
    #[command(flatten)]
    pub(crate) places: Places,
}

impl TraceOptions {
    /// The command that gives such a trace again.
    pub(crate) fn command(&self) -> String {
        let mut command = "client trace".to_owned();
        if self.follow {
            command += " --follow";
        }
        if self.html.is_some() {
            command += " --html FILE";
        }
        command + &self.places.arguments()
    }
}
