//! One process of the cluster, as those see it who started it.

use std::net::SocketAddr;
use std::process::ExitStatus;

use tokio::sync::watch;

/// One process of a running cluster.
#[derive(Clone, Debug)]
pub struct Process {
    /// P, Q, ...
    pub name: String,
    /// The address at which it answers calls.
    pub address: SocketAddr,
    /// Its operating-system process.
    pub pid: u32,
    /// Its behaviour, written as for `--faulty`; `None` if it is correct.
    pub fault: Option<String>,
    pub(crate) ended: watch::Receiver<Option<ExitStatus>>,
}

impl Process {
    /// How it ended, if it ended on its own.
    #[must_use]
    pub fn ended(&self) -> Option<ExitStatus> {
        *self.ended.borrow()
    }

    /// Waits until it has ended on its own.
    pub(crate) async fn end(&self) -> ExitStatus {
        let mut ended = self.ended.clone();
        let status = ended
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|status| *status);
        match status {
            Some(status) => status,
            // Its watcher was stopped: it will never end on its own.
            None => std::future::pending().await,
        }
    }
}
