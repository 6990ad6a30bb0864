//! Several nodes that join one that runs, each a process of the operating system.

use std::env;
use std::process::ExitStatus;

use anyhow::Context as _;
use quorate_node::gather::{GatherConfig, Pass};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::bind;
use crate::child::{Role, RunningChild};
use crate::logging::Logging;

/// Starts a node with each of these passes on free ports of `host`, and runs them until `shutdown` completes or all have ended by themselves. Gives
/// the exit status: 0 after `shutdown`, otherwise the greatest of those of the nodes.
///
/// # Errors
/// A node cannot be started; then none is left running.
pub async fn run_several(
    config: &GatherConfig,
    host: &str,
    passes: Vec<Pass>,
    logging: Logging,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<u8> {
    let stop = watch::Sender::new(false);
    let mut watchers = JoinSet::new();
    let mut ends = Vec::new();
    for (index, pass) in passes.into_iter().enumerate() {
        let (name, child) = start(config, host, index, pass, logging).await?;
        let (ended, end) = watch::channel(None);
        watchers.spawn(child.watch(name, ended, stop.subscribe()));
        ends.push(end);
    }
    let status = tokio::select! {
        () = shutdown => 0,
        status = greatest(ends) => status,
    };
    stop.send_replace(true);
    while watchers.join_next().await.is_some() {}
    Ok(status)
}

async fn start(
    config: &GatherConfig,
    host: &str,
    index: usize,
    entry: Pass,
    logging: Logging,
) -> anyhow::Result<(String, RunningChild)> {
    let (listener, address) = bind(host, 0)?;
    let data_dir = config.data_dir.as_ref();
    let config = GatherConfig {
        address,
        entry,
        data_dir: data_dir.map(|folder| folder.join(index.to_string())),
        ..config.clone()
    };
    let name = address.to_string();
    let executable = env::current_exe().context("this program cannot be found")?;
    let child = RunningChild::start(&executable, Role::Gatherer, &config, listener, logging)
        .await
        .with_context(|| format!("the node at {name} could not be started"))?;
    Ok((name, child))
}

/// The greatest exit status, once all have ended. A node that was killed counts as 2.
async fn greatest(ends: Vec<watch::Receiver<Option<ExitStatus>>>) -> u8 {
    let mut greatest = 0;
    for mut end in ends {
        let status = match end.wait_for(Option::is_some).await {
            Ok(status) => status.and_then(|status| status.code()),
            // Its watcher is gone: the node ended with this program.
            Err(_) => None,
        };
        let status = status.and_then(|code| u8::try_from(code).ok());
        greatest = greatest.max(status.unwrap_or(2));
    }
    greatest
}
