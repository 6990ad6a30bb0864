//! How a run ends, and with which exit status.

use std::process::ExitCode;

use quorate_wire::{CallError, Fault};

/// The exit status after Ctrl-C.
const INTERRUPTED: u8 = 130;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The correct processes agree. If all of them had said one thing, they decided it.
    Agree,
    /// Agreement or validity is broken: two correct processes decided differently, or not what all of them had said.
    Broken,
    /// The store has no such key, or `cas` found another value.
    NotDone,
    /// Wrong usage, or input or output failed.
    Usage,
    /// A correct process did not decide, or answer, in time.
    NoDecision,
    /// A signal stopped the command. Holds the exit status that says which signal.
    Stopped(u8),
}

impl Exit {
    /// The end of a run whose operation the store did, or did not do.
    pub(crate) const fn if_done(is_done: bool) -> Self {
        if is_done { Self::Agree } else { Self::NotDone }
    }

    /// The exit status of the program.
    pub(crate) const fn status(self) -> u8 {
        match self {
            Self::Agree => 0,
            Self::Broken | Self::NotDone => 1,
            Self::Usage => 2,
            Self::NoDecision => 3,
            Self::Stopped(status) => status,
        }
    }

    /// The end of a run that failed with this error.
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        let failure = error.downcast_ref::<Failure>();
        failure.map_or(Self::Usage, |failure| failure.exit)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.status())
    }
}

/// Why a command failed, if its exit status is not that of wrong usage or I/O.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    /// A failure that ends the program with the status of `exit`.
    pub(crate) fn new(exit: Exit, message: String) -> Self {
        Self { exit, message }
    }

    /// The failure of a command that a signal stopped. `status` is the exit status that says which.
    pub(crate) fn stopped(status: u8, when: &str) -> Self {
        let signal = if status == INTERRUPTED {
            "Ctrl-C"
        } else {
            "SIGTERM"
        };
        Self::new(Exit::Stopped(status), format!("stopped by {signal} {when}"))
    }
}

/// Why a process did not answer a call. A call without an answer in time has an exit status of its own; every other error
/// counts as usage or I/O.
pub(crate) fn no_answer(process: &str, error: CallError) -> anyhow::Error {
    let is_late = match &error {
        CallError::TimedOut { .. } => true,
        CallError::Fault(fault) => [Fault::NOT_DECIDED, Fault::NO_QUORUM].contains(&fault.code()),
        _ => false,
    };
    if is_late {
        let message = format!("process {process}: {error}");
        return Failure::new(Exit::NoDecision, message).into();
    }
    anyhow::Error::new(error).context(format!("process {process}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn no_answer_in_time_is_an_exit_status_and_a_refusal_is_usage() {
        let timed_out = CallError::TimedOut {
            address: "127.0.0.1:8000".into(),
            method: "read".into(),
            after: Duration::from_secs(15),
        };
        for late in [
            timed_out,
            Fault::new(Fault::NOT_DECIDED, "one ballot is missing").into(),
            Fault::new(Fault::NO_QUORUM, "no quorum").into(),
        ] {
            assert_eq!(Exit::of(&no_answer("Q", late)), Exit::NoDecision);
        }
        let refused = no_answer(
            "Q",
            Fault::new(Fault::BAD_OPERATION, "write 'get KEY'").into(),
        );
        assert_eq!(Exit::of(&refused), Exit::Usage);
        assert_eq!(
            format!("{refused:#}"),
            "process Q: fault 11: write 'get KEY'"
        );
    }
}
