//! Ctrl-C, SIGTERM and SIGHUP.

use std::io;

use quorate_cli::signals::hangup_counts;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask a program to stop. While this lives, none of them ends the program by itself.
pub struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
    /// `None` under `nohup`, which ignores SIGHUP.
    hangup: Option<Signal>,
}

impl StopSignals {
    /// Takes over the signals.
    ///
    /// # Errors
    /// The operating system refuses the handlers.
    pub fn listen() -> io::Result<Self> {
        let hangup = hangup_counts().then(|| signal(SignalKind::hangup()));
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: hangup.transpose()?,
        })
    }

    /// Waits for one of the signals. Returns the exit status of a command that the signal ends: 128 plus the signal's
    /// number.
    pub async fn received(&mut self) -> u8 {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => 130,
            _ = self.terminate.recv() => 143,
            _ = hangup => 129,
        }
    }
}
