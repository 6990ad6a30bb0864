//! What others see of a process, and what they can want of it.

use std::io;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::state::State;

/// How one process is, as its keeper knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub(crate) state: State,
    /// How often it was started again.
    pub(crate) restarts: u64,
}

/// What somebody wants of a process.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    /// End it at once.
    Kill,
    /// End it in order if it runs, and start it again.
    Restart,
    /// Hold it up, for so long or until it is resumed.
    Pause(Option<Duration>),
    Resume,
    /// Start it with these rules of links from now on. Their times count from now. It has been told, if it runs.
    Link {
        rules: Vec<String>,
    },
}

/// An order, and where its outcome goes.
pub(crate) struct Command {
    pub(crate) order: Order,
    pub(crate) done: oneshot::Sender<Result<(), Refused>>,
}

/// Why an order was not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    #[error("{process} is gone: {reason}")]
    Gone { process: String, reason: String },
    #[error("{0} is not paused")]
    NotPaused(String),
    #[error("{process}: {cause}")]
    System { process: String, cause: io::Error },
}
