//! The command line.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use clap::error::ErrorKind;
use quorate_cli::arguments::{self, Need};
use quorate_cli::papers::Completions;
use quorate_gather::Group;
use quorate_server::logging::LogFormat;
use quorate_server::options::{
    ClusterOptions, LinkOptions, brief_help, help_with_links, parse_processes, parse_time,
};
use quorate_server::signals::StopSignals;
use quorate_server::{NotPlayed, Play, Restart};

use quorate_node::gather::Join;

/// Starts the processes P, Q, R and S, each an XML-RPC endpoint of its own, and stops them on Ctrl-C.
///
/// With HOST and PORT it starts nodes that know nothing of each other: they find each other, found a cluster, agree on an activity and
/// do it. `server 127.0.0.1 9000` starts one that waits for others. `server 127.0.0.1 9000 3`, in another terminal, starts three that
/// join it.
///
/// Exit status: 0 stopped by Ctrl-C, SIGTERM, SIGHUP or --end-with-stdin, or the activity is over; 1 all processes have ended by themselves, or the nodes
/// have no activity in common; 2 wrong usage, the processes could not be started, or the cluster was founded without this node; 3 too few
/// nodes came in time.
#[derive(Parser)]
#[command(
    name = "server",
    version,
    after_help = brief_help("server --help"),
    after_long_help = help_with_links(),
    override_usage = "server [OPTIONS]\n       server [OPTIONS] HOST PORT [N]\n       server COMMAND",
    args_conflicts_with_subcommands = true
)]
pub(crate) struct Options {
    /// Start nodes that look for others: the address of this machine at which they listen
    #[arg(value_name = "HOST", requires = "meeting_port", conflicts_with_all = KNOWN)]
    pub(crate) meeting_host: Option<String>,
    /// The port of the node; 0: any free port. With N: the port of the node that they join
    #[arg(value_name = "PORT")]
    pub(crate) meeting_port: Option<u16>,
    /// Start so many nodes, on free ports, that join the one at HOST PORT
    #[arg(value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) joining: Option<u32>,
    /// How many processes: P, Q, R, ... Z, P2, Q2, ...
    ///
    /// 3f+1 processes survive f faulty ones: 4 survive one, 7 survive two.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = parse_processes)]
    pub(crate) processes: u32,
    /// When a process that has ended by itself is started again: never, on-failure or always [default: never]
    ///
    /// on-failure:3 tries at most 3 times in a row [default: 10]. The pauses grow from 500 ms to 30 s; a process that has run for 10 s has
    /// started well. The process keeps its port. Without --data-dir it has lost its memory.
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "never",
        hide_default_value = true,
        conflicts_with = "index"
    )]
    pub(crate) restart: Restart,
    /// Play this plan, as `simulate run --plan` prints one: processes, faults, links, stops, requests (docs/plans.md)
    ///
    /// Its times count from when all processes answer. What only the simulator can do is refused.
    #[arg(long, value_name = "FILE", conflicts_with_all = PLANNED)]
    pub(crate) plan: Option<PathBuf>,
    /// Serve a page on loopback that shows what the processes do, with switches for their faults; on any free port, or on PORT
    ///
    /// The address is printed below the processes'. Only whoever has all of it may see and switch. docs/page.md says more.
    #[arg(
        long,
        value_name = "PORT",
        num_args = 0..=1,
        default_missing_value = "0",
        conflicts_with = "index"
    )]
    pub(crate) page: Option<u16>,
    #[command(flatten)]
    pub(crate) cluster: ClusterOptions,
    #[command(flatten)]
    pub(crate) links: LinkOptions,
    #[command(flatten)]
    pub(crate) places: Places,
    #[command(flatten)]
    pub(crate) web: Web,
    #[command(flatten)]
    pub(crate) gather: Gather,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// The commands of `server`.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Make the keys of nodes that run on several machines
    ///
    /// Writes keys.json, the public keys of all nodes, which belongs on every machine, and secret-INDEX.json, the secret key of
    /// each node, which belongs on the machine of that node alone. Start the node there with
    /// `server --config FILE --index INDEX --keys keys.json --secret-key secret-INDEX.json`.
    Keygen(Keygen),
    /// Make the invitations to a cluster, one for each seat
    ///
    /// Writes seat-0.json, seat-1.json and so on. Whoever has the file of a seat may take that seat, and nobody else:
    /// `server HOST PORT --invitation seat-0.json`. Each file is for one node. With invitations, liars from outside take no seats.
    Invite(Invite),
    /// Print the script with which a shell completes the arguments of `server`
    ///
    /// For bash: server completions bash > ~/.local/share/bash-completion/completions/server
    Completions(Completions),
    /// Print the manual page of `server`; read it with: server man | man -l -
    Man,
}

