//! Logs on standard error, as text or JSON, alike in the parent and in its children.

use std::env;
use std::io;
use std::process::Command;

use tracing_subscriber::EnvFilter;

const FORMAT_VARIABLE: &str = "QUORATE_LOG_FORMAT";
const FILTER_VARIABLE: &str = "QUORATE_LOG";

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// One line for people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// How, and from which level on, a process and its children log. The variable `QUORATE_LOG` overrules the level.
#[derive(Clone, Copy, Debug)]
pub struct Logging {
    /// How log lines look.
    pub format: LogFormat,
    /// The least important level that is shown, such as `warn`.
    pub level: &'static str,
}

impl Logging {
    /// Starts logging in this process. A second start is without effect.
    pub fn start(self) {
        start(self.format, self.level);
    }

    /// Makes a child log alike.
    pub(crate) fn hand_to(self, command: &mut Command) {
        command.env(
            FORMAT_VARIABLE,
            if self.format == LogFormat::Json {
                "json"
            } else {
                "text"
            },
        );
        if env::var_os(FILTER_VARIABLE).is_none() {
            command.env(FILTER_VARIABLE, self.level);
        }
    }
}

/// Starts logging in a child, as its parent said.
pub(crate) fn start_as_told() {
    let json = env::var(FORMAT_VARIABLE).is_ok_and(|format| format == "json");
    start(
        if json {
            LogFormat::Json
        } else {
            LogFormat::Text
        },
        "warn",
    );
}

fn start(format: LogFormat, level: &str) {
    let filter = EnvFilter::try_from_env(FILTER_VARIABLE).unwrap_or_else(|_| EnvFilter::new(level));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(false);
    // The only error is that logging has been started already.
    let _ = match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
}
