//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use quorate_server::options::{ClusterOptions, help, parse_time};

use crate::decisions::Decisions;
use crate::endpoint::Endpoint;
use crate::target::Purpose;

/// Lets every process send its decision to every other, and prints what each one finally decided.
///
/// Exit status: 0 the correct processes agree, 1 they do not, 2 wrong usage or no server, 3 no decision in time, 130 Ctrl-C.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true, after_help = help())]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) exchange: ExchangeOptions,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What to do instead of the exchange.
#[derive(Subcommand)]
pub(crate) enum Command {
    #[command(flatten)]
    Processes(ProcessCommand),
    /// Be a client of PBFT over HTTP/JSON: send requests to the nodes of a pbft.yaml, and count their replies
    Requests(RequestsOptions),
}

/// What else can be done with the processes of `server`.
#[derive(Subcommand)]
pub(crate) enum ProcessCommand {
    /// Have an operation of the key-value store ordered and executed, such as 'set x=42'
    Submit(SubmitOptions),
    /// Print the value of a key of the key-value store
    Read(ReadOptions),
    /// Show how far each process is: view, watermarks, round, sequence numbers, fault
    Status(StatusOptions),
    /// Make processes faulty while they run: 'Q', 'R=equivocate', ...
    Fault(FaultOptions),
    /// Make processes correct again: those named, or all
    Heal(HealOptions),
    /// Measure whole exchanges: rounds per second, latency, messages and bytes per round
    Bench(BenchOptions),
}

impl ProcessCommand {
    /// The processes that it is about.
    pub(crate) const fn target(&self) -> &TargetOptions {
        match self {
            Self::Submit(options) => &options.target,
            Self::Read(options) => &options.target,
            Self::Status(options) => &options.target,
            Self::Fault(options) => &options.target,
            Self::Heal(options) => &options.target,
            Self::Bench(options) => &options.target,
        }
    }

    /// What it wants of them.
    pub(crate) const fn purpose(&self) -> Purpose {
        match self {
            Self::Bench(_) => Purpose::Exchange,
            Self::Submit(_) | Self::Read(_) | Self::Status(_) | Self::Fault(_) | Self::Heal(_) => {
                Purpose::Question
            }
        }
    }
}

/// The exchange itself.
#[derive(Args)]
pub(crate) struct ExchangeOptions {
    /// What to print; without it: the lines, then the table
    #[arg(long, value_enum)]
    pub(crate) format: Option<ExchangeFormat>,
    /// What the processes send: one decision for all, or NAME=DECISION,... (the others send `attack`)
    #[arg(long, value_name = "DECISION", default_value = "attack")]
    pub(crate) decision: Vec<String>,
    #[command(flatten)]
    pub(crate) target: TargetOptions,
}

/// The exchange, understood.
pub(crate) struct CheckedExchange {
    pub(crate) format: Option<ExchangeFormat>,
    pub(crate) decisions: Decisions,
}

impl ExchangeOptions {
    pub(crate) fn checked(&self) -> anyhow::Result<CheckedExchange> {
        Ok(CheckedExchange {
            format: self.format,
            decisions: Decisions::parse(&self.decision.join(","))?,
        })
    }
}

/// What the exchange prints.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExchangeFormat {
    /// The transcript alone
    Lines,
    /// The table and the sentence alone
    Table,
    /// One JSON object
    Json,
}

/// What `status` and `bench` print.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people
    #[default]
    Table,
    /// One JSON object
    Json,
}

/// What `submit` and `read` print.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum AnswerFormat {
    /// The answer alone
    #[default]
    Lines,
    /// One JSON object
    Json,
}

/// `client submit`.
#[derive(Args)]
pub(crate) struct SubmitOptions {
    /// 'set KEY=VALUE', 'get KEY', 'delete KEY' or 'cas KEY OLD NEW'; several words are joined by spaces
    #[arg(required = true, value_name = "OPERATION")]
    pub(crate) operation: Vec<String>,
    /// Whose request it is: one client's request with one timestamp executes once, however often it is submitted
    #[arg(long, value_name = "NAME", requires = "timestamp")]
    pub(crate) client: Option<String>,
    /// The client's counter, greater than at its request before
    #[arg(long, value_name = "N", requires = "client", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) timestamp: Option<u64>,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: AnswerFormat,
    #[command(flatten)]
    pub(crate) target: TargetOptions,
}

/// `client read`.
#[derive(Args)]
pub(crate) struct ReadOptions {
    /// The key
    #[arg(value_name = "KEY")]
    pub(crate) key: String,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: AnswerFormat,
    #[command(flatten)]
    pub(crate) target: TargetOptions,
}

/// `client status`.
#[derive(Args)]
pub(crate) struct StatusOptions {
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ReportFormat,
    #[command(flatten)]
    pub(crate) target: TargetOptions,
}

