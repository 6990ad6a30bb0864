//! One live process: a replica and its exchange behind an XML-RPC endpoint.
//!
//! * `rpc/`: one file per XML-RPC method; each asks the runtime and answers.
//! * `runtime`: the one task that owns the replica, the exchange and the timers.
//! * `perform`: does what the replica's effects say.
//! * `outbox`: one queue per peer, whose batches go out as `pbft.deliver` calls.

mod config;
mod outbox;
mod perform;
mod rpc;
mod runtime;
mod timers;

use anyhow::Context;
use quorate_wire::{Endpoint, Limits};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

pub use config::NodeConfig;

/// Why a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was asked to.
    ShutDown,
    /// It crashed, as its fault has it.
    Crashed,
}

/// Runs one process until `shutdown` completes, or until it crashes as configured.
///
/// # Errors
/// The configuration or the listener cannot be used.
pub async fn run(
    config: NodeConfig,
    listener: std::net::TcpListener,
    shutdown: impl Future<Output = ()> + Send,
) -> anyhow::Result<Ending> {
    listener
        .set_nonblocking(true)
        .context("the listener cannot be used")?;
    let listener = TcpListener::from_std(listener).context("the listener cannot be used")?;
    let loopback = listener
        .local_addr()
        .context("the listener cannot be used")?
        .ip()
        .is_loopback();
    let (to_runtime, commands) = mpsc::channel(runtime::QUEUE);
    let runtime = runtime::Runtime::new(&config, loopback, commands)?;
    let handle = rpc::Handle::new(&config, to_runtime);

    let limits = Limits {
        allowed_hosts: config.allowed_hosts.clone(),
        ..Limits::default()
    };
    let endpoint = rpc::register(Endpoint::new(), &handle).limits(limits);
    let crashed = tokio::spawn(runtime.run());
    tokio::pin!(crashed);
    let (stop_endpoint, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = endpoint.serve(listener, async move {
        let _ = stopped.await;
    });
    tokio::pin!(serving);
    tokio::pin!(shutdown);
    tokio::select! {
        result = &mut serving => result.context("the endpoint failed").map(|()| Ending::ShutDown),
        ending = &mut crashed => ending.context("the runtime failed"),
        () = &mut shutdown => {
            drop(stop_endpoint);
            serving.await.context("the endpoint failed").map(|()| Ending::ShutDown)
        }
    }
}
