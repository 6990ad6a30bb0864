//! All processes of one start.

use std::env;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use quorate_fault::FaultPlan;
use quorate_fault::link::Rules;
use quorate_node::{Common, NodeConfig, WebConfig};
use quorate_protocol::{Config, Quorum, ReplicaId};
use quorate_web::PbftYaml;
use quorate_web::config::{Address, without_brackets};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::control::Control;
use crate::key_folder::{KeyFolder, Place};
use crate::keys::{Keys, draw_seed};
use crate::logging::Logging;
use crate::open_files;
use crate::process::Process;
use crate::shared_keys::{self, KeyFiles};
use crate::supervisor::keeper::{Keeper, Starter};
use crate::supervisor::restart::Restart;
use crate::{StartError, name_of, ports, starting};

/// What to start.
#[derive(Clone, Debug)]
pub struct ClusterConfig {
    /// How many processes.
    pub processes: u32,
    /// The address on which they listen: an IP address or a name of this machine.
    pub host: String,
    /// Further names under which callers may address the processes.
    pub allowed_hosts: Vec<String>,
    /// The port of the first process; the others follow. `None`: any free ports.
    pub base_port: Option<u16>,
    /// Which processes are faulty, and how each misbehaves.
    pub faults: FaultPlan,
    /// What happens to messages between the processes. The times of these rules count from `started_us`.
    pub links: Rules,
    /// When this start began, in microseconds since 1970.
    pub started_us: u64,
    /// The seed of faults that act at random; `None`: a seed drawn at the start.
    pub seed: Option<u64>,
    /// The decision of a tie.
    pub default_decision: String,
    /// How long a backup waits for a request before it asks for the next view.
    pub view_timeout: Duration,
    /// How many requests the primary puts into one slot at most.
    pub batch_limit: u32,
    /// The processes take a checkpoint at least every so many slots. `None`: as their number asks for.
    pub checkpoint_interval: Option<u64>,
    /// How often a process tells the others how far it is. `None`: twice within the view timeout.
    pub status_interval: Option<Duration>,
    /// How long `finalize_decision` waits.
    pub decision_timeout: Duration,
    /// Whether each process keeps a trace of what it does.
    pub trace: bool,
    /// The folder in which keys and state last from one start to the next.
    pub data_dir: Option<PathBuf>,
    /// PBFT over HTTP/JSON: the processes are the nodes of a `pbft.yaml`, each at its address in the file.
    pub web: Option<WebPlan>,
    /// When a process that has ended by itself is started again.
    pub restart: Restart,
    /// Whether others may have the processes killed, paused and started again, by calls on loopback.
    pub control: bool,
    /// How the children log.
    pub logging: Logging,
    /// The program that runs one process when called with `replica`; `None`: this program.
    pub executable: Option<PathBuf>,
}

/// A `pbft.yaml`, and the settings of its nodes that are not in the file.
#[derive(Clone, Debug)]
pub struct WebPlan {
    /// The contents of the file.
    pub yaml: PbftYaml,
    /// The path of the file.
    pub path: PathBuf,
    /// The folder in which each node writes the decided requests to `INDEX.dump`.
    pub dump_dir: Option<PathBuf>,
    /// The keys of the one node that is started here; `None`: the nodes of one machine make keys and share them.
    pub keys: Option<KeyFiles>,
}

/// Processes under supervision. Dropping a cluster kills them; [`Cluster::shutdown`] lets them end in order.
#[derive(Debug)]
pub struct Cluster {
    processes: Vec<Process>,
    keepers: JoinSet<()>,
    stop: watch::Sender<bool>,
    /// Whether a caller has asked this program to end.
    told_to_end: watch::Receiver<bool>,
    changes: watch::Sender<()>,
    control: JoinSet<io::Result<()>>,
    end_control: Option<oneshot::Sender<()>>,
}

