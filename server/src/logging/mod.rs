//! Logs on standard error, as text or JSON, alike in the parent and in its children. Every line says whose it is: the
//! processes share one standard error.

mod filter;
mod named;

use std::env;
use std::io;
use std::process::Command;

use quorate_cli::console::complain;
use serde_json::json;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use named::Named;

/// What `--help` says about the variable.
pub const HELP: &str = "Environment: QUORATE_LOG chooses what is logged to standard error. It is a level (off, error, warn, info, debug or \
    trace), or levels for parts of the program, such as warn,quorate_node=trace. Libraries log only if named, such as \
    hyper_util=debug.";

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
    /// Starts logging in this process, whose lines have this name. A second start is without effect.
    ///
    /// # Errors
    /// `QUORATE_LOG` holds no filter.
    pub fn start(self, name: &str) -> Result<(), BadFilter> {
        start(self.format, self.level, name)
    }

    /// Tells the user something, in the format of the log but whatever `QUORATE_LOG` says.
    pub fn tell(self, name: &str, concern: Concern, text: &str) {
        match self.format {
            LogFormat::Text => complain(format_args!("{}: {text}", concern.word())),
            LogFormat::Json => complain(json!({
                "process": name,
                "timestamp": now(),
                "level": concern.level(),
                "fields": { "message": text },
                "target": name,
            })),
        }
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
        if chosen().is_none() {
            command.env(FILTER_VARIABLE, self.level);
        }
    }
}

/// What the user is told of beside the log.
#[derive(Clone, Copy, Debug)]
pub enum Concern {
    /// The program goes on.
    Warning,
    /// It ends.
    Error,
}

impl Concern {
    const fn word(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    const fn level(self) -> &'static str {
        match self {
            Self::Warning => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// The time, as log lines have it.
fn now() -> String {
    let mut text = String::new();
    // Writing to a string never fails.
    let _ = SystemTime.format_time(&mut Writer::new(&mut text));
    text
}

/// What the variable `QUORATE_LOG` holds is no filter.
#[derive(Debug, thiserror::Error)]
#[error("{FILTER_VARIABLE}='{text}' is no log filter: {cause}")]
pub struct BadFilter {
    text: String,
    cause: filter::Cause,
}

/// Starts logging in a child of this name, as its parent said.
pub(crate) fn start_as_told(name: &str) -> Result<(), BadFilter> {
    let json = env::var(FORMAT_VARIABLE).is_ok_and(|format| format == "json");
    start(
        if json {
            LogFormat::Json
        } else {
            LogFormat::Text
        },
        "warn",
        name,
    )
}

/// What the variable holds; an empty one counts as none.
fn chosen() -> Option<String> {
    env::var_os(FILTER_VARIABLE)
        .filter(|text| !text.is_empty())
        .map(|text| text.to_string_lossy().into_owned())
}

fn start(format: LogFormat, level: &str, name: &str) -> Result<(), BadFilter> {
    let text = chosen().unwrap_or_else(|| level.to_owned());
    let usual = filter::level_of(level).unwrap_or(tracing_subscriber::filter::LevelFilter::WARN);
    let filter = filter::parse(&text, usual).map_err(|cause| BadFilter { text, cause })?;
    // A line that cannot be written is lost. The layer's own way is to complain with `eprintln!`, which panics then.
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false)
        .log_internal_errors(false);
    let name = name.to_owned();
    let layer = match format {
        LogFormat::Text => layer
            .map_event_format(|format| Named { name, format })
            .boxed(),
        LogFormat::Json => layer
            .json()
            .map_event_format(|format| Named { name, format })
            .boxed(),
    };
    let subscriber = tracing_subscriber::registry().with(layer.with_filter(filter));
    // The only error is that logging has been started already.
    let _ = subscriber.try_init();
    Ok(())
}
