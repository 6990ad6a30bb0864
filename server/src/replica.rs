//! What a child runs: one process, with the configuration that its parent gives it.

use std::net::TcpListener;
use std::process::ExitCode;

use quorate_cli::console::complain;
use quorate_node::{Ending, NodeConfig};

use crate::child::Role;
use crate::logging;
use crate::names::name_of;
use crate::open_files;
use crate::parent::{inherited, parent_gone};
use crate::signals::StopSignals;
use crate::state::CRASHED;

/// Runs one process: takes its configuration from standard input and its listener from the parent, and ends when
/// standard input does. To be called before any thread is started.
pub(crate) fn replica_main() -> ExitCode {
    let (config, listener): (NodeConfig, _) = match inherited(Role::Replica) {
        Ok(inherited) => inherited,
        Err(status) => return status,
    };
    if let Err(error) = logging::start_as_told(&name_of(config.index)) {
        complain(format_args!("error: {error}"));
        return ExitCode::from(2);
    }
    open_files::raise();
    match run(config, listener) {
        Ok(Ending::ShutDown) => ExitCode::SUCCESS,
        Ok(Ending::Crashed) => {
            tracing::warn!("crashes, because its fault is to crash");
            ExitCode::from(CRASHED)
        }
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(config: NodeConfig, listener: TcpListener) -> anyhow::Result<Ending> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(async {
        // Ctrl-C, and the SIGTERM of `timeout`, reach the whole process group, but the parent decides when a child ends. The
        // child catches the signals and does nothing.
        let _ignored = StopSignals::listen()?;
        quorate_node::run(config, listener, || Ok(()), parent_gone()?).await
    });
    runtime.shutdown_background();
    outcome
}
