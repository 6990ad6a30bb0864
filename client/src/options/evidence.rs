//! Who is proved faulty: `client evidence`, `client keys`, `client audit` and `client verify`.

use std::path::PathBuf;

use clap::Args;

use super::{AnswerFormat, Places};

/// `client evidence`.
#[derive(Args)]
pub(crate) struct EvidenceOptions {
    /// What to print
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: AnswerFormat,
    #[command(flatten)]
    pub(crate) places: Places,
}

/// `client keys`.
#[derive(Args)]
pub(crate) struct KeysOptions {
    #[command(flatten)]
    pub(crate) places: Places,
}

/// `client audit`.
#[derive(Args)]
pub(crate) struct AuditOptions {
    /// The file to write, for `client verify`
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) out: Option<PathBuf>,
    /// The public keys, as `client keys` prints them or `server keygen` writes them [default: those that all processes tell]
    #[arg(long, value_name = "FILE")]
    pub(crate) keys: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) places: Places,
}

/// `client verify`.
#[derive(Args)]
pub(crate) struct VerifyOptions {
    /// What `client audit --out` has written
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The public keys, as `client keys` prints them or `server keygen` writes them
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) keys: PathBuf,
}
