//! The one way of writing: lines on standard output and words on standard error, without a panic where they cannot be written.
//!
//! The first line of standard output that cannot be written is the last that is tried: the run ends, see [`has_failed`], and
//! [`failure`] gives the reason.

use std::io::{self, Write as _};
use std::sync::{Mutex, PoisonError};

use quorate_cli::console;

static FAILURE: Mutex<Option<io::Error>> = Mutex::new(None);

/// Prints a line on standard output.
pub(crate) fn say(line: &str) {
    let mut failure = FAILURE.lock().unwrap_or_else(PoisonError::into_inner);
    if failure.is_none() {
        let mut out = io::stdout().lock();
        *failure = writeln!(out, "{line}").and_then(|()| out.flush()).err();
    }
}

/// Keeps the reason if standard output could not be written otherwise than by [`say`].
pub(crate) fn keep(written: io::Result<()>) {
    let written = written.and_then(|()| io::stdout().flush());
    let mut failure = FAILURE.lock().unwrap_or_else(PoisonError::into_inner);
    *failure = failure.take().or(written.err());
}

/// Prints a line on standard error. Where that cannot be written either, nobody is left to tell.
pub(crate) fn complain(line: &str) {
    console::complain(line);
}

/// Whether a line of standard output could not be written.
pub(crate) fn has_failed() -> bool {
    let failure = FAILURE.lock().unwrap_or_else(PoisonError::into_inner);
    failure.is_some()
}

/// Why a line of standard output could not be written, if one could not.
pub(crate) fn failure() -> Option<anyhow::Error> {
    let mut failure = FAILURE.lock().unwrap_or_else(PoisonError::into_inner);
    let reason = failure.take()?;
    Some(anyhow::Error::new(reason).context("cannot write to standard output"))
}
