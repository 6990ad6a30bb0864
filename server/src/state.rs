//! Whether a process runs, and if not, why.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use tokio::time::Instant;

/// The exit status of a child whose fault is to crash. The server then knows that the end was wanted.
pub(crate) const CRASHED: u8 = 4;

/// Whether a process runs, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It runs.
    Running {
        /// Its number in the operating system.
        pid: u32,
    },
    /// It is stopped by SIGSTOP.
    Paused {
        /// Its number in the operating system.
        pid: u32,
        /// When it goes on by itself.
        until: Option<Instant>,
    },
    /// It has ended, and is started again.
    Restarting {
        /// How it ended.
        ended: ExitStatus,
        /// When it is started.
        at: Instant,
    },
    /// It has ended for good, unless somebody asks for a restart.
    Gone {
        /// How it ended.
        ended: ExitStatus,
        /// Whether it has ended too often in a row.
        too_often: bool,
    },
}

impl State {
    /// One word: `running`, `paused`, `restarting` or `gone`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Running { .. } => "running",
            Self::Paused { .. } => "paused",
            Self::Restarting { .. } => "restarting",
            Self::Gone { .. } => "gone",
        }
    }

    /// Why it does not run: `killed by signal 9, restarts in 2 s`. Empty if it runs.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Running { .. } => String::new(),
            Self::Paused { until: None, .. } => "paused".to_owned(),
            Self::Paused {
                until: Some(until), ..
            } => format!("paused, goes on in {} s", seconds_until(*until)),
            Self::Restarting { ended, at } => {
                format!("{}, restarts in {} s", words(*ended), seconds_until(*at))
            }
            Self::Gone {
                ended,
                too_often: true,
            } => format!("{}, too often to be started again", words(*ended)),
            Self::Gone { ended, .. } => words(*ended),
        }
    }

    /// Its number in the operating system, unless it is gone.
    #[must_use]
    pub const fn pid(&self) -> Option<u32> {
        match self {
            Self::Running { pid } | Self::Paused { pid, .. } => Some(*pid),
            Self::Restarting { .. } | Self::Gone { .. } => None,
        }
    }

    /// How it ended, if it has.
    #[must_use]
    pub const fn ended(&self) -> Option<ExitStatus> {
        match self {
            Self::Running { .. } | Self::Paused { .. } => None,
            Self::Restarting { ended, .. } | Self::Gone { ended, .. } => Some(*ended),
        }
    }
}

/// How a process ended, in words.
pub(crate) fn words(ended: ExitStatus) -> String {
    match (ended.signal(), ended.code()) {
        (Some(signal), _) => format!("killed by signal {signal}"),
        (None, Some(code)) if code == i32::from(CRASHED) => "crashed, as its fault says".to_owned(),
        (None, Some(code)) => format!("ended with exit status {code}"),
        (None, None) => "ended".to_owned(),
    }
}

/// At least 1: what is due is about to happen.
pub(crate) fn seconds_until(then: Instant) -> u64 {
    let left = then.saturating_duration_since(Instant::now());
    left.as_millis().div_ceil(1000).max(1) as u64
}