/// The options of `server invite`.
#[derive(clap::Args)]
pub(crate) struct Invite {
    /// How many nodes the cluster will have
    #[arg(long, value_name = "N")]
    pub(crate) seats: u32,
    /// The folder in which the invitations are written
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

/// The options of `server keygen`.
#[derive(clap::Args)]
pub(crate) struct Keygen {
    /// The pbft.yaml that lists the nodes
    #[arg(long = "config", value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The folder in which the keys are written [default: FILE.keys]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// Where the processes listen, and keep their state.
#[derive(clap::Args)]
#[command(next_help_heading = "Where")]
pub(crate) struct Places {
    /// The port of the first process; the others follow. 0: any free ports
    #[arg(long, value_name = "PORT", default_value_t = 8000)]
    pub(crate) base_port: u16,
    /// The address on which the processes listen
    ///
    /// Callers name it in the URL. For 0.0.0.0 they name any IP address of the machine.
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) host: String,
    /// A further host name under which callers may address the processes, repeatable
    #[arg(long, value_name = "NAME")]
    pub(crate) allowed_host: Vec<String>,
    /// Keep keys and state in this folder: a later start with it goes on where this one ended
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

/// PBFT over HTTP/JSON.
#[derive(clap::Args)]
#[command(next_help_heading = "PBFT over HTTP/JSON")]
pub(crate) struct Web {
    /// Serve PBFT over HTTP/JSON too, with the nodes, clients and times of this pbft.yaml
    #[arg(long, value_name = "FILE", conflicts_with_all = ["processes", "base_port", "host"])]
    pub(crate) config: Option<PathBuf>,
    /// With --config: run only this node of the file, counted from 0, and in this very process
    #[arg(long, value_name = "N", conflicts_with = "ready_file")]
    pub(crate) index: Option<u32>,
    /// With --config: have each node write the decided requests to INDEX.dump in this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) dump_dir: Option<PathBuf>,
    /// With --index: the keys.json that `server keygen` has made for the nodes of all machines
    #[arg(long, value_name = "FILE")]
    pub(crate) keys: Option<PathBuf>,
    /// With --keys: the secret-INDEX.json of this node
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_key: Option<PathBuf>,
}

/// The options of nodes that look for others.
#[derive(clap::Args)]
#[command(next_help_heading = "Nodes that look for others, with HOST and PORT")]
pub(crate) struct Gather {
    /// How many nodes the cluster will have [default: 4]
    ///
    /// All nodes must expect as many. 4 survive one liar, 7 survive two.
    #[arg(long, value_name = "N", requires = "meeting_host", conflicts_with_all = KNOWN)]
    pub(crate) expect: Option<u32>,
    /// The group in which nodes find each other [default: default]
    ///
    /// An open group takes whoever comes first. One person with many keys may take many seats, more than the liars that the others
    /// survive. That there is only one cluster is only as good as the way in: for strangers use --invitation.
    #[arg(long, value_name = "NAME", requires = "meeting_host", conflicts_with_all = KNOWN)]
    pub(crate) group: Option<Group>,
    /// A node may be at this address, repeatable. With ID, its 64 digits, nobody else may be there
    #[arg(long, value_name = "[ID@]HOST:PORT", requires = "meeting_host", conflicts_with_all = KNOWN)]
    pub(crate) join: Vec<Join>,
    /// Find no others by multicast DNS, and do not be found by it
    #[arg(long, requires = "meeting_host", conflicts_with_all = KNOWN)]
    pub(crate) no_mdns: bool,
    /// Use multicast DNS on the network of HOST, not on loopback
    #[arg(long, requires = "meeting_host", conflicts_with = "no_mdns", conflicts_with_all = KNOWN)]
    pub(crate) lan: bool,
    /// Take in only nodes that know the secret in this file: `head -c 32 /dev/urandom | base64` makes one
    ///
    /// Whoever knows the secret may take many seats, as in an open group.
    #[arg(long, value_name = "FILE", requires = "meeting_host", conflicts_with_all = KNOWN)]
    pub(crate) secret_file: Option<PathBuf>,
    /// Take the seat of this invitation, which `server invite` made; once for each node that is started
    ///
    /// Only with invitations does each seat have one owner, so that no more than one cluster can be founded.
    #[arg(long, value_name = "FILE", requires = "meeting_host", conflicts_with = "secret_file", conflicts_with_all = KNOWN)]
    pub(crate) invitation: Vec<PathBuf>,
    /// What the node offers to do: auction, vote, work, store [default: auction]
    #[arg(long, value_name = "ACTIVITY,...", requires = "meeting_host", conflicts_with_all = KNOWN)]
    pub(crate) offer: Option<String>,
    /// What the node has, as in cores=4, repeatable
    #[arg(long, value_name = "NAME=NUMBER", requires = "meeting_host", conflicts_with_all = KNOWN)]
    pub(crate) capability: Vec<String>,
    /// A term of the node's offer, repeatable: NAME=NUMBER, of which all members must have as much, least=N or most=N members,
    /// deadline=SLOTS, without=ID,...
    #[arg(long, value_name = "TERM", requires = "meeting_host", conflicts_with_all = KNOWN)]
    pub(crate) constraint: Vec<String>,
    /// What the node would rather do, best first
    #[arg(long, value_name = "ACTIVITY,...", requires = "meeting_host", conflicts_with_all = KNOWN)]
    pub(crate) prefer: Option<String>,
    /// Put this lot up for auction and bid for it, repeatable [default: lamp=AMOUNT, drawn from the node's key]
    #[arg(long, value_name = "LOT=AMOUNT", requires = "meeting_host", conflicts_with_all = KNOWN)]
    pub(crate) bid: Vec<String>,
    /// End once the first activity is over
    #[arg(long, requires = "meeting_host", conflicts_with_all = KNOWN)]
    pub(crate) once: bool,
    /// End if no cluster is founded within this time [default: wait for ever]
    #[arg(long, value_name = "TIME", value_parser = parse_time, requires = "meeting_host", conflicts_with_all = KNOWN)]
    pub(crate) wait: Option<Duration>,
}

/// What does not go with nodes that look for others: the options of processes that know each other.
const KNOWN: [&str; 14] = [
    "plan",
    "page",
    "restart",
    "processes",
    "link",
    "partition",
    "base_port",
    "host",
    "config",
    "index",
    "dump_dir",
    "keys",
    "secret_key",
    "ready_file",
];

/// Why nodes that look for others cannot do what processes that know each other can, and what to do instead.
const UNKNOWN: [(&str, &str); 3] = [
    ("--link", NO_NAMES),
    ("--partition", NO_NAMES),
    (
        "--restart",
        "nodes that look for others are not started again by the server: give them --data-dir, and start one that has ended anew",
    ),
];

const NO_NAMES: &str = "nodes have the names P, Q, ... once their cluster is founded: set its links then, with `client link`";

/// What to do instead of what is refused.
fn advice(refusal: &clap::Error) -> Option<&'static str> {
    let named = refusal.context().map(|(_, value)| value.to_string());
    let named = named.collect::<Vec<_>>().join(" ");
    let is_meeting = refusal.kind() == ErrorKind::ArgumentConflict && named.contains("HOST");
    let mut known = UNKNOWN.iter().filter(|(option, _)| named.contains(option));
    known
        .next()
        .filter(|_| is_meeting)
        .map(|(_, advice)| *advice)
}

/// What a plan says.
const PLANNED: [&str; 8] = [
    "processes",
    "config",
    "faulty",
    "link",
    "partition",
    "seed",
    "view_timeout",
    "batch_limit",
];

/// The options for output.
#[derive(clap::Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Output {
    /// Write names, ports and pids as JSON to this file once all processes answer; remove it at the end
    #[arg(long, value_name = "PATH")]
    pub(crate) ready_file: Option<PathBuf>,
    /// End when standard input ends, as at Ctrl-C: with the program that started this one, however that ends
    #[arg(long)]
    pub(crate) end_with_stdin: bool,
    /// How log lines on standard error look
    #[arg(long, value_enum, default_value_t)]
    pub(crate) log_format: LogFormat,
}

