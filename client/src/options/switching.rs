//! Faults while the processes run: `client fault`, `client link` and `client heal`; `client kill`, `client restart`, `client pause`,
//! `client resume` and `client stop`. They refuse `--spawn`: the processes would be stopped at once.

use std::time::Duration;

use clap::Args;
use quorate_server::options::parse_time;

use super::{AnswerFormat, Places};

/// `client fault`.
#[derive(Args)]
pub(crate) struct FaultOptions {
    #[allow(
        rustdoc::broken_intra_doc_links,
        reason = "brackets of the help are no links"
    )]
    /// NAME[=BEHAVIOUR[:ARGUMENT][@TRIGGER]...]: `Q` alone refuses everyone its decision, `R=delay:200ms` says all late.
    /// `Q=none` makes Q correct
    #[arg(required = true, value_name = "FAULT", value_delimiter = ',')]
    pub(crate) faults: Vec<String>,
    /// What to print
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: AnswerFormat,
    #[command(flatten)]
    pub(crate) places: Places,
}

/// `client link`.
#[derive(Args)]
pub(crate) struct LinkOptions {
    /// The rules that take the place of all earlier ones: 'P->Q: delay 10ms±5ms', '*->S commit: loss 5% @2s-6s'. Without rules
    /// and --partition: shows those that hold
    #[arg(value_name = "RULE")]
    pub(crate) rules: Vec<String>,
    /// Which processes cannot reach each other, repeatable: P+Q/R+S@2s-6s. These come before the rules
    #[arg(long, value_name = "SIDES")]
    pub(crate) partition: Vec<String>,
    /// What to print
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: AnswerFormat,
    #[command(flatten)]
    pub(crate) places: Places,
}

/// `client heal`.
#[derive(Args)]
pub(crate) struct HealOptions {
    /// Which processes [default: all]
    #[arg(value_name = "NAME", value_delimiter = ',')]
    pub(crate) names: Vec<String>,
    /// What to print
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: AnswerFormat,
    #[command(flatten)]
    pub(crate) places: Places,
}

/// `client kill`, `client restart` and `client resume`.
#[derive(Args)]
pub(crate) struct NamedOptions {
    /// Which processes: P,Q
    #[arg(required = true, value_name = "NAME", value_delimiter = ',')]
    pub(crate) names: Vec<String>,
    /// What to print
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: AnswerFormat,
    #[command(flatten)]
    pub(crate) places: Places,
}

/// `client pause`.
#[derive(Args)]
pub(crate) struct PauseOptions {
    /// Which process
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// For how long, such as 5s [default: until `client resume`]
    #[arg(value_name = "TIME", value_parser = parse_time)]
    pub(crate) time: Option<Duration>,
    /// What to print
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: AnswerFormat,
    #[command(flatten)]
    pub(crate) places: Places,
}

/// `client stop`.
#[derive(Args)]
pub(crate) struct StopOptions {
    #[command(flatten)]
    pub(crate) places: Places,
}
