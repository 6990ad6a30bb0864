//! `server`: starts the processes, says where each one runs, and stops them when told to.

// They panic where nobody reads; `quorate_cli::console` does not.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod meeting;
mod options;

use std::process::ExitCode;

use anyhow::Context;
use clap::CommandFactory as _;
use quorate_cli::console::{complain, print};
use quorate_cli::papers;
use quorate_server::logging::{Concern, Logging};
use quorate_server::ready_file::ReadyFile;
use quorate_server::shared_keys::{self, KeyFiles};
use quorate_server::signals::StopSignals;
use quorate_server::{
    Alone, Cluster, ClusterConfig, NotPlayed, Page, Play, WebPlan, gather, name_of,
};
use quorate_web::PbftYaml;

use crate::meeting::Meeting;
use crate::options::{Command, Invite, Keygen, Options};

fn main() -> ExitCode {
    if let Some(child) = quorate_server::child_call() {
        return child();
    }
    let options = Options::read();
    match &options.command {
        Some(command) => carry_out(command).unwrap_or_else(|error| {
            complain(format_args!("error: {error:#}"));
            ExitCode::from(2)
        }),
        None => serve(&options),
    }
}

fn carry_out(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Keygen(keygen) => return make_keys(keygen),
        Command::Invite(invite) => return make_invitations(invite),
        Command::Completions(completions) => print(&completions.of(Options::command())),
        Command::Man => print(&papers::man(Options::command())?),
    }
    .context("standard output")?;
    Ok(ExitCode::SUCCESS)
}

/// Starts logging, then the processes or the one node.
fn serve(options: &Options) -> ExitCode {
    let name = options.web.index.map_or("server".to_owned(), name_of);
    let logging = Logging {
        format: options.output.log_format,
        level: "info",
    };
    let ended = logging
        .start(&name)
        .map_err(anyhow::Error::from)
        .and_then(|()| run(options, logging, &name));
    ended.unwrap_or_else(|error| {
        logging.tell(&name, Concern::Error, &format!("{error:#}"));
        ExitCode::from(2)
    })
}