impl Output {
    /// What asks this program to stop.
    pub(crate) fn stop_signals(&self) -> io::Result<StopSignals> {
        let signals = StopSignals::listen()?;
        if self.end_with_stdin {
            signals.or_end_of_input()
        } else {
            Ok(signals)
        }
    }
}

/// The options that need another option.
const NEEDS: [Need; 6] = [
    Need::of("index", &["config"]),
    Need::of("dump_dir", &["config"]),
    Need::of("keys", &["index"]),
    Need::of("keys", &["secret_key"]),
    Need::of("secret_key", &["index"]),
    Need::of("secret_key", &["keys"]),
];

impl Options {
    /// Reads the command line; ends the program if it is wrong, or asks for help.
    pub(crate) fn read() -> Self {
        arguments::read_with_advice(&NEEDS, advice)
    }

    /// The plan to play, if there is one.
    ///
    /// # Errors
    /// Live processes cannot play it.
    pub(crate) fn play(&self) -> Result<Option<Play>, NotPlayed> {
        let lasting = self.places.data_dir.is_some();
        let plan = self.plan.as_ref();
        plan.map(|path| Play::read(path, lasting)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use quorate_cli::pairs::{Together, complaints};

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }

    /// All options that can be used together.
    const TOGETHER: [Together; 6] = [
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
            subcommand: "invite",
            required: &["--seats", "4", "--out", "seats"],
            sets: &[&["seats", "out"]],
        },
        Together {
            subcommand: "keygen",
            required: &["--config", "pbft.yaml"],
            sets: &[&["config", "out"]],
        },
        Together {
            subcommand: "",
            required: &["127.0.0.1", "9000"],
            sets: &[
                &[
                    "no-mdns",
                    "secret-file",
                    "expect",
                    "group",
                    "join",
                    "offer",
                    "capability",
                    "constraint",
                    "prefer",
                    "bid",
                    "once",
                    "wait",
                    "faulty",
                    "seed",
                    "default-decision",
                    "view-timeout",
                    "batch-limit",
                    "decision-timeout",
                    "trace",
                    "allowed-host",
                    "data-dir",
                    "end-with-stdin",
                    "log-format",
                ],
                &[
                    "lan",
                    "invitation",
                    "expect",
                    "group",
                    "join",
                    "offer",
                    "capability",
                    "constraint",
                    "prefer",
                    "bid",
                    "once",
                    "wait",
                    "faulty",
                    "seed",
                    "default-decision",
                    "view-timeout",
                    "batch-limit",
                    "decision-timeout",
                    "trace",
                    "allowed-host",
                    "data-dir",
                    "end-with-stdin",
                    "log-format",
                ],
                &["no-mdns", "invitation"],
                &["lan", "secret-file"],
            ],
        },
        Together {
            subcommand: "",
            required: &[],
            sets: &[
                &[
                    "processes",
                    "page",
                    "restart",
                    "faulty",
                    "link",
                    "partition",
                    "seed",
                    "default-decision",
                    "view-timeout",
                    "batch-limit",
                    "decision-timeout",
                    "trace",
                    "base-port",
                    "host",
                    "allowed-host",
                    "data-dir",
                    "ready-file",
                    "end-with-stdin",
                    "log-format",
                ],
                &[
                    "plan",
                    "page",
                    "restart",
                    "default-decision",
                    "decision-timeout",
                    "trace",
                    "base-port",
                    "host",
                    "allowed-host",
                    "data-dir",
                    "ready-file",
                    "end-with-stdin",
                    "log-format",
                ],
                &[
                    "config",
                    "page",
                    "restart",
                    "dump-dir",
                    "faulty",
                    "link",
                    "partition",
                    "seed",
                    "default-decision",
                    "view-timeout",
                    "batch-limit",
                    "decision-timeout",
                    "trace",
                    "allowed-host",
                    "data-dir",
                    "ready-file",
                    "end-with-stdin",
                    "log-format",
                ],
                &[
                    "config",
                    "index",
                    "keys",
                    "secret-key",
                    "dump-dir",
                    "faulty",
                    "link",
                    "partition",
                    "seed",
                    "default-decision",
                    "view-timeout",
                    "batch-limit",
                    "decision-timeout",
                    "trace",
                    "allowed-host",
                    "data-dir",
                    "end-with-stdin",
                    "log-format",
                ],
            ],
        },
    ];

    #[test]
    fn two_options_mean_something_together_or_are_refused() {
        let value_of = |option: &str| match option {
            "view-timeout" | "decision-timeout" | "wait" => "2s",
            "join" => "127.0.0.1:9001",
            "faulty" => "S=lie",
            "default-decision" => "wait",
            "host" | "allowed-host" => "localhost",
            "restart" => "always",
            _ => "7",
        };
        let complaints = complaints::<Options>(&NEEDS, &TOGETHER, value_of);
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }
}
