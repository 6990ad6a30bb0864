//! The command line.
//!
//! * [`target`]: the processes to talk to. [`purpose`]: what a command does with them. [`mod@format`]: what is printed.
//!   [`groups`]: the commands in the help.
//! * [`exchange`], [`store`], [`switching`], [`trace`], [`evidence`], [`gathering`], [`mod@bench`], [`requests`]: the options of the commands.

mod bench;
mod evidence;
mod exchange;
mod format;
mod gathering;
mod groups;
mod purpose;
mod requests;
mod store;
mod switching;
mod target;
mod trace;

use std::ffi::OsString;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand};
use quorate_cli::arguments::{self, Need};
use quorate_cli::papers::Completions;
use quorate_server::link;
use quorate_server::options::{brief_help, help, parse_time};

pub(crate) use bench::{BenchFormat, BenchOptions};
pub(crate) use evidence::{AuditOptions, EvidenceOptions, KeysOptions, VerifyOptions};
pub(crate) use exchange::{CheckedExchange, ExchangeOptions};
pub(crate) use format::{AnswerFormat, ExchangeFormat, ReportFormat, SheetFormat};
pub(crate) use gathering::{
    AgreementOptions, AuctionOptions, BidOptions, HappeningsOptions, OffersOptions, Shown,
    VoteOptions, WorkOptions,
};
pub(crate) use purpose::Purpose;
pub(crate) use requests::RequestsOptions;
pub(crate) use store::{ReadOptions, SubmitOptions};
pub(crate) use switching::{
    FaultOptions, HealOptions, LinkOptions, NamedOptions, PauseOptions, StopOptions,
};
pub(crate) use target::{Places, Spawned, TargetOptions};
pub(crate) use trace::TraceOptions;

/// Lets every process send its decision to every other, and prints what each one finally decided.
///
/// Exit status: 0 the correct processes agree and validity holds, 1 agreement or validity is broken, 2 wrong usage or no server,
/// 3 no decision in time, 130 Ctrl-C, 143 SIGTERM, 129 SIGHUP.
#[derive(Parser)]
#[command(
    name = "client",
    version,
    args_conflicts_with_subcommands = true,
    after_help = brief_help("client fault --help"),
    after_long_help = help()
)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) exchange: ExchangeOptions,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// The options that need another option.
const NEEDS: [Need; 15] = [
    of_those_that_it_starts("faulty", "use `client fault` for processes that run"),
    of_those_that_it_starts("seed", ""),
    of_those_that_it_starts("default_decision", ""),
    of_those_that_it_starts("view_timeout", ""),
    of_those_that_it_starts("decision_timeout", ""),
    of_those_that_it_starts("batch_limit", ""),
    of_those_that_it_starts("data_dir", ""),
    of_those_that_it_starts("trace", ""),
    of_those_that_it_starts("page", "use `server --page`"),
    Need::of("client", &["timestamp"]),
    Need::of("key", &["timestamp"]),
    Need::of("timestamp", &["client", "key"]),
    Need::of("payload", &["operations"]),
    Need::of("per_call", &["operations"]),
    Need::of("reads", &["operations"]),
];

/// An option for the processes that `--spawn` starts.
const fn of_those_that_it_starts(option: &'static str, instead: &'static str) -> Need {
    Need {
        option,
        others: &["spawn"],
        instead,
    }
}

