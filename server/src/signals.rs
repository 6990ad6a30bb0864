//! What asks a program to stop: Ctrl-C, SIGTERM, SIGHUP, and, if it was wished, the end of standard input.

use std::io;

use quorate_cli::signals::hangup_counts;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use crate::parent::when_input_ends;

/// The signals that ask a program to stop. While this lives, none of them ends the program by itself.
pub struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
    /// `None` under `nohup`, which ignores SIGHUP.
    hangup: Option<Signal>,
    /// `None` if standard input may end as it likes.
    input: Option<oneshot::Receiver<()>>,
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
            input: None,
        })
    }

    /// The same, and the end of standard input counts as a signal: it ends with the program that holds its other end, in whatever
    /// way that program ends. What comes from there is not looked at.
    ///
    /// # Errors
    /// The operating system refuses a thread.
    pub fn or_end_of_input(mut self) -> io::Result<Self> {
        let (ended, told) = oneshot::channel();
        when_input_ends(move || {
            let _ = ended.send(());
        })?;
        self.input = Some(told);
        Ok(self)
    }

    /// Waits for one of the signals. Returns the exit status of a command that the signal ends: 128 plus the signal's
    /// number, and 0 at the end of standard input.
    pub async fn received(&mut self) -> u8 {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        let input = async {
            match &mut self.input {
                Some(told) => {
                    let _ = told.await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => 130,
            _ = self.terminate.recv() => 143,
            _ = hangup => 129,
            () = input => 0,
        }
    }
}
