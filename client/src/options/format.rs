//! `--format`.

use clap::ValueEnum;

/// What the exchange prints.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExchangeFormat {
    /// The transcript alone
    Lines,
    /// The table and the sentence alone
    Table,
    /// One JSON object
    Json,
}

/// What `status` and `bench` print.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people
    #[default]
    Table,
    /// One JSON object
    Json,
}

/// What the commands of the gathering print.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SheetFormat {
    /// One row a line, with tabs between its cells
    Lines,
    /// For people
    #[default]
    Table,
    /// One JSON object
    Json,
}

/// What `submit`, `read`, `fault` and `heal` print.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum AnswerFormat {
    /// The answer alone
    #[default]
    Lines,
    /// One JSON object
    Json,
}