impl Cluster {
    /// Binds all ports, then starts all processes, then waits until each answers calls. A process that is configured to
    /// crash may have ended instead.
    ///
    /// # Errors
    /// A port is taken, or a process does not start; then nothing is left running.
    pub async fn start(config: ClusterConfig) -> Result<Self, StartError> {
        let listeners = match &config.web {
            Some(web) => ports::bind_these(&web.yaml)?,
            None => ports::bind_all(&config.host, config.base_port, config.processes)?,
        };
        let control = config.control.then(Control::bind).transpose();
        let control = control.map_err(StartError::NoControl)?;
        let node_configs = node_configs(&config, &listeners)?;
        let (tell_to_end, told_to_end) = watch::channel(false);
        let mut cluster = Self {
            processes: Vec::new(),
            keepers: JoinSet::new(),
            stop: watch::Sender::new(false),
            told_to_end,
            changes: watch::Sender::new(()),
            control: JoinSet::new(),
            end_control: None,
        };
        for ((mut node_config, place), listener) in node_configs.into_iter().zip(listeners) {
            node_config.control = control.as_ref().map(|control| control.address);
            cluster
                .start_process(&config, node_config, place, listener)
                .await?;
        }
        starting::wait_until_all_answer(&cluster.processes).await?;
        if let Some(control) = control {
            cluster.serve(control, tell_to_end);
        }
        Ok(cluster)
    }

    /// The processes, in index order.
    #[must_use]
    pub fn processes(&self) -> &[Process] {
        &self.processes
    }

    /// Waits until every process has ended on its own, and none is started again.
    pub async fn all_ended(&self) {
        for process in &self.processes {
            process.end_for_good().await;
        }
    }

    /// Waits until a caller asks this program to end.
    pub async fn told_to_end(&self) {
        let mut told = self.told_to_end.clone();
        if told.wait_for(|told| *told).await.is_err() {
            // It takes no commands.
            std::future::pending::<()>().await;
        }
    }

    /// What changes whenever a process has ended, or was started again, or paused.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Asks every process to end, and kills those that take too long.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        while self.keepers.join_next().await.is_some() {}
        drop(self.end_control);
        while self.control.join_next().await.is_some() {}
    }

    fn serve(&mut self, control: Control, tell_to_end: watch::Sender<bool>) {
        let (end, ended) = oneshot::channel::<()>();
        let ended = async {
            let _ = ended.await;
        };
        self.control
            .spawn(control.serve(self.processes.clone(), tell_to_end, ended));
        self.end_control = Some(end);
    }

    async fn start_process(
        &mut self,
        config: &ClusterConfig,
        node_config: NodeConfig,
        place: Option<Place>,
        listener: TcpListener,
    ) -> Result<(), StartError> {
        let name = name_of(node_config.index);
        let failed = |cause| StartError::Spawn {
            process: name.clone(),
            cause,
        };
        let address = ports::address_of(&listener).map_err(failed)?;
        let executable = config
            .executable
            .clone()
            .map_or_else(env::current_exe, Ok)
            .map_err(failed)?;
        let fault = node_config.fault.clone();
        let starter = Starter {
            name: name.clone(),
            executable,
            config: node_config,
            listener,
            logging: config.logging,
            restart: config.restart,
            _place: place,
        };
        let started = Keeper::start(starter, self.changes.clone()).await;
        let (keeper, standing) = started.map_err(failed)?;
        let (orders, commands) = mpsc::channel(1);
        self.processes.push(Process {
            name,
            address,
            fault,
            standing,
            orders,
        });
        self.keepers
            .spawn(keeper.keep(commands, self.stop.subscribe()));
        Ok(())
    }
}

