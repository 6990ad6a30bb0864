//! Why a command turns to processes.

/// What a command does with the processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Runs exchanges with all of them, and judges the decisions.
    Exchange,
    /// Measures operations, at all of them; one alone is enough.
    Load,
    /// Asks some of them.
    Question,
    /// Shows the status of each.
    Status,
}
