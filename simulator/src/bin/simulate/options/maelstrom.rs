//! The options of `simulate maelstrom`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr as _;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use clap::{Args, ValueEnum};
use quorate_router::{Conditions, Lie, Partition, Setup, Shown, Work};

use super::Format;

/// The most clients of a linearizability check, whose cost grows with what is under way at once.
const MOST_AT_ONCE: u64 = 8;
/// The most operations of a linearizability check.
const MOST_CHECKED: u64 = 5000;

/// Starts node programs that speak Maelstrom's protocol on standard input and output, carries their messages, sends requests
/// and judges the answers
///
/// Exit status: 0 nothing is wrong, also if no decision is reached with more faulty nodes than are survived; 1 something is
/// wrong; 2 usage, a node that cannot be started, or output that cannot be written; 130 stopped by Ctrl-C; 143 by SIGTERM;
/// 129 by SIGHUP. No node is left running.
#[derive(Args)]
pub(crate) struct Maelstrom {
    /// The node program with its arguments: 'python3 node.py'
    #[arg(long, value_name = "COMMAND", help_heading = "Nodes")]
    bin: String,
    /// Another program for one node: n3='python3 broken.py'
    #[arg(long = "node", value_name = "NODE=COMMAND", help_heading = "Nodes")]
    nodes: Vec<String>,
    /// More arguments for --bin
    #[arg(last = true, value_name = "ARGUMENTS")]
    arguments: Vec<String>,
    /// Number of nodes: n1, n2 and so on
    #[arg(short, help_heading = "Nodes", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=100))]
    n: u16,
    /// What clients ask for
    #[arg(long, help_heading = "Requests", value_enum, default_value_t = Workload::Pbft)]
    workload: Workload,
    /// Number of requests [default: 3, with lin-kv 60]
    #[arg(long, help_heading = "Requests", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    requests: Option<u64>,
    /// Number of clients, each with one request under way [default: 1, with lin-kv 4]
    #[arg(long, help_heading = "Requests", value_parser = clap::value_parser!(u64).range(1..=100))]
    clients: Option<u64>,
    /// Seed of the requests, of latency and loss, and of lies
    #[arg(long, help_heading = "Network and faults", default_value_t = 0)]
    seed: u64,
    /// Milliseconds that a message takes: 10 or 5..20
    #[arg(long, help_heading = "Network and faults", value_name = "MS", default_value = "1..10", value_parser = parse_latency)]
    latency: (Duration, Duration),
    /// Of 100 messages between nodes, so many are lost
    #[arg(long, help_heading = "Network and faults", value_name = "PERCENT", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=100))]
    loss: u8,
    /// Cut these nodes off from the others, from one time to another, counted from the first request: 0s-2s:n1+n2
    #[arg(
        long,
        help_heading = "Network and faults",
        value_name = "FROM-TO:NODES"
    )]
    partition: Vec<String>,
    /// Lose all messages of these nodes
    #[arg(
        long,
        help_heading = "Network and faults",
        value_name = "NODES",
        value_delimiter = ','
    )]
    silent: Vec<String>,
    /// Tamper with what a node says to other nodes: drop (half of it), delay (up to 1 s more), alter (values), equivocate (alter
    /// differently for each recipient)
    #[arg(
        long,
        help_heading = "Network and faults",
        value_name = "NODE=LIE",
        value_delimiter = ','
    )]
    liar: Vec<String>,
    /// How long a request may take, from its start or from the end of the last partition, whichever is later
    #[arg(long, help_heading = "Requests", value_name = "TIME", default_value = "10s", value_parser = parse_timeout)]
    timeout: Duration,
    /// Let nodes take over what others committed; they may then have received too few votes themselves
    #[arg(long, help_heading = "Requests")]
    state_transfer: bool,
    /// Let a slot have several requests
    #[arg(long, help_heading = "Requests")]
    batches: bool,
    /// Send each executed request to the other nodes too; they must know it under the same number
    #[arg(long, help_heading = "Requests")]
    retransmit: bool,
    /// Draw who sent what to whom and when, as an SVG
    #[arg(long, help_heading = "Output", value_name = "FILE")]
    pub(crate) diagram: Option<PathBuf>,
    /// Draw only what is sent from this time on, counted from the first request
    #[arg(long, help_heading = "Output", value_name = "TIME", value_parser = parse_span, requires = "diagram")]
    from: Option<Duration>,
    /// Draw only messages of these types: pre_prepare,prepare,commit
    #[arg(
        long,
        help_heading = "Output",
        value_name = "TYPES",
        value_delimiter = ',',
        requires = "diagram"
    )]
    only: Vec<String>,
    /// Draw at most so many messages. Answers to clients, COMMITs and view changes are drawn beside them
    #[arg(long, help_heading = "Output", default_value_t = 300, value_parser = clap::value_parser!(u16).range(1..=10_000), requires = "diagram")]
    arrows: u16,
    /// Print every message, and what nodes write on standard error
    #[arg(long, help_heading = "Output")]
    log: bool,
    /// For whom the verdict is printed; with json, --log goes to standard error
    #[arg(long, help_heading = "Output", value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Workload {
    /// pbft_request, and pbft_status until every node has executed it
    Pbft,
    /// read, write and cas on few keys, which must be linearizable
    LinKv,
    /// echo: a node gives back what it is told
    Echo,
}

