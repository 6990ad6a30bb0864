//! The command line.

use std::path::PathBuf;

use clap::Parser;
use quorate_cli::arguments::{self, Need};
use quorate_cli::papers::Completions;
use quorate_server::logging::LogFormat;
use quorate_server::options::{ClusterOptions, brief_help, help, parse_processes};

/// Starts the processes P, Q, R and S, each an XML-RPC endpoint of its own, and stops them on Ctrl-C.
///
/// Exit status: 0 stopped by Ctrl-C, SIGTERM or SIGHUP, 1 all processes have ended by themselves, 2 wrong usage, or the processes could
/// not be started.
#[derive(Parser)]
#[command(
    name = "server",
    version,
    after_help = brief_help("server --help"),
    after_long_help = help(),
    args_conflicts_with_subcommands = true
)]
pub(crate) struct Options {
    /// How many processes: P, Q, R, ... Z, P2, Q2, ...
    ///
    /// 3f+1 processes survive f faulty ones: 4 survive one, 7 survive two.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = parse_processes)]
    pub(crate) processes: u32,
    #[command(flatten)]
    pub(crate) cluster: ClusterOptions,
    #[command(flatten)]
    pub(crate) places: Places,
    #[command(flatten)]
    pub(crate) web: Web,
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
    /// Print the script with which a shell completes the arguments of `server`
    ///
    /// For bash: server completions bash > ~/.local/share/bash-completion/completions/server
    Completions(Completions),
    /// Print the manual page of `server`; read it with: server man | man -l -
    Man,
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

/// The options for output.
#[derive(clap::Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Output {
    /// Write names, ports and pids as JSON to this file once all processes answer; remove it at the end
    #[arg(long, value_name = "PATH")]
    pub(crate) ready_file: Option<PathBuf>,
    /// How log lines on standard error look
    #[arg(long, value_enum, default_value_t)]
    pub(crate) log_format: LogFormat,
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
        arguments::read(&NEEDS)
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
    const TOGETHER: [Together; 4] = [
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
            subcommand: "keygen",
            required: &["--config", "pbft.yaml"],
            sets: &[&["config", "out"]],
        },
        Together {
            subcommand: "",
            required: &[],
            sets: &[
                &[
                    "processes",
                    "faulty",
                    "seed",
                    "default-decision",
                    "view-timeout",
                    "batch-limit",
                    "decision-timeout",
                    "base-port",
                    "host",
                    "allowed-host",
                    "data-dir",
                    "ready-file",
                    "log-format",
                ],
                &[
                    "config",
                    "dump-dir",
                    "faulty",
                    "seed",
                    "default-decision",
                    "view-timeout",
                    "batch-limit",
                    "decision-timeout",
                    "allowed-host",
                    "data-dir",
                    "ready-file",
                    "log-format",
                ],
                &[
                    "config",
                    "index",
                    "keys",
                    "secret-key",
                    "dump-dir",
                    "faulty",
                    "seed",
                    "default-decision",
                    "view-timeout",
                    "batch-limit",
                    "decision-timeout",
                    "allowed-host",
                    "data-dir",
                    "log-format",
                ],
            ],
        },
    ];

    #[test]
    fn two_options_mean_something_together_or_are_refused() {
        let value_of = |option: &str| match option {
            "view-timeout" | "decision-timeout" => "2s",
            "faulty" => "S=lie",
            "default-decision" => "wait",
            "host" | "allowed-host" => "localhost",
            _ => "7",
        };
        let complaints = complaints::<Options>(&NEEDS, &TOGETHER, value_of);
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }
}
