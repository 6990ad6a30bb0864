//! What the exit status says.

use std::process::ExitCode;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The correct processes agree.
    Agree,
    /// Two correct processes decided differently.
    Disagree,
    /// Wrong usage, or no way to read or write.
    Usage,
    /// A correct process did not decide in time.
    NoDecision,
    /// Ctrl-C or SIGTERM came first; the status that says which.
    Stopped(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Agree => 0,
            Exit::Disagree => 1,
            Exit::Usage => 2,
            Exit::NoDecision => 3,
            Exit::Stopped(status) => status,
        })
    }
}
