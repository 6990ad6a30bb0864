//! Ctrl-C, SIGTERM and SIGHUP: what runs ends soon and tells what is known so far. The second time it ends at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::Context as _;
use quorate_cli::signals::hangup_counts;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use crate::out;

/// The exit status of a program that a signal has stopped: 128 and the signal's number.
const STATUSES: [(i32, u8); 3] = [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)];

/// What asks a command to end.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    signal: Arc<AtomicUsize>,
}

impl Stop {
    /// Waits for the signals from now on. Under `nohup` SIGHUP is none.
    ///
    /// # Errors
    /// The system does not let us.
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let signal = Arc::new(AtomicUsize::new(0));
        let second = Arc::new(AtomicBool::new(false));
        let counts = |number| number != SIGHUP || hangup_counts();
        for (number, status) in STATUSES.into_iter().filter(|(number, _)| counts(*number)) {
            // In this order: the first signal finds `second` false and sets it.
            flag::register_conditional_shutdown(number, status.into(), Arc::clone(&second))
                .and_then(|_| flag::register(number, Arc::clone(&second)))
                .and_then(|_| flag::register_usize(number, Arc::clone(&signal), status.into()))
                .context("cannot wait for Ctrl-C")?;
        }
        Ok(Self { signal })
    }

    /// Whether to end now: a signal came, or nobody can read what is printed.
    pub(crate) fn is_asked(&self) -> bool {
        self.status().is_some() || out::has_failed()
    }

    /// The exit status of the signal that came, if one did.
    pub(crate) fn status(&self) -> Option<u8> {
        match self.signal.load(Ordering::Relaxed) {
            0 => None,
            status => u8::try_from(status).ok(),
        }
    }

    /// In words, once a signal came.
    pub(crate) fn reason(&self) -> &'static str {
        match self.status() {
            Some(143) => "SIGTERM",
            Some(129) => "SIGHUP",
            _ => "Ctrl-C",
        }
    }
}
