//! `server`: starts the processes, says where each one runs, and stops them when told to.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use quorate_server::logging::{LogFormat, Logging};
use quorate_server::options::{self, ClusterOptions};
use quorate_server::signals::StopSignals;
use quorate_server::{Alone, Cluster, ClusterConfig, WebPlan, name_of, ready_file};
use quorate_web::PbftYaml;

/// Starts the processes P, Q, R and S, each an XML-RPC endpoint of its own, and stops them on Ctrl-C.
#[derive(Parser)]
#[command(version, after_help = options::help())]
struct Options {
    #[command(flatten)]
    cluster: ClusterOptions,
    /// The port of the first process; the others follow. 0: any free ports
    #[arg(long, value_name = "PORT", default_value_t = 8000)]
    base_port: u16,
    /// The address on which the processes listen; callers name it in the URL, for 0.0.0.0 any IP address of the machine
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// A further host name under which callers may address the processes, repeatable
    #[arg(long, value_name = "NAME")]
    allowed_host: Vec<String>,
    /// Serve PBFT over HTTP/JSON too, with the nodes, clients and times of this pbft.yaml
    #[arg(long, value_name = "FILE", conflicts_with_all = ["processes", "base_port", "host"])]
    config: Option<PathBuf>,
    /// Run only this node of the file, counted from 0, and in this very process
    #[arg(
        long,
        value_name = "N",
        requires = "config",
        conflicts_with = "ready_file"
    )]
    index: Option<u32>,
    /// Keep keys and state in this folder: whoever starts again with it goes on where it was
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Have each node write the requests that are decided to INDEX.dump in this folder
    #[arg(long, value_name = "DIR", requires = "config")]
    dump_dir: Option<PathBuf>,
    /// Write process names, ports and pids as JSON to this file, once all processes answer; remove it at the end
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
    /// How log lines on standard error look
    #[arg(long, value_enum, default_value_t)]
    log_format: LogFormat,
}

fn main() -> ExitCode {
    if quorate_server::is_replica_call() {
        return quorate_server::replica_main();
    }
    let options = Options::parse();
    run(&options).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(2)
    })
}

#[tokio::main(flavor = "current_thread")]
async fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let logging = Logging {
        format: options.log_format,
        level: "info",
    };
    logging.start()?;
    let mut config = cluster_config(options, logging)?;
    config.allowed_hosts.clone_from(&options.allowed_host);
    config.data_dir.clone_from(&options.data_dir);
    remove_ready_file(options)?;
    let mut signals = StopSignals::listen().context("signal handlers")?;
    if let (Some(index), Some(web)) = (options.index, &config.web) {
        let node = Alone::start(&config, web, index)?;
        let port = web
            .yaml
            .nodes
            .get(index as usize)
            .map_or(0, |node| node.port);
        say_running(&name_of(index), port)?;
        let stopped = async move {
            signals.received().await;
        };
        let crashed = node.run(stopped).await?;
        return Ok(ExitCode::from(u8::from(crashed)));
    }
    let cluster = tokio::select! {
        started = Cluster::start(config) => started?,
        _ = signals.received() => return Ok(ExitCode::SUCCESS),
    };
    if let Err(error) = announce(&cluster, options) {
        cluster.shutdown().await;
        remove_ready_file(options)?;
        return Err(error);
    }
    let exit = tokio::select! {
        _ = signals.received() => ExitCode::SUCCESS,
        () = cluster.all_ended() => {
            tracing::error!("all processes have ended");
            ExitCode::FAILURE
        }
    };
    cluster.shutdown().await;
    remove_ready_file(options)?;
    Ok(exit)
}

fn cluster_config(options: &Options, logging: Logging) -> anyhow::Result<ClusterConfig> {
    if let Some(path) = &options.config {
        let web = WebPlan {
            yaml: PbftYaml::read(path)?,
            path: path.clone(),
            dump_dir: options.dump_dir.clone(),
        };
        return Ok(options.cluster.web_config(web, logging)?);
    }
    let base_port = Some(options.base_port).filter(|port| *port != 0);
    let host = &options.host;
    Ok(options.cluster.cluster_config(host, base_port, logging)?)
}

/// One line on standard output.
fn say_running(name: &str, port: u16) -> anyhow::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "Process {name} running on port {port}...")
        .and_then(|()| output.flush())
        .context("standard output")
}

fn remove_ready_file(options: &Options) -> anyhow::Result<()> {
    let Some(path) = &options.ready_file else {
        return Ok(());
    };
    ready_file::remove(path).with_context(|| {
        format!(
            "cannot remove {}: give --ready-file a path that it may remove",
            path.display()
        )
    })
}

fn announce(cluster: &Cluster, options: &Options) -> anyhow::Result<()> {
    if let Some(path) = &options.ready_file {
        let hint = || {
            format!(
                "cannot write {}: give --ready-file a path in a folder that exists",
                path.display()
            )
        };
        ready_file::write(path, cluster.processes()).with_context(hint)?;
    }
    for process in cluster
        .processes()
        .iter()
        .filter(|process| process.ended().is_none())
    {
        say_running(&process.name, process.address.port())?;
    }
    Ok(())
}