/// The configuration of each process. A process that joins a key folder also has a place in that folder.
fn node_configs(
    config: &ClusterConfig,
    listeners: &[TcpListener],
) -> Result<Vec<(NodeConfig, Option<Place>)>, StartError> {
    let addresses = (0..).zip(listeners).map(|(index, listener)| {
        ports::address_of(listener).map_err(|cause| StartError::Spawn {
            process: name_of(index),
            cause,
        })
    });
    let addresses = addresses.collect::<Result<Vec<_>, _>>()?;
    let seed = config.seed.map_or_else(draw_seed, Ok)?;
    let Some(folder) = config.key_folder() else {
        let keys = Keys::generate(config.processes)?;
        return Ok((0..config.processes)
            .map(|index| {
                (
                    node_config(config, seed, &addresses, &keys, index, None),
                    None,
                )
            })
            .collect());
    };
    let joined = (0..config.processes).map(|index| {
        let (keys, place) = folder.join(index as usize)?;
        let node_config = node_config(config, seed, &addresses, &keys, index, Some(&place));
        Ok((node_config, Some(place)))
    });
    let joined = joined.collect::<Result<Vec<_>, StartError>>()?;
    refuse_if_too_many_are_lost(config, joined.iter().map(|(node_config, _)| node_config))?;
    Ok(joined)
}

/// Refuses to start a cluster in which more than f processes have lost their state: none of them could ever vote again.
fn refuse_if_too_many_are_lost<'a>(
    config: &ClusterConfig,
    processes: impl Iterator<Item = &'a NodeConfig>,
) -> Result<(), StartError> {
    let (Some(path), Some(n)) = (&config.data_dir, NonZeroU32::new(config.processes)) else {
        return Ok(());
    };
    let lost: Vec<String> = processes
        .filter(|process| process.life > 0)
        .filter(|process| process.data.as_ref().is_some_and(|data| !data.exists()))
        .map(|process| name_of(process.index))
        .collect();
    if lost.len() > Quorum::of(n).f() as usize {
        return Err(StartError::StateLost {
            path: path.clone(),
            processes: lost.join(", "),
        });
    }
    Ok(())
}

impl ClusterConfig {
    /// The folder of the keys, if keys must outlive this start or are shared with nodes that start separately.
    fn key_folder(&self) -> Option<KeyFolder> {
        let nodes = || match &self.web {
            Some(web) => web.yaml.nodes.iter().map(ToString::to_string).collect(),
            None => (0..self.processes).map(name_of).collect(),
        };
        let common = self.common();
        match (&self.data_dir, &self.web) {
            (Some(folder), _) => Some(KeyFolder::lasting(folder, nodes(), common)),
            (None, Some(web)) => Some(KeyFolder::beside(&web.path, nodes(), common)),
            (None, None) => None,
        }
    }

    /// What all processes have in common. A process may take more checkpoints than were asked for.
    fn common(&self) -> Common {
        let web = self.web.as_ref().map(|web| &web.yaml);
        let n = web.map_or(self.processes, |yaml| {
            u32::try_from(yaml.nodes.len()).unwrap_or(u32::MAX)
        });
        let quorum = Quorum::of(NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN));
        let usual = Config::new(ReplicaId(0), quorum);
        let protocol = match self.checkpoint_interval {
            Some(interval) => usual.with_checkpoint_interval(interval),
            None => usual,
        };
        Common {
            checkpoint_interval: protocol.checkpoint_interval,
            default_decision: self.default_decision.clone(),
            limits: protocol.limits,
        }
    }
}