/// `client fault`.
#[derive(Args)]
pub(crate) struct FaultOptions {
    /// Who and how, in the words of --faulty: `Q` alone denies everyone, `R=delay:200ms` says everything late
    #[arg(required = true, value_name = "FAULT", value_delimiter = ',')]
    pub(crate) faults: Vec<String>,
    #[command(flatten)]
    pub(crate) target: TargetOptions,
}

/// `client heal`.
#[derive(Args)]
pub(crate) struct HealOptions {
    /// Which processes
    #[arg(value_name = "NAME", value_delimiter = ',')]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) target: TargetOptions,
}

/// `client bench`.
#[derive(Args)]
pub(crate) struct BenchOptions {
    /// How many rounds each client runs
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rounds: u64,
    /// How many clients run rounds at the same time
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1024))]
    pub(crate) clients: u64,
    /// How many rounds each client runs first, without measuring
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) warmup: u64,
    /// Measure the store instead: how many operations each client submits, one after the other
    #[arg(
        long,
        value_name = "N",
        conflicts_with_all = ["rounds", "warmup"],
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pub(crate) operations: Option<u64>,
    /// How many bytes of value each write has
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = 64,
        requires = "operations",
        value_parser = clap::value_parser!(u64).range(1..=4096)
    )]
    pub(crate) payload: u64,
    /// How many of a hundred operations read, by the read-only path
    #[arg(
        long,
        value_name = "PERCENT",
        default_value_t = 0,
        requires = "operations",
        value_parser = clap::value_parser!(u64).range(0..=100)
    )]
    pub(crate) reads: u64,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ReportFormat,
    #[command(flatten)]
    pub(crate) target: TargetOptions,
}

/// `client requests`.
#[derive(Args)]
pub(crate) struct RequestsOptions {
    /// The file that lists the nodes and the clients
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Which of the clients in the file this one is, from 0
    #[arg(long, value_name = "N")]
    pub(crate) id: u64,
    /// How many requests it sends
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) messages: u64,
    /// What it asks for; {} stands for the request's number
    #[arg(long, value_name = "TEXT", default_value = "message {}")]
    pub(crate) data: String,
    /// What to print
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ReportFormat,
}

/// The longest wait for a call to processes whose decision timeout is not known.
const USUAL_TIMEOUT: Duration = Duration::from_secs(15);
/// How much longer a call may take than the decision that it waits for.
const GRACE: Duration = Duration::from_secs(5);

/// The processes to talk to.
#[derive(Args)]
// What is said of processes that run already would be without effect.
#[command(
    mut_arg("faulty", |arg| arg.requires("spawn")),
    mut_arg("default_decision", |arg| arg.requires("spawn")),
    mut_arg("view_timeout", |arg| arg.requires("spawn")),
    mut_arg("decision_timeout", |arg| arg.requires("spawn")),
    mut_arg("batch_limit", |arg| arg.requires("spawn")),
    mut_arg("processes", |arg| arg.conflicts_with("endpoint")),
)]
pub(crate) struct TargetOptions {
    /// Where a process answers: http://HOST:PORT/ or HOST:PORT, repeatable [default: 127.0.0.1:8000, ...:8001 and so on]
    #[arg(
        long,
        value_name = "ENDPOINT",
        value_delimiter = ',',
        conflicts_with = "spawn"
    )]
    pub(crate) endpoint: Vec<Endpoint>,
    /// Start the processes for this one run, and stop them afterwards
    #[arg(long)]
    pub(crate) spawn: bool,
    /// The port of the first process, the others follow [default: 8000, or with --spawn any free ports]
    #[arg(
        long,
        value_name = "PORT",
        conflicts_with = "endpoint",
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    pub(crate) base_port: Option<u16>,
    /// How long one call may take; more than the processes' --decision-timeout [default: 15s, or with --spawn as much as
    /// its --decision-timeout asks for]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    timeout: Option<Duration>,
    #[command(flatten)]
    pub(crate) cluster: ClusterOptions,
}

impl TargetOptions {
    /// How long one call may take.
    pub(crate) fn timeout(&self) -> Duration {
        let needed = if self.spawn {
            self.cluster.decision_timeout.saturating_add(GRACE)
        } else {
            Duration::ZERO
        };
        self.timeout.unwrap_or(USUAL_TIMEOUT.max(needed))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn a_call_may_take_longer_than_the_decision_that_it_waits_for() {
        let timeout = |arguments: &str| {
            let arguments = format!("client {arguments}");
            let options = Options::try_parse_from(arguments.split_whitespace()).unwrap();
            options.exchange.target.timeout().as_secs()
        };
        assert_eq!(timeout(""), 15);
        assert_eq!(timeout("--spawn"), 15);
        assert_eq!(timeout("--spawn --decision-timeout 60s"), 65);
        assert_eq!(timeout("--spawn --decision-timeout 60s --timeout 2s"), 2);
    }
}
