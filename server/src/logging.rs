//! Logs on standard error, as text or JSON, alike in the parent and in its children.

use std::env;
use std::io;
use std::process::Command;

use tracing_subscriber::EnvFilter;

/// What `--help` says about the variable.
pub const HELP: &str = "Environment: QUORATE_LOG says from which level on is logged to standard error, such as \
    warn, debug or quorate_node=trace.";

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
    ///
    /// # Errors
    /// `QUORATE_LOG` holds no filter.
    pub fn start(self) -> Result<(), BadFilter> {
        start(self.format, self.level)
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

/// What the variable `QUORATE_LOG` holds is no filter.
#[derive(Debug, thiserror::Error)]
#[error(
    "{FILTER_VARIABLE}='{text}' is no log filter ({cause}): write a level such as info, or a part of the program and its level such as quorate_node=debug"
)]
pub struct BadFilter {
    text: String,
    cause: String,
}

/// Starts logging in a child, as its parent said.
pub(crate) fn start_as_told() -> Result<(), BadFilter> {
    let json = env::var(FORMAT_VARIABLE).is_ok_and(|format| format == "json");
    start(
        if json {
            LogFormat::Json
        } else {
            LogFormat::Text
        },
        "warn",
    )
}

fn start(format: LogFormat, level: &str) -> Result<(), BadFilter> {
    let text = env::var_os(FILTER_VARIABLE).map_or_else(
        || level.to_owned(),
        |text| text.to_string_lossy().into_owned(),
    );
    let filter = EnvFilter::try_new(&text).map_err(|error| BadFilter {
        text,
        cause: error.to_string(),
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(false);
    // The only error is that logging has been started already.
    let _ = match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    Ok(())
}
