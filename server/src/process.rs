//! One process of the cluster, as those see it who started it.

use std::net::SocketAddr;
use std::process::ExitStatus;

use tokio::sync::{mpsc, oneshot, watch};

use crate::state::State;
use crate::supervisor::order::{Command, Order, Refused, Standing};

/// One process of a cluster.
#[derive(Clone, Debug)]
pub struct Process {
    /// P, Q, ...
    pub name: String,
    /// The address at which it answers calls.
    pub address: SocketAddr,
    /// Its behaviour at its start, written as for `--faulty`; `None` if it is correct.
    pub fault: Option<String>,
    pub(crate) standing: watch::Receiver<Standing>,
    pub(crate) orders: mpsc::Sender<Command>,
}

impl Process {
    /// Whether it runs, and if not, why.
    #[must_use]
    pub fn state(&self) -> State {
        self.standing.borrow().state
    }

    /// Its number in the operating system, unless it is gone.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.state().pid()
    }

    /// How it ended, if it ended on its own and was not started again.
    #[must_use]
    pub fn ended(&self) -> Option<ExitStatus> {
        self.state().ended()
    }

    /// How often it was started again.
    #[must_use]
    pub fn restarts(&self) -> u64 {
        self.standing.borrow().restarts
    }

    /// Waits until it has ended on its own.
    pub(crate) async fn end(&self) -> ExitStatus {
        let ended = |standing: &Standing| standing.state.ended();
        self.until(ended).await
    }

    /// Waits until it has ended on its own, and is not started again.
    pub(crate) async fn end_for_good(&self) -> ExitStatus {
        let gone = |standing: &Standing| match standing.state {
            State::Gone { ended, .. } => Some(ended),
            _ => None,
        };
        self.until(gone).await
    }

    async fn until(&self, mut ended: impl FnMut(&Standing) -> Option<ExitStatus>) -> ExitStatus {
        let mut standing = self.standing.clone();
        let reached = standing
            .wait_for(|standing| ended(standing).is_some())
            .await;
        let reached = reached.ok().map(|standing| *standing);
        match reached.and_then(|standing| ended(&standing)) {
            Some(status) => status,
            // Its keeper has ended it: it will never end on its own.
            None => std::future::pending().await,
        }
    }

    /// Has its keeper carry out an order. Once the server ends, nothing is carried out, and this never completes.
    pub(crate) async fn order(&self, order: Order) -> Result<(), Refused> {
        let (done, outcome) = oneshot::channel();
        let _ = self.orders.send(Command { order, done }).await;
        match outcome.await {
            Ok(outcome) => outcome,
            Err(_) => std::future::pending().await,
        }
    }
}
