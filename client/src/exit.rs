//! What the exit status says.

use std::process::ExitCode;

use anyhow::Context;
use quorate_wire::{CallError, Fault};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The correct processes agree.
    Agree,
    /// Two correct processes decided differently.
    Disagree,
    /// The store has no such key.
    NoSuchKey,
    /// Wrong usage, or no way to read or write.
    Usage,
    /// A correct process did not decide, or answer, in time.
    NoDecision,
    /// Ctrl-C or SIGTERM came first; the status that says which.
    Stopped(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Agree => 0,
            Exit::Disagree | Exit::NoSuchKey => 1,
            Exit::Usage => 2,
            Exit::NoDecision => 3,
            Exit::Stopped(status) => status,
        })
    }
}

/// How a run ends whose one call gave no answer: without one in time, or without such a key, that is an exit status, else an
/// error.
///
/// # Errors
/// The process could not be reached, refused the call, or gave a bad answer.
pub(crate) fn no_answer(process: &str, error: CallError) -> anyhow::Result<Exit> {
    match &error {
        CallError::TimedOut { .. } => {}
        CallError::Fault(fault)
            if [Fault::NOT_DECIDED, Fault::NO_QUORUM].contains(&fault.code()) => {}
        CallError::Fault(fault) if fault.code() == Fault::NO_SUCH_KEY => {
            eprintln!("{}", fault.message());
            return Ok(Exit::NoSuchKey);
        }
        _ => return Err(error).with_context(|| format!("process {process}")),
    }
    eprintln!("error: process {process}: {error}");
    Ok(Exit::NoDecision)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn no_answer_in_time_is_an_exit_status_and_a_refusal_an_error() {
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
            assert_eq!(no_answer("Q", late).unwrap(), Exit::NoDecision);
        }
        let missing = Fault::new(Fault::NO_SUCH_KEY, "no such key");
        assert_eq!(no_answer("Q", missing.into()).unwrap(), Exit::NoSuchKey);
        let refused = no_answer(
            "Q",
            Fault::new(Fault::BAD_OPERATION, "write 'get KEY'").into(),
        )
        .unwrap_err();
        assert_eq!(
            format!("{refused:#}"),
            "process Q: fault 11: write 'get KEY'"
        );
    }
}
