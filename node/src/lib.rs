//! One live process: a replica and its exchange behind an XML-RPC endpoint.
//!
//! * `rpc/`: one file per XML-RPC method. Each asks the runtime and answers.
//! * `runtime`: the one task that owns the process, which `quorate-host` runs. `clock`, `storage`, `inbox` (one queue for
//!   each peer's batches) and `outbox` (one queue for each peer) are its surroundings. `link/`: the connections over which
//!   batches travel.
//! * `common`: what all processes must have alike. `durable`: files that outlive a crash. `starts`: how often a process was
//!   started.
//! * `status`: what `status` and `round` tell. `archived`: what an audit asks for. `refusals`: what was refused
//!   without proof.
//! * `figures`: what the process has counted. `metrics`: the same as a page for Prometheus.
//! * `task`: a task that does not outlive the one that started it.
//! * `web/`: PBFT over HTTP/JSON.
//! * [`gather`]: a node that looks for others, founds a cluster with them, and then is a process of it. `herald`: what it tells its
//!   user of the order.

// They panic where nobody reads; `quorate_cli::console` does not.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod archived;
mod clock;
mod common;
mod config;
mod crossing;
pub mod durable;
mod figures;
pub mod gather;
mod herald;
mod inbox;
mod link;
mod metrics;
mod outbox;
mod question;
mod ready;
mod refusals;
mod rpc;
mod runtime;
pub mod starts;
mod status;
pub mod storage;
mod task;
mod web;

use std::net::IpAddr;
use std::time::Duration;

use quorate_wire::{ANSWER_LIMIT, Endpoint, Limits};

use ready::Ready;

pub use clock::since_1970;
pub use common::{Common, Differs};
pub use config::{NodeConfig, WebConfig};

/// Why a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was told to stop.
    ShutDown,
    /// It crashed, as its fault says.
    Crashed,
}

/// Runs one process until `shutdown` completes, or until it crashes as configured.
/// Calls `started` once nothing can keep the process from answering.
///
/// # Errors
/// The configuration or the listener is not usable, or `started` fails.
pub async fn run(
    config: NodeConfig,
    listener: std::net::TcpListener,
    started: impl FnOnce() -> anyhow::Result<()>,
    shutdown: impl Future<Output = ()> + Send,
) -> anyhow::Result<Ending> {
    let ready = Ready::new(&config, listener, None, Endpoint::new())?;
    started()?;
    ready.run(shutdown).await
}

/// How much longer than the wait for a decision a call may take. The call's own answer then comes before the endpoint's
/// timeout.
const CALL_GRACE: Duration = Duration::from_secs(5);

/// The most bytes of one vote in an answer of `status` or `round`, if each byte of its decision is escaped.
const VOTE_BYTES: usize = 1536;

/// The endpoint's limits. Peers ask for links at the process's address, so the address is an allowed host.
#[must_use]
pub fn limits(config: &NodeConfig, ip: IpAddr) -> Limits {
    let usual = Limits::default();
    let processes = config.addresses.len();
    // A process has at most two ballots in a round: one that counts and one that does not.
    let votes = processes.saturating_mul(processes).saturating_mul(2);
    let decision_timeout = Duration::from_millis(config.decision_timeout_ms);
    let mut allowed_hosts = config.allowed_hosts.clone();
    allowed_hosts.push(match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    });
    Limits {
        allowed_hosts,
        any_address: ip.is_unspecified(),
        call: usual.call.max(decision_timeout + CALL_GRACE),
        answer: votes
            .saturating_mul(VOTE_BYTES)
            .saturating_add(usual.answer)
            .min(ANSWER_LIMIT),
        ..usual
    }
}

#[cfg(test)]
mod tests;