impl Options {
    /// Reads the command line, the name of the program first.
    ///
    /// # Errors
    /// The command line is wrong, or asks for the help or the version.
    pub(crate) fn read(
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Result<Self, clap::Error> {
        let options: Self = arguments::try_read_with(arguments, &NEEDS, groups::lay_out)?;
        if let Some(Command::Processes(ProcessCommand::Bench(bench))) = &options.command {
            bench.check().map_err(|message| refusal("bench", message))?;
        }
        Ok(options)
    }

    #[cfg(test)]
    pub(crate) fn try_read(arguments: &[&str]) -> Result<Self, String> {
        Self::read([&["client"], arguments].concat()).map_err(|error| error.to_string())
    }
}

/// Refuses the options of a command, with its usage.
fn refusal(command: &str, message: String) -> clap::Error {
    let mut all = Options::command();
    all.build();
    let mut named = all.find_subcommand(command).cloned().unwrap_or(all);
    named.error(ErrorKind::ValueValidation, message)
}

/// The commands of `client`.
#[derive(Subcommand)]
pub(crate) enum Command {
    #[command(flatten)]
    Processes(ProcessCommand),
    /// Be a client of PBFT over HTTP/JSON, of the nodes of a pbft.yaml
    ///
    /// It sends requests to the nodes, and counts their replies.
    Requests(RequestsOptions),
    /// Check what `client audit --out` has written, without the processes
    ///
    /// It checks every signature, and that each proof holds, and names who is proved faulty. Exit status 0: all of it holds; 1: the
    /// file is refused, because something in it is not valid; 2: a file cannot be read.
    Verify(VerifyOptions),
    /// Print the script with which a shell completes the arguments of `client`
    ///
    /// For bash: client completions bash > ~/.local/share/bash-completion/completions/client
    Completions(Completions),
    /// Print the manual page of `client`; read it with: client man | man -l -
    Man,
}

/// The commands for the processes of `server`.
#[derive(Subcommand)]
pub(crate) enum ProcessCommand {
    /// Have an operation of the key-value store ordered and executed, such as 'set x=42'
    Submit(SubmitOptions),
    /// Print the value of a key of the key-value store
    Read(ReadOptions),
    /// Show how far each process is: view, watermarks, round, sequence numbers, fault
    Status(StatusOptions),
    /// Make processes faulty while they run: 'Q', 'R=equivocate', ...
    #[command(after_long_help = help())]
    Fault(FaultOptions),
    /// Show or set what happens to messages on their way: 'P->Q: cut'
    #[command(after_long_help = link::help())]
    Link(LinkOptions),
    /// Make processes and their links good again: those named, or all
    Heal(HealOptions),
    /// End processes at once, as if they had crashed; `server --restart` says what then becomes of them
    Kill(NamedOptions),
    /// Start processes again, on their ports
    Restart(NamedOptions),
    /// Hold a process up, for a time or until `client resume`
    Pause(PauseOptions),
    /// Let processes that are paused go on
    Resume(NamedOptions),
    /// Stop the server and all its processes
    Stop(StopOptions),
    /// Print what each process sent, received and did, in one order (`server --trace`)
    Trace(TraceOptions),
    /// Print what proves processes faulty, and who has the proof
    Evidence(EvidenceOptions),
    /// Ask all processes for what proves who is faulty, after a disagreement
    ///
    /// Exit status 0: no two processes executed different batches; 1: two did; 2: a process answers what cannot be read.
    Audit(AuditOptions),
    /// Print the public keys of all processes, for `client verify`
    Keys(KeysOptions),
    /// Show the members of the gathering
    Members(Shown),
    /// Show what the members offer
    Offers(OffersOptions),
    /// Show what the members agreed on, and why
    Agreement(AgreementOptions),
    /// Show the lots, one lot with its bids, or put one up: 'auction lamp --open'
    Auction(AuctionOptions),
    /// Bid for a lot: 'bid lamp 75'
    Bid(BidOptions),
    /// Show the questions or one of them, or vote: 'vote lunch rice'
    Vote(VoteOptions),
    /// Show the jobs or one of them, or give one: 'work count 0 100000 8'
    Work(WorkOptions),
    /// Show what has happened in the gathering
    Happenings(HappeningsOptions),
    /// Measure whole exchanges: rounds per second, latency, messages and bytes per round
    Bench(Box<BenchOptions>),
}

impl ProcessCommand {
    /// The options that say where the processes are.
    pub(crate) const fn places(&self) -> &Places {
        match self {
            Self::Submit(options) => &options.target.places,
            Self::Read(options) => &options.target.places,
            Self::Status(options) => &options.target.places,
            Self::Fault(options) => &options.places,
            Self::Link(options) => &options.places,
            Self::Heal(options) => &options.places,
            Self::Kill(options) | Self::Restart(options) | Self::Resume(options) => &options.places,
            Self::Pause(options) => &options.places,
            Self::Stop(options) => &options.places,
            Self::Trace(options) => &options.places,
            Self::Evidence(options) => &options.places,
            Self::Audit(options) => &options.places,
            Self::Keys(options) => &options.places,
            Self::Members(shown) => &shown.places,
            Self::Offers(options) => &options.shown.places,
            Self::Agreement(options) => &options.shown.places,
            Self::Auction(options) => &options.shown.places,
            Self::Bid(options) => &options.shown.places,
            Self::Vote(options) => &options.shown.places,
            Self::Work(options) => &options.shown.places,
            Self::Happenings(options) => &options.shown.places,
            Self::Bench(options) => &options.target.places,
        }
    }

