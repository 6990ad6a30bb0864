//! `server`: starts the processes, says where each one runs, and stops them when told to.

mod options;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use quorate_server::logging::Logging;
use quorate_server::shared_keys::{self, KeyFiles};
use quorate_server::signals::StopSignals;
use quorate_server::{Alone, Cluster, ClusterConfig, WebPlan, name_of, ready_file};
use quorate_web::PbftYaml;

use crate::options::{Command, Keygen, Options};

fn main() -> ExitCode {
    if quorate_server::is_replica_call() {
        return quorate_server::replica_main();
    }
    let options = Options::read();
    let ended = match &options.command {
        Some(Command::Keygen(keygen)) => make_keys(keygen),
        None => run(&options),
    };
    ended.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(2)
    })
}

/// Makes keys, and prints the paths of the files.
fn make_keys(options: &Keygen) -> anyhow::Result<ExitCode> {
    let yaml = PbftYaml::read(&options.file)?;
    let folder = options.out.clone().unwrap_or_else(|| {
        let mut name = options.file.clone().into_os_string();
        name.push(".keys");
        name.into()
    });
    let mut output = io::stdout().lock();
    for path in shared_keys::generate(&yaml, &folder)? {
        writeln!(output, "{}", path.display()).context("standard output")?;
    }
    output.flush().context("standard output")?;
    Ok(ExitCode::SUCCESS)
}

#[tokio::main(flavor = "current_thread")]
async fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let logging = Logging {
        format: options.output.log_format,
        level: "info",
    };
    logging.start()?;
    let mut config = cluster_config(options, logging)?;
    config
        .allowed_hosts
        .clone_from(&options.places.allowed_host);
    config.data_dir.clone_from(&options.places.data_dir);
    remove_ready_file(options)?;
    let mut signals = StopSignals::listen().context("signal handlers")?;
    if let (Some(index), Some(web)) = (options.web.index, &config.web) {
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

/// The command line has either both of them or none.
fn key_files(options: &Options) -> Option<KeyFiles> {
    Some(KeyFiles {
        public: options.web.keys.clone()?,
        secret: options.web.secret_key.clone()?,
    })
}

/// One line on standard output.
fn say_running(name: &str, port: u16) -> anyhow::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "Process {name} running on port {port}...")
        .and_then(|()| output.flush())
        .context("standard output")
}

fn remove_ready_file(options: &Options) -> anyhow::Result<()> {
    let Some(path) = &options.output.ready_file else {
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
    if let Some(path) = &options.output.ready_file {
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
