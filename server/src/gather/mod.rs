//! Nodes that look for others: one in this process of the operating system, or several, each a process of its own.

mod invitations;
mod lines;
mod several;

use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use quorate_node::gather::{self, Ending, GatherConfig};
use quorate_web::config::without_brackets;

use crate::child::Role;
use crate::parent::{inherited, parent_gone};
use crate::signals::StopSignals;
use crate::{logging, open_files};
use lines::Lines;

pub use invitations::{invitation, invite, secret};
pub use several::run_several;

/// The exit status of a program whose node has ended like this.
#[must_use]
pub const fn status_of(ending: Ending) -> u8 {
    match ending {
        Ending::Stopped | Ending::Acted => 0,
        Ending::Crashed | Ending::NothingInCommon => 1,
        Ending::TooLate => 2,
        Ending::TooFew => 3,
    }
}

/// Runs one node in this process until `shutdown` completes, or until it ends by itself. Prints its lines; `named` says whose each
/// is.
///
/// # Errors
/// The node cannot start, or standard output cannot be written.
pub async fn run_one(
    config: GatherConfig,
    listener: TcpListener,
    named: bool,
    shutdown: impl Future<Output = ()> + Send,
) -> anyhow::Result<Ending> {
    open_files::raise();
    let lines = Lines::start(named).context("standard output")?;
    let broken = lines.ended();
    let mut shutdown = pin!(shutdown);
    let mut stopped = false;
    let until = async {
        tokio::select! {
            () = &mut shutdown => stopped = true,
            () = broken => {}
        }
    };
    let ended = gather::run(config, listener, lines.tell(), until).await;
    let stopped = async {
        if !stopped {
            shutdown.await;
        }
    };
    lines.finish(stopped).await.context("standard output")?;
    ended
}

/// Binds this port of this machine; port 0 is any free one. Returns the address at which others reach the listener too.
///
/// # Errors
/// The port is taken, or the host is not an address of this machine that others can call.
pub fn bind(host: &str, port: u16) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let mut address = resolve(host, port)?;
    if address.ip().is_unspecified() {
        bail!(
            "{host} is no address at which others can call this node: give the one of this machine that they can reach, such as 127.0.0.1"
        );
    }
    let listener = TcpListener::bind(address).map_err(|cause| match cause.kind() {
        std::io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "{address} is in use: stop what uses it, choose another port, or 0 for any free one. To join the node there, write how many nodes to start: server {host} {port} 3"
        ),
        _ => anyhow::anyhow!(
            "cannot listen on {address} ({cause}): give an address of this machine, and a port from 1024 on or 0 for any free one"
        ),
    })?;
    address.set_port(listener.local_addr()?.port());
    Ok((listener, address))
}

/// The address of a host and a port; IPv4 if there is a choice.
///
/// # Errors
/// The host has no address.
pub fn resolve(host: &str, port: u16) -> anyhow::Result<SocketAddr> {
    let addresses = (without_brackets(host), port).to_socket_addrs();
    let addresses: Vec<_> = addresses
        .with_context(|| format!("host '{host}' has no address: give one such as 127.0.0.1"))?
        .collect();
    let first = addresses
        .iter()
        .find(|one| one.is_ipv4())
        .or(addresses.first());
    first
        .copied()
        .with_context(|| format!("host '{host}' has no address: give one such as 127.0.0.1"))
}

/// How long somebody who listens may take to take a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// Makes sure that somebody listens at an address that nodes are to join.
///
/// # Errors
/// Nobody does. The error says what to start first.
pub fn somebody_listens(at: SocketAddr) -> anyhow::Result<()> {
    match TcpStream::connect_timeout(&at, CONNECT_LIMIT) {
        Ok(_) => Ok(()),
        Err(cause) => bail!(
            "nobody listens at {at} ({cause}); start `server {} {}` first",
            at.ip(),
            at.port()
        ),
    }
}

/// Runs a node as the child of a server that starts several.
pub(crate) fn child_main() -> ExitCode {
    let (config, listener): (GatherConfig, _) = match inherited(Role::Gatherer) {
        Ok(inherited) => inherited,
        Err(status) => return status,
    };
    if let Err(error) = logging::start_as_told(&config.address.to_string()) {
        quorate_cli::console::complain(format_args!("error: {error}"));
        return ExitCode::from(2);
    }
    match run_child(config, listener) {
        Ok(ending) => ExitCode::from(status_of(ending)),
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::from(2)
        }
    }
}

fn run_child(config: GatherConfig, listener: TcpListener) -> anyhow::Result<Ending> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(async {
        // Signals reach the whole process group, but the parent decides when a child ends.
        let _ignored = StopSignals::listen()?;
        run_one(config, listener, true, parent_gone()?).await
    });
    runtime.shutdown_background();
    outcome
}