    /// The options that start processes for the command, if there are any.
    pub(crate) fn spawned(&self) -> Option<Spawned<'_>> {
        match self {
            Self::Submit(options) => options.target.spawned(),
            Self::Read(options) => options.target.spawned(),
            Self::Status(options) => options.target.spawned(),
            Self::Bench(options) => options.spawned(),
            Self::Fault(_)
            | Self::Link(_)
            | Self::Heal(_)
            | Self::Kill(_)
            | Self::Restart(_)
            | Self::Pause(_)
            | Self::Resume(_)
            | Self::Stop(_)
            | Self::Trace(_)
            | Self::Evidence(_)
            | Self::Audit(_)
            | Self::Keys(_)
            | Self::Members(_)
            | Self::Offers(_)
            | Self::Agreement(_)
            | Self::Auction(_)
            | Self::Bid(_)
            | Self::Vote(_)
            | Self::Work(_)
            | Self::Happenings(_) => None,
        }
    }

    /// What the command does with the processes.
    pub(crate) const fn purpose(&self) -> Purpose {
        match self {
            Self::Bench(options) => options.purpose(),
            Self::Status(_)
            | Self::Kill(_)
            | Self::Restart(_)
            | Self::Pause(_)
            | Self::Resume(_)
            | Self::Stop(_) => Purpose::Status,
            _ => Purpose::Question,
        }
    }
}

/// `client status`.
#[derive(Args)]
pub(crate) struct StatusOptions {
    /// What to print
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) format: ReportFormat,
    /// Ask again every second, or as often as INTERVAL says ('500ms'), until Ctrl-C. A terminal shows the latest answers only
    #[arg(
        long,
        value_name = "INTERVAL",
        num_args = 0..=1,
        default_missing_value = "1s",
        value_parser = parse_time,
        help_heading = "Output"
    )]
    pub(crate) watch: Option<Duration>,
    #[command(flatten)]
    pub(crate) target: TargetOptions,
}