fn node_config(
    config: &ClusterConfig,
    seed: u64,
    addresses: &[SocketAddr],
    keys: &Keys,
    index: u32,
    place: Option<&Place>,
) -> NodeConfig {
    let mut allowed_hosts = config.allowed_hosts.clone();
    allowed_hosts.push(url_host(&config.host));
    let yaml = config.web.as_ref().map(|web| &web.yaml);
    allowed_hosts.extend(
        yaml.iter()
            .flat_map(|yaml| yaml.nodes.iter().map(Address::url_host)),
    );
    NodeConfig {
        index,
        addresses: addresses.to_vec(),
        cluster: keys.cluster,
        secret_key: keys.secret_of(index as usize),
        public_keys: keys.public.clone(),
        fault: config.faults.behaviour_of(index).map(str::to_owned),
        seed,
        default_decision: config.default_decision.clone(),
        view_timeout_ms: milliseconds(config.view_timeout),
        batch_limit: config.batch_limit,
        decision_timeout_ms: milliseconds(config.decision_timeout),
        trace: config.trace,
        allowed_hosts,
        life: place.map_or(0, |place| place.life),
        starts: place.map(|place| place.starts.clone()),
        data: config
            .data_dir
            .as_ref()
            .map(|folder| folder.join(format!("{}.redb", name_of(index)))),
        checkpoint_interval: config.checkpoint_interval,
        status_interval_ms: config.status_interval.map(milliseconds),
        links: config.links.texts(),
        started_us: config.started_us,
        control: None,
        loss_percent: yaml.map_or(0.0, |yaml| yaml.loss_percent),
        web: config.web.as_ref().map(|web| web.config(index)),
    }
}

/// The host as it is written in `Host` headers.
fn url_host(host: &str) -> String {
    let address = Address {
        host: without_brackets(host).to_owned(),
        port: 0,
    };
    address.url_host()
}

impl WebPlan {
    fn config(&self, index: u32) -> WebConfig {
        let nodes = self.yaml.nodes.iter();
        let dump = self.dump_dir.as_ref();
        WebConfig {
            urls: nodes.map(|node| format!("http://{node}")).collect(),
            clients: self.yaml.clients.clone(),
            reply_timeout_ms: milliseconds(self.yaml.network_timeout),
            dump: dump.map(|folder| folder.join(format!("{index}.dump"))),
        }
    }
}

/// One node of a `pbft.yaml`, in this process of the operating system.
#[derive(Debug)]
pub struct Alone {
    config: NodeConfig,
    listener: TcpListener,
    _place: Place,
}

impl Alone {
    /// Takes the place of node `index`: binds its port, and gets the keys that the nodes share.
    ///
    /// # Errors
    /// There is no such node, its port is taken, or it runs already.
    pub fn start(config: &ClusterConfig, web: &WebPlan, index: u32) -> Result<Self, StartError> {
        let nodes = &web.yaml.nodes;
        if index as usize >= nodes.len() {
            return Err(StartError::NoSuchNode {
                index: index as usize,
                last: nodes.len().saturating_sub(1),
            });
        }
        let listener = ports::bind_this(&web.yaml, index)?;
        let addresses = ports::addresses_of(&web.yaml)?;
        let folder = config.key_folder();
        let mut folder =
            folder.unwrap_or_else(|| KeyFolder::beside(&web.path, Vec::new(), config.common()));
        if let Some(files) = &web.keys {
            folder = folder.with_keys(shared_keys::read(files, &web.yaml, index as usize)?);
        }
        let (keys, place) = folder.join(index as usize)?;
        if web.keys.is_some() && place.life > 0 && config.data_dir.is_none() {
            tracing::warn!(
                "node {index} was started before under these keys, and has no --data-dir: its memory is lost. It takes part again once enough nodes that kept their memory make progress; if all nodes were stopped, run `server keygen` again"
            );
        }
        Ok(Self {
            config: node_config(
                config,
                config.seed.map_or_else(draw_seed, Ok)?,
                &addresses,
                &keys,
                index,
                Some(&place),
            ),
            listener,
            _place: place,
        })
    }

    /// Runs until `shutdown` completes. Returns whether the node ended earlier because its fault is to crash. Calls `started`
    /// once the node is certain to answer calls.
    ///
    /// # Errors
    /// The listener or the node's data cannot be used, or `started` fails.
    pub async fn run(
        self,
        started: impl FnOnce() -> anyhow::Result<()>,
        shutdown: impl Future<Output = ()> + Send,
    ) -> anyhow::Result<bool> {
        open_files::raise();
        let ending = quorate_node::run(self.config, self.listener, started, shutdown).await?;
        Ok(ending == quorate_node::Ending::Crashed)
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
