//! Starts the nodes, initialises them, plays the workload, and carries every message.

mod carry;
mod conclude;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::num::NonZeroU32;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use quorate_protocol::Quorum;

use self::carry::Due;
use super::calls::Calls;
use super::flight::{Flights, Shown};
use super::network::{Conditions, Loss, Network};
use super::node::{Node, Output, Unfinished};
use super::schedule::Schedule;
use super::verdict::Verdict;
use super::workload::{Cluster, Options, Workload, init, make};

/// How long the nodes have to answer `init`; an interpreter on a busy machine may take seconds to start.
const START: Duration = Duration::from_secs(30);
/// How long the router goes on after the first finding. Later findings may explain more.
const GRACE: Duration = Duration::from_secs(1);
/// The longest time between two checks of the router.
const TICK: Duration = Duration::from_millis(100);
/// How many outputs of nodes wait for the router.
const OUTPUTS: usize = 64;

pub use super::workload::Work;

/// The settings of a run.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The program of each node, with its arguments.
    pub commands: Vec<Vec<String>>,
    /// The settings of the network.
    pub conditions: Conditions,
    /// What clients ask for.
    pub work: Work,
    /// How many requests.
    pub requests: u64,
    /// From how many clients.
    pub clients: u64,
    /// How long a request may take.
    pub timeout: Duration,
    /// Whether a node may take over batches that others have committed.
    pub state_transfer: bool,
    /// Whether an executed request is sent to the other nodes too, which must know it.
    pub retransmits: bool,
    /// Whether a slot may have several requests.
    pub batches: bool,
    /// Which messages are kept for the diagram.
    pub shown: Shown,
    /// Whether each message and each log line is printed.
    pub log: bool,
}

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A node cannot be started.
    #[error("cannot start {node} with '{command}'")]
    Start {
        /// The node.
        node: String,
        /// Its command.
        command: String,
        /// The cause.
        source: io::Error,
    },
}

/// How a workload ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// There is nothing more to be done or to be waited for.
    Over,
    /// The run was stopped from outside.
    Stopped,
}

/// Running nodes. Dropping this kills them.
pub struct Run<'a> {
    setup: Setup,
    cluster: Cluster,
    nodes: Vec<Node>,
    outputs: Receiver<(usize, Output)>,
    /// Keeps `outputs` open, so that the router can wait for it when all nodes have ended.
    _output: SyncSender<(usize, Output)>,
    schedule: Schedule<Due>,
    network: Network,
    calls: Calls,
    started: Instant,
    /// Whether the run was ended before its time, because of faults.
    cut_short: bool,
    /// When all nodes were initialised.
    ready: Option<Duration>,
    /// The messages and bytes of each node that are in flight.
    under_way: Vec<(usize, usize)>,
    /// The nodes whose output has ended, with the time.
    closed: BTreeMap<usize, Duration>,
    /// The nodes from which no more lines are taken: they have ended, closed their output, or flood.
    gone: BTreeSet<usize>,
    /// The line that each node has begun and not ended, and since when.
    unfinished: Vec<(Option<Unfinished>, Duration)>,
    /// Nodes that were told so.
    told_of_line: BTreeSet<usize>,
    /// When the nodes were last checked.
    looked: Duration,
    sent: Vec<u64>,
    messages: u64,
    lost: BTreeMap<Loss, u64>,
    altered: u64,
    flights: Flights,
    stopped: &'a dyn Fn() -> bool,
    tell: &'a dyn Fn(&str),
}