impl Maelstrom {
    /// What is run, and under which conditions.
    ///
    /// # Errors
    /// Options contradict each other; the error says which.
    pub(crate) fn setup(&self) -> anyhow::Result<Setup> {
        let mut command = split(&self.bin).context("--bin")?;
        command.extend(self.arguments.iter().cloned());
        let mut commands = vec![command; usize::from(self.n)];
        for text in &self.nodes {
            let (name, command) = text
                .split_once('=')
                .ok_or_else(|| anyhow!("--node: '{text}' is not NODE=COMMAND"))?;
            let index = self.index(name).context("--node")?;
            commands[index] = split(command).context("--node")?;
        }
        let mut conditions = Conditions {
            seed: self.seed,
            latency: self.latency,
            loss: self.loss,
            silent: self.indexes(&self.silent).context("--silent")?,
            ..Conditions::default()
        };
        for text in &self.liar {
            let (name, lie) = text
                .split_once('=')
                .ok_or_else(|| anyhow!("--liar: '{text}' is not NODE=LIE, as in n2=alter"))?;
            let index = self.index(name).context("--liar")?;
            let lie = Lie::from_str(lie).map_err(|error| anyhow!("--liar: {error}"))?;
            if conditions.silent.contains(&index) {
                bail!(
                    "--liar: {name} is silent and cannot lie; name it in one of --liar and --silent"
                );
            }
            if conditions.liars.insert(index, lie).is_some() {
                bail!("--liar: {name} is named twice; a liar has one lie");
            }
        }
        for text in &self.partition {
            let partition = self.read_partition(text).with_context(|| {
                format!("--partition: '{text}' is not FROM-TO:NODES, as in 0s-2s:n1+n2")
            })?;
            conditions.partitions.push(partition);
        }
        let (work, requests, clients) = match self.workload {
            Workload::Pbft => (Work::Pbft, 3, 1),
            Workload::LinKv => (Work::LinKv, 60, 4),
            Workload::Echo => (Work::Echo, 3, 1),
        };
        if work != Work::Pbft && (self.retransmit || self.state_transfer || self.batches) {
            bail!("--retransmit, --state-transfer and --batches are for --workload pbft");
        }
        if self.n == 1 && (self.loss > 0 || !self.liar.is_empty() || !self.partition.is_empty()) {
            bail!(
                "--loss, --liar and --partition are about messages between nodes, and there is one node: use -n 2 or more"
            );
        }
        let clients = self.clients.unwrap_or(clients);
        if work == Work::LinKv && clients > MOST_AT_ONCE {
            bail!(
                "--clients: the check of lin-kv tries the orders of what was under way at once: at most {MOST_AT_ONCE} clients"
            );
        }
        let requests = self.requests.unwrap_or(requests);
        if work == Work::LinKv && requests > MOST_CHECKED {
            bail!("--requests: lin-kv checks all operations after each: at most {MOST_CHECKED}");
        }
        Ok(Setup {
            commands,
            conditions,
            work,
            requests,
            clients,
            retransmits: self.retransmit,
            batches: self.batches,
            timeout: self.timeout,
            state_transfer: self.state_transfer,
            shown: self.shown(),
            log: self.log,
        })
    }

    fn shown(&self) -> Shown {
        Shown {
            most: self
                .diagram
                .as_ref()
                .map_or(0, |_| usize::from(self.arrows)),
            from: self.from.unwrap_or_default(),
            only: self.only.iter().cloned().collect(),
        }
    }

    fn index(&self, name: &str) -> anyhow::Result<usize> {
        let number = name
            .strip_prefix('n')
            .and_then(|text| text.parse::<u16>().ok());
        match number {
            Some(number) if (1..=self.n).contains(&number) => Ok(usize::from(number - 1)),
            _ => bail!("there is no node '{name}': the nodes are n1 to n{}", self.n),
        }
    }

    fn indexes(&self, names: &[String]) -> anyhow::Result<BTreeSet<usize>> {
        names.iter().map(|name| self.index(name)).collect()
    }

    fn read_partition(&self, text: &str) -> anyhow::Result<Partition> {
        let (times, nodes) = text.split_once(':').context("there is no ':'")?;
        let (from, to) = times.split_once('-').context("there is no '-'")?;
        let (from, to) = (parse_time(from)?, parse_time(to)?);
        if from >= to {
            bail!("it must end after it begins");
        }
        let names: Vec<String> = nodes.split('+').map(str::to_owned).collect();
        let side = self.indexes(&names)?;
        if side.len() == usize::from(self.n) {
            bail!("nobody is left on the other side");
        }
        Ok(Partition { from, to, side })
    }
}

fn split(command: &str) -> anyhow::Result<Vec<String>> {
    let words = shell_words::split(command)
        .with_context(|| format!("'{command}' cannot be split into words"))?;
    if words.is_empty() {
        bail!("there is no program: write --bin 'python3 node.py'");
    }
    Ok(words)
}

/// A time of at most an hour.
fn parse_time(text: &str) -> anyhow::Result<Duration> {
    let time = humantime::parse_duration(text)
        .with_context(|| format!("'{text}' is no time such as 500ms or 2s"))?;
    if time > Duration::from_secs(3600) {
        bail!("'{text}' is longer than an hour");
    }
    Ok(time)
}

fn parse_span(text: &str) -> Result<Duration, String> {
    parse_time(text).map_err(|error| format!("{error:#}"))
}

fn parse_timeout(text: &str) -> Result<Duration, String> {
    match parse_time(text) {
        Ok(Duration::ZERO) => Err("a request takes more than no time".to_owned()),
        Ok(time) => Ok(time),
        Err(error) => Err(format!("{error:#}")),
    }
}

fn parse_latency(text: &str) -> Result<(Duration, Duration), String> {
    let (least, most) = text.split_once("..").unwrap_or((text, text));
    let read = |text: &str| {
        text.parse::<u16>()
            .map(u64::from)
            .map(Duration::from_millis)
    };
    match (read(least), read(most)) {
        (Ok(least), Ok(most)) if least <= most => Ok((least, most)),
        _ => Err("write milliseconds as in 10 or 5..20, up to 65535".to_owned()),
    }
}
