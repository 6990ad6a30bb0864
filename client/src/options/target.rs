//! Where the processes are, or how they are started.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use quorate_server::options::{ClusterOptions, parse_processes, parse_time};

use crate::endpoint::Endpoint;

/// The longest wait for a call to processes whose decision timeout is not known.
const USUAL_TIMEOUT: Duration = Duration::from_secs(15);
/// How much longer a call may take than the decision that it waits for.
const GRACE: Duration = Duration::from_secs(5);

/// The processes to talk to.
#[derive(Args)]
pub(crate) struct TargetOptions {
    #[command(flatten)]
    pub(crate) places: Places,
    #[command(flatten)]
    spawn: SpawnOptions,
}

impl TargetOptions {
    /// How to start the processes, if `--spawn` was given.
    pub(crate) const fn spawned(&self) -> Option<Spawned<'_>> {
        if self.spawn.spawn {
            Some(Spawned {
                cluster: &self.spawn.cluster,
                data_dir: None,
                traced: self.spawn.cluster.trace,
                warns: true,
            })
        } else {
            None
        }
    }
}

/// How to start the processes.
#[derive(Clone, Copy)]
pub(crate) struct Spawned<'a> {
    pub(crate) cluster: &'a ClusterOptions,
    /// The folder in which they keep their state; `None`: they keep it in memory only.
    pub(crate) data_dir: Option<&'a Path>,
    /// Whether they keep a trace.
    pub(crate) traced: bool,
    /// Whether it is said that so many processes, or so many faulty ones, promise nothing.
    pub(crate) warns: bool,
}

/// Where the processes are.
#[derive(Args)]
#[command(next_help_heading = "Where")]
pub(crate) struct Places {
    /// Where a process answers: http://HOST:PORT/ or HOST:PORT, repeatable [default: 127.0.0.1:8000, ...:8001 and so on]
    #[arg(
        long,
        value_name = "ENDPOINT",
        value_delimiter = ',',
        conflicts_with_all = ["base_port", "processes"]
    )]
    pub(crate) endpoint: Vec<Endpoint>,
    /// The port of P; the others follow [default: 8000, or free with --spawn]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) base_port: Option<u16>,
    /// How many processes: P, Q, R, ... Z, P2, Q2, ...
    ///
    /// 3f+1 processes survive f faulty ones: 4 survive one, 7 survive two.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = parse_processes)]
    pub(crate) processes: u32,
    /// How long one call may take [default: 15s, or more with --spawn]
    ///
    /// With --spawn it is 5s more than --decision-timeout if that is longer.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    timeout: Option<Duration>,
}

impl Places {
    /// How long one call may take, to processes that run or are started like this.
    pub(crate) fn timeout(&self, spawned: Option<Spawned<'_>>) -> Duration {
        let needed = spawned.map_or(Duration::ZERO, |spawned| {
            spawned.cluster.decision_timeout.saturating_add(GRACE)
        });
        self.timeout.unwrap_or(USUAL_TIMEOUT.max(needed))
    }

    /// The arguments that name the same processes.
    pub(crate) fn arguments(&self) -> String {
        if !self.endpoint.is_empty() {
            let endpoints: Vec<String> =
                self.endpoint.iter().map(|one| one.0.to_string()).collect();
            return format!(" --endpoint {}", endpoints.join(","));
        }
        let port = self.base_port.map(|port| format!(" --base-port {port}"));
        format!(
            "{} --processes {}",
            port.unwrap_or_default(),
            self.processes
        )
    }
}

/// How the processes are started.
#[derive(Args)]
#[command(next_help_heading = "With --spawn")]
struct SpawnOptions {
    /// Start the processes for this one run, and stop them afterwards
    #[arg(long, help_heading = "Where", conflicts_with = "endpoint")]
    spawn: bool,
    #[command(flatten)]
    cluster: ClusterOptions,
}
