//! What a child runs: one process, with the configuration that its parent gives it.

use std::io::{self, BufRead, Read};
use std::net::TcpListener;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use listenfd::ListenFd;
use quorate_cli::console::complain;
use quorate_node::{Ending, NodeConfig};
use tokio::sync::oneshot;

use crate::logging;
use crate::names::name_of;
use crate::open_files;
use crate::signals::StopSignals;

/// The hidden argument with which a binary starts itself again.
pub(crate) const REPLICA_ARGUMENT: &str = "replica";

/// How long a child may take to end once its parent has ended. After that it ends at once.
const GRACE: Duration = Duration::from_millis(1500);

/// Whether this program was started by its parent, to run one of the processes.
#[must_use]
pub fn is_replica_call() -> bool {
    std::env::args_os()
        .nth(1)
        .is_some_and(|argument| argument == REPLICA_ARGUMENT)
}

/// Runs one process: takes its configuration from standard input and its listener from the parent, and ends when
/// standard input does. To be called before any thread is started.
#[must_use]
pub fn replica_main() -> ExitCode {
    let inherited = take_listener().and_then(|listener| Ok((read_config()?, listener)));
    let (config, listener) = match inherited {
        Ok(inherited) => inherited,
        Err(error) => {
            complain(format_args!(
                "error: {error:#}; `replica` is for `server` itself: run `server` instead"
            ));
            return ExitCode::from(2);
        }
    };
    if let Err(error) = logging::start_as_told(&name_of(config.index)) {
        complain(format_args!("error: {error}"));
        return ExitCode::from(2);
    }
    open_files::raise();
    match run(config, listener) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn take_listener() -> anyhow::Result<TcpListener> {
    let Some(listener) = ListenFd::from_env()
        .take_tcp_listener(0)
        .context("the inherited listener")?
    else {
        bail!("no listener was inherited");
    };
    listener
        .set_nonblocking(true)
        .context("the inherited listener")?;
    Ok(listener)
}

fn read_config() -> anyhow::Result<NodeConfig> {
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .context("standard input")?;
    // The cause is left out: it could quote the line, which holds a secret key.
    serde_json::from_str(&line)
        .map_err(|_| anyhow::anyhow!("standard input holds no configuration"))
}

fn run(config: NodeConfig, listener: TcpListener) -> anyhow::Result<()> {
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
    outcome.map(|ending| match ending {
        Ending::Crashed => tracing::warn!("crashes, because its fault is to crash"),
        Ending::ShutDown => {}
    })
}

/// Completes when the parent closes its end of standard input, or has ended in whatever way.
fn parent_gone() -> io::Result<impl Future<Output = ()> + Send> {
    let (gone, told) = oneshot::channel();
    thread::Builder::new()
        .name("lifeline".into())
        .spawn(move || {
            wait_for_end_of_input();
            let _ = gone.send(());
            thread::sleep(GRACE);
            std::process::exit(0);
        })?;
    Ok(async {
        let _ = told.await;
    })
}

fn wait_for_end_of_input() {
    let mut scratch = [0; 64];
    let mut input = io::stdin().lock();
    loop {
        match input.read(&mut scratch) {
            Ok(0) => return,
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return,
            _ => {}
        }
    }
}