impl<'a> Run<'a> {
    /// Starts the nodes. The run ends soon after `stopped` returns true. `tell` receives the lines of the log.
    ///
    /// # Errors
    /// A node cannot be started.
    pub fn start(
        setup: Setup,
        stopped: &'a dyn Fn() -> bool,
        tell: &'a dyn Fn(&str),
    ) -> Result<Self, Failure> {
        let n = setup.commands.len();
        let names: Vec<String> = (1..=n).map(|number| format!("n{number}")).collect();
        let named = |index: &usize| names.get(*index).cloned();
        let cluster = Cluster {
            quorum: Quorum::of(
                u32::try_from(n)
                    .ok()
                    .and_then(NonZeroU32::new)
                    .unwrap_or(NonZeroU32::MIN),
            ),
            silent: setup.conditions.silent.iter().filter_map(named).collect(),
            liars: setup.conditions.liars.keys().filter_map(named).collect(),
            names,
        };
        let (output, outputs) = sync_channel(OUTPUTS);
        let mut nodes = Vec::new();
        for (index, command) in setup.commands.iter().enumerate() {
            let node = Node::start(command, index, &output, setup.log);
            nodes.push(node.map_err(|source| Failure::Start {
                node: cluster.names[index].clone(),
                command: shell_words::join(command),
                source,
            })?);
        }
        Ok(Self {
            cluster,
            nodes,
            outputs,
            _output: output,
            schedule: Schedule::default(),
            network: Network::new(n, setup.conditions.clone()),
            calls: Calls::new(!setup.conditions.liars.is_empty()),
            started: Instant::now(),
            cut_short: false,
            ready: None,
            under_way: vec![(0, 0); n],
            closed: BTreeMap::new(),
            gone: BTreeSet::new(),
            unfinished: vec![(None, Duration::ZERO); n],
            told_of_line: BTreeSet::new(),
            looked: Duration::ZERO,
            sent: vec![0; n],
            messages: 0,
            lost: BTreeMap::new(),
            altered: 0,
            flights: Flights::new(setup.shown.clone()),
            setup,
            stopped,
            tell,
        })
    }

    /// Plays the workload to its end, or until the run is stopped.
    #[must_use]
    pub fn play(mut self) -> Verdict {
        let mut first = init(self.cluster.clone(), START);
        let mut end = self.drive(&mut *first);
        let mut work: Option<Box<dyn Workload>> = None;
        if end == End::Over && self.calls.findings.is_empty() {
            self.ready = Some(self.now());
            let calm = self
                .setup
                .conditions
                .partitions
                .iter()
                .map(|one| one.to)
                .max();
            let options = Options {
                requests: self.setup.requests,
                clients: self.setup.clients,
                timeout: self.setup.timeout,
                calm: calm.unwrap_or_default(),
                state_transfer: self.setup.state_transfer,
                retransmits: self.setup.retransmits,
                batches: self.setup.batches,
                seed: self.setup.conditions.seed,
            };
            let mut workload = make(self.setup.work, self.cluster.clone(), options);
            end = self.drive(&mut *workload);
            work = Some(workload);
        }
        self.conclude(work.as_deref(), end == End::Stopped)
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// The time for the workload.
    fn since_ready(&self) -> Duration {
        self.now().saturating_sub(self.ready.unwrap_or_default())
    }

    fn drive(&mut self, workload: &mut dyn Workload) -> End {
        let mut first_fault = None;
        loop {
            if (self.stopped)() {
                return End::Stopped;
            }
            let now = self.now();
            while let Some(due) = self.schedule.take(now) {
                self.deliver(due, workload);
            }
            workload.wake(self.since_ready(), &mut self.calls);
            for message in self.calls.take_outgoing() {
                self.send(None, message);
            }
            self.look_at_nodes();
            if !self.calls.findings.is_empty() {
                let first = *first_fault.get_or_insert(now);
                if now >= first + GRACE {
                    self.cut_short = true;
                    return End::Over;
                }
            }
            if workload.is_over(self.since_ready()) && self.closed.is_empty() {
                return End::Over;
            }
            let ready = self.ready.unwrap_or_default();
            let next = workload.next().map(|at| at + ready);
            let next = next.into_iter().chain(self.schedule.next()).min();
            let wait = next.map_or(TICK, |at| at.saturating_sub(self.now()).min(TICK));
            self.listen(wait);
        }
    }
}

impl fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("setup", &self.setup)
            .finish_non_exhaustive()
    }
}