#[cfg(test)]
mod tests {
    use quorate_cli::pairs::{Together, complaints};

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }

    fn read(arguments: &str) -> Result<Options, String> {
        let arguments: Vec<_> = arguments.split_whitespace().collect();
        Options::try_read(&arguments)
    }

    #[test]
    fn the_short_help_fits_60_lines_of_100_columns() {
        let mut command = groups::lay_out(Options::command().term_width(100));
        let help = command.render_help().to_string();
        assert!(help.lines().count() <= 60, "{help}");
        assert!(
            help.lines().all(|line| line.chars().count() <= 100),
            "{help}"
        );
    }

    #[test]
    fn options_stand_before_or_after_the_command() {
        for line in [
            "--base-port 9000 status --timeout 2s",
            "status --timeout 2s --base-port 9000",
            "--timeout=2s --base-port=9000 status",
        ] {
            let options = read(line).unwrap_or_else(|error| panic!("{error}"));
            let Some(Command::Processes(command)) = options.command else {
                panic!("{line}: it is another command")
            };
            assert_eq!(command.places().base_port, Some(9000), "{line}");
            assert_eq!(command.places().timeout(None).as_secs(), 2, "{line}");
        }
    }

    #[test]
    fn what_follows_an_option_that_may_have_a_value_is_no_value_if_it_is_an_option() {
        for (line, port) in [
            ("--spawn --page --format lines", 0),
            ("--spawn --page 9000 --format lines", 9000),
            ("--page=9000 --spawn --format lines", 9000),
            ("--spawn --format lines --page", 0),
        ] {
            let options = read(line).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(options.exchange.page, Some(port), "{line}");
            assert!(options.exchange.format.is_some(), "{line}");
        }
    }

    #[test]
    fn an_option_that_a_command_does_not_know_is_refused_before_it_too() {
        for (line, advice) in [
            (
                "--base-port 9000 requests --config x --id 0",
                "the option '--base-port' means nothing to the command 'requests'",
            ),
            (
                "--decision wait status",
                "the option '--decision' means nothing to the command 'status'",
            ),
            (
                "--spawn --page status",
                "the option '--page' means nothing to the command 'status'",
            ),
            (
                "--spawn fault Q",
                "the option '--spawn' means nothing to the command 'fault'",
            ),
            (
                "--base-port 9000 status --base-port 9001",
                "'--base-port <PORT>' cannot be used multiple times",
            ),
            (
                "--spawn status --endpoint 127.0.0.1:9000",
                "cannot be used with",
            ),
        ] {
            let error = read(line).map(drop).unwrap_err();
            assert!(error.contains(advice), "{line}: {error}");
        }
    }

    #[test]
    fn an_argument_that_is_no_command_is_named_with_the_commands() {
        for line in ["extra", "--spawn extra", "--spawn -- extra"] {
            let error = read(line).map(drop).unwrap_err();
            assert!(error.contains("unknown argument 'extra'"), "{error}");
            assert!(error.contains("submit, read, status"), "{error}");
        }
        let error = read("--spawn statu").map(drop).unwrap_err();
        assert!(
            error.contains("unknown argument 'statu': did you mean 'status'?"),
            "{error}"
        );
    }

    #[test]
    fn an_option_without_what_it_needs_is_refused_with_both_ways_out() {
        let error = read("--endpoint 127.0.0.1:1 --faulty S=lie")
            .map(drop)
            .unwrap_err();
        assert!(
            error.contains(
                "'--faulty' means something only with '--spawn': add '--spawn', or use `client fault` for processes that run"
            ),
            "{error}"
        );
    }

    #[test]
    fn operations_that_are_no_whole_calls_are_refused_before_anything_starts() {
        let line = "bench --spawn --operations 100 --per-call 64";
        let error = read(line).map(drop).unwrap_err();
        let advice =
            "'--operations 100' is not a multiple of '--per-call 64': use '--operations 128'";
        assert!(error.contains(advice), "{error}");
        assert!(error.contains("Usage: client bench"), "{error}");
        for line in [
            "bench --operations 128 --per-call 64",
            "bench --rounds 7",
            "bench --operations 7",
        ] {
            assert!(read(line).is_ok(), "{line}");
        }
    }

    /// Options that choose processes, and start none.
    macro_rules! places {
        ($($more:literal),*) => {[
            &["endpoint", "timeout", $($more),*] as &[&str],
            &["base-port", "processes", "timeout", $($more),*],
        ]};
    }
    /// Options that choose processes or start them.
    macro_rules! target {
        ($($more:literal),*) => {[
            places!($($more),*)[0],
            places!($($more),*)[1],
            &[
                "spawn", "base-port", "processes", "timeout", "faulty", "seed", "default-decision", "view-timeout",
                "decision-timeout", "batch-limit", "trace", $($more),*
            ],
        ]};
    }

    /// Options of every measurement.
    macro_rules! measured {
        ($($more:literal),*) => {
            target!("format", "clients", "warmup", "runs", "rate", "compare", $($more),*)
        };
    }

    /// All options that can be used together.
    const TOGETHER: [Together; 29] = [
        Together {
            subcommand: "",
            required: &[],
            sets: &[
                target!("format", "decision", "explain", "diagram", "html")[0],
                target!("format", "decision", "explain", "diagram", "html")[1],
                target!("format", "decision", "explain", "diagram", "html", "page")[2],
            ],
        },
        Together {
            subcommand: "submit",
            required: &["get x"],
            sets: &[
                target!("format", "client", "timestamp")[0],
                target!("format", "client", "timestamp")[1],
                target!("format", "client", "timestamp")[2],
                target!("format", "key", "timestamp")[0],
                target!("format", "key", "timestamp")[1],
                target!("format", "key", "timestamp")[2],
            ],
        },
        Together {
            subcommand: "read",
            required: &["x"],
            sets: &target!("format"),
        },
        Together {
            subcommand: "status",
            required: &[],
            sets: &target!("format", "watch"),
        },
        Together {
            subcommand: "fault",
            required: &["Q"],
            sets: &places!("format"),
        },
        Together {
            subcommand: "completions",
            required: &["bash"],
            sets: &[],
        },
        Together {
            subcommand: "man",
            required: &[],
            sets: &[],
        },
        Together {
            subcommand: "link",
            required: &["P->Q: cut"],
            sets: &places!("format", "partition"),
        },
        Together {
            subcommand: "heal",
            required: &[],
            sets: &places!("format"),
        },
        Together {
            subcommand: "kill",
            required: &["Q"],
            sets: &places!("format"),
        },
        Together {
            subcommand: "restart",
            required: &["Q"],
            sets: &places!("format"),
        },
        Together {
            subcommand: "pause",
            required: &["Q", "5s"],
            sets: &places!("format"),
        },
        Together {
            subcommand: "resume",
            required: &["Q"],
            sets: &places!("format"),
        },
        Together {
            subcommand: "stop",
            required: &[],
            sets: &places!(),
        },
        Together {
            subcommand: "trace",
            required: &[],
            sets: &[
                places!("to", "out")[0],
                places!("to", "out")[1],
                places!("html")[0],
                places!("html")[1],
                places!("follow")[0],
                places!("follow")[1],
            ],
        },
        Together {
            subcommand: "evidence",
            required: &[],
            sets: &places!("format"),
        },
        Together {
            subcommand: "audit",
            required: &[],
            sets: &places!("out", "keys"),
        },
        Together {
            subcommand: "keys",
            required: &[],
            sets: &places!(),
        },
        Together {
            subcommand: "verify",
            required: &["audit.jsonl", "--keys", "keys.json"],
            sets: &[&["keys"]],
        },
        Together {
            subcommand: "members",
            required: &[],
            sets: &places!("format"),
        },
        Together {
            subcommand: "offers",
            required: &["P"],
            sets: &places!("format"),
        },
        Together {
            subcommand: "agreement",
            required: &[],
            sets: &places!("format", "next-epoch"),
        },
        Together {
            subcommand: "auction",
            required: &["lamp"],
            sets: &places!("format", "open"),
        },
        Together {
            subcommand: "bid",
            required: &["lamp", "75"],
            sets: &places!("format"),
        },
        Together {
            subcommand: "vote",
            required: &["lunch", "soup", "rice"],
            sets: &places!("format", "ask"),
        },
        Together {
            subcommand: "work",
            required: &["count", "0", "100", "2"],
            sets: &places!("format"),
        },
        Together {
            subcommand: "happenings",
            required: &["3"],
            sets: &places!("format"),
        },
        Together {
            subcommand: "bench",
            required: &[],
            sets: &[
                measured!("rounds")[0],
                measured!("rounds")[1],
                measured!("rounds", "data-dir")[2],
                measured!("operations", "payload", "reads")[0],
                measured!("operations", "payload", "reads")[1],
                measured!("operations", "payload", "reads", "data-dir")[2],
                measured!("operations", "payload", "per-call")[0],
                measured!("operations", "payload", "per-call")[1],
                measured!("operations", "payload", "per-call", "data-dir")[2],
            ],
        },
        Together {
            subcommand: "requests",
            required: &["--config", "pbft.yaml", "--id", "0"],
            sets: &[&["config", "id", "messages", "data", "format"]],
        },
    ];

    #[test]
    fn two_options_mean_something_together_or_are_refused() {
        let value_of = |option: &str| match option {
            "endpoint" => "127.0.0.1:9000",
            "watch" | "timeout" | "view-timeout" | "decision-timeout" => "2s",
            "faulty" => "S=lie",
            "decision" | "default-decision" => "wait",
            "client" => "alice",
            "ask" => "borda",
            "to" => "mermaid",
            _ => "7",
        };
        let complaints = complaints::<Options>(&NEEDS, &TOGETHER, value_of);
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }

    #[test]
    fn a_call_may_take_longer_than_the_decision_that_it_waits_for() {
        let timeout = |arguments: &str| {
            let options = read(arguments).unwrap_or_else(|error| panic!("{error}"));
            let target = &options.exchange.target;
            target.places.timeout(target.spawned()).as_secs()
        };
        assert_eq!(timeout(""), 15);
        assert_eq!(timeout("--spawn"), 15);
        assert_eq!(timeout("--spawn --decision-timeout 60s"), 65);
        assert_eq!(timeout("--spawn --decision-timeout 60s --timeout 2s"), 2);
    }
}
