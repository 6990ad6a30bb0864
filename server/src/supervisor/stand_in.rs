//! What answers on the port of a process that is gone or paused. The server keeps each listener, so a connection would be taken
//! by the operating system, and its caller would wait for an answer that never comes. So the server answers, and says why.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use quorate_node::NodeConfig;
use quorate_wire::method::ServerControl;
use quorate_wire::{Endpoint, Fault, Limits};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use super::order::Standing;

/// How long answers under way may take once the process goes on.
const GRACE: Duration = Duration::from_millis(100);

/// Answers for one process. Dropping it ends it at once.
#[derive(Debug)]
pub(crate) struct StandIn {
    stop: oneshot::Sender<()>,
    task: JoinSet<()>,
}

impl StandIn {
    /// Answers on this listener, which the process has too.
    pub(crate) fn start(
        listener: &TcpListener,
        config: &NodeConfig,
        standing: watch::Receiver<Standing>,
    ) -> io::Result<Self> {
        let ip = listener.local_addr()?.ip();
        let listener = listener.try_clone()?;
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let control = config.control.filter(|_| ip.is_loopback());
        let endpoint = Endpoint::new()
            .method(move |_: ServerControl| async move { answer(control) })
            .away(move || standing.borrow().state.reason())
            .limits(Limits {
                grace: GRACE,
                ..quorate_node::limits(config, ip)
            });
        let (stop, stopped) = oneshot::channel();
        let mut task = JoinSet::new();
        task.spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            if let Err(error) = endpoint.serve(listener, stopped).await {
                tracing::error!("nobody answers for a process that is away: {error}");
            }
        });
        Ok(Self { stop, task })
    }

    /// Takes no further connection, and lets answers under way end.
    pub(crate) async fn end(mut self) {
        let _ = self.stop.send(());
        self.task.join_next().await;
    }
}

fn answer(control: Option<SocketAddr>) -> Result<String, Fault> {
    control.map(|address| address.to_string()).ok_or_else(|| {
        Fault::new(
            Fault::NOT_SUPERVISED,
            "the server of this process takes no commands",
        )
    })
}