/// Makes keys, and prints the paths of the files.
fn make_keys(options: &Keygen) -> anyhow::Result<ExitCode> {
    let yaml = PbftYaml::read(&options.file)?;
    for warning in &yaml.warnings {
        complain(format_args!("warning: {warning}"));
    }
    let folder = options.out.clone().unwrap_or_else(|| {
        let mut name = options.file.clone().into_os_string();
        name.push(".keys");
        name.into()
    });
    for path in shared_keys::generate(&yaml, &folder)? {
        print(&format!("{}\n", path.display())).context("standard output")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes invitations, and prints the paths of the files.
fn make_invitations(options: &Invite) -> anyhow::Result<ExitCode> {
    for path in gather::invite(options.seats, &options.out)? {
        print(&format!("{}\n", path.display())).context("standard output")?;
    }
    Ok(ExitCode::SUCCESS)
}

#[tokio::main(flavor = "current_thread")]
async fn run(options: &Options, logging: Logging, name: &str) -> anyhow::Result<ExitCode> {
    if let Some(meeting) = Meeting::of(options) {
        return meeting.run(options, logging).await;
    }
    let ready_file = ready_file(options)?;
    let mut config = cluster_config(options, logging)?;
    config
        .allowed_hosts
        .clone_from(&options.places.allowed_host);
    config.data_dir.clone_from(&options.places.data_dir);
    let play = options.play()?;
    if let Some(play) = &play {
        play.set_up(&mut config)?;
    }
    config.links = options.links.rules(config.processes)?;
    config.restart = options.restart;
    config.control = true;
    config.trace |= options.page.is_some();
    let page = options.page.map(Page::bind).transpose()?;
    let mut signals = options.output.stop_signals().context("signal handlers")?;
    if let Some(warning) = config.faults.bound(config.processes).warning() {
        logging.tell(name, Concern::Warning, &warning);
    }
    match (options.web.index, &config.web) {
        (Some(index), Some(web)) => run_alone(&config, web, index, signals).await,
        _ => run_all(config, ready_file, play, page, &mut signals).await,
    }
}

/// Runs one node of a `pbft.yaml`, in this process.
async fn run_alone(
    config: &ClusterConfig,
    web: &WebPlan,
    index: u32,
    mut signals: StopSignals,
) -> anyhow::Result<ExitCode> {
    let node = Alone::start(config, web, index)?;
    let own = web.yaml.nodes.get(index as usize);
    let port = own.map_or(0, |node| node.port);
    let started = || say_running(&name_of(index), port);
    let stopped = async move {
        signals.received().await;
    };
    let crashed = node.run(started, stopped).await?;
    Ok(ExitCode::from(u8::from(crashed)))
}

/// Runs all processes, each as a process of the operating system.
async fn run_all(
    config: ClusterConfig,
    mut ready_file: Option<ReadyFile>,
    play: Option<Play>,
    page: Option<Page>,
    signals: &mut StopSignals,
) -> anyhow::Result<ExitCode> {
    let cluster = tokio::select! {
        started = Cluster::start(config) => started?,
        _ = signals.received() => return Ok(ExitCode::SUCCESS),
    };
    let ended = match announce(&cluster, page.as_ref(), ready_file.as_mut()) {
        Ok(()) => {
            let end = until_the_end(&cluster, ready_file.as_mut(), signals);
            let played = played(play, &cluster);
            tokio::select! {
                end = end => end,
                Err(error) = played => Err(error.into()),
                Err(error) = shown(page, &cluster) => Err(error).context("the page"),
            }
        }
        Err(error) => Err(error),
    };
    // The file is removed first: it must not name processes that have ended.
    let removed = ready_file.map_or(Ok(()), ReadyFile::remove);
    cluster.shutdown().await;
    removed.context(
        "the ready file cannot be removed: give --ready-file a path in a folder where you may write",
    )?;
    ended
}

/// Plays the plan, if there is one. Completes only if that fails.
async fn played(play: Option<Play>, cluster: &Cluster) -> Result<(), NotPlayed> {
    if let Some(play) = play {
        play.play(cluster.processes()).await?;
    }
    std::future::pending().await
}

/// Shows the page, if there is one. Completes only if that fails.
async fn shown(page: Option<Page>, cluster: &Cluster) -> std::io::Result<()> {
    if let Some(page) = page {
        page.of(cluster.processes().to_vec()).serve().await?;
    }
    std::future::pending().await
}

/// Waits for the end. Keeps the ready file true meanwhile.
async fn until_the_end(
    cluster: &Cluster,
    mut ready_file: Option<&mut ReadyFile>,
    signals: &mut StopSignals,
) -> anyhow::Result<ExitCode> {
    let mut changes = cluster.changes();
    loop {
        tokio::select! {
            _ = signals.received() => return Ok(ExitCode::SUCCESS),
            () = cluster.told_to_end() => {
                tracing::info!("a caller asked this server to end");
                return Ok(ExitCode::SUCCESS);
            }
            () = cluster.all_ended() => {
                tracing::error!("all processes have ended");
                return Ok(ExitCode::FAILURE);
            }
            Ok(()) = changes.changed() => write_ready_file(cluster, ready_file.as_deref_mut())?,
        }
    }
}

fn write_ready_file(cluster: &Cluster, ready_file: Option<&mut ReadyFile>) -> anyhow::Result<()> {
    let Some(file) = ready_file else {
        return Ok(());
    };
    file.write(cluster.processes()).with_context(|| {
        format!(
            "cannot write {}: give --ready-file a path in a folder that exists",
            file.path().display()
        )
    })
}

fn cluster_config(options: &Options, logging: Logging) -> anyhow::Result<ClusterConfig> {
    if let Some(path) = &options.web.config {
        let yaml = PbftYaml::read(path)?;
        for warning in &yaml.warnings {
            tracing::warn!("{warning}");
        }
        let web = WebPlan {
            yaml,
            path: path.clone(),
            dump_dir: options.web.dump_dir.clone(),
            keys: key_files(options),
        };
        return Ok(options.cluster.web_config(web, logging)?);
    }
    let base_port = Some(options.places.base_port).filter(|port| *port != 0);
    let host = &options.places.host;
    Ok(options
        .cluster
        .cluster_config(options.processes, host, base_port, logging)?)
}

/// The key files, if given. The command line has either both options or neither.
fn key_files(options: &Options) -> Option<KeyFiles> {
    Some(KeyFiles {
        public: options.web.keys.clone()?,
        secret: options.web.secret_key.clone()?,
    })
}

/// Prints the line of a running process to standard output.
fn say_running(name: &str, port: u16) -> anyhow::Result<()> {
    print(&format!("Process {name} running on port {port}...\n")).context("standard output")
}

/// The ready file, if it was asked for. Removes the file of an earlier start.
fn ready_file(options: &Options) -> anyhow::Result<Option<ReadyFile>> {
    let Some(path) = &options.output.ready_file else {
        return Ok(None);
    };
    let ready_file = ReadyFile::at(path).with_context(|| {
        format!(
            "cannot use {}: give --ready-file a path of its own, in a folder where you may write",
            path.display()
        )
    })?;
    Ok(Some(ready_file))
}

fn announce(
    cluster: &Cluster,
    page: Option<&Page>,
    ready_file: Option<&mut ReadyFile>,
) -> anyhow::Result<()> {
    write_ready_file(cluster, ready_file)?;
    for process in cluster
        .processes()
        .iter()
        .filter(|process| process.ended().is_none())
    {
        say_running(&process.name, process.address.port())?;
    }
    if let Some(page) = page {
        print(&format!("Page: {}\n", page.url())).context("standard output")?;
    }
    Ok(())
}
