//! Why the processes could not be started, and what to do instead.

use std::io;

/// Why [`Cluster::start`](crate::Cluster::start) started nothing.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address in a `pbft.yaml` cannot be used.
    #[error(transparent)]
    Config(#[from] quorate_web::config::ConfigError),
    /// Another program listens on a port that a process needs.
    #[error(
        "port {port} for process {process} is in use: stop what uses it, or choose other ports, with --base-port or in the pbft.yaml"
    )]
    PortInUse {
        /// The port that is taken.
        port: u16,
        /// The process that was to listen on it.
        process: String,
    },
    /// The operating system refuses a port for another reason.
    #[error(
        "process {process} cannot listen on {host} port {port} ({cause}): choose others with --host and --base-port"
    )]
    PortRefused {
        /// The port that was asked for.
        port: u16,
        /// The process that was to listen on it.
        process: String,
        /// The address that was asked for.
        host: String,
        /// What the operating system says.
        cause: io::Error,
    },
    /// The last ports would lie beyond 65535.
    #[error(
        "{processes} processes from port {base_port} on need ports beyond 65535: choose a lower --base-port"
    )]
    PortsEnd {
        /// The first port.
        base_port: u16,
        /// How many are needed.
        processes: u32,
    },
    /// The host has no address here.
    #[error(
        "host '{host}' has no address here ({cause}): use an address of this machine, such as --host 127.0.0.1"
    )]
    UnknownHost {
        /// What `--host` said.
        host: String,
        /// What the resolver says.
        cause: io::Error,
    },
    /// The folder with the keys of processes that are not all started at once cannot be used.
    #[error(
        "{}: {cause}: keys are kept there; choose a --data-dir, or put the configuration, where you may write",
        path.display()
    )]
    KeyFolder {
        /// The folder.
        path: std::path::PathBuf,
        /// What the operating system says.
        cause: io::Error,
    },
    /// The folder holds the keys of others.
    #[error(
        "{} holds the keys of {nodes}, which are others: choose another --data-dir, or stop them if they run",
        path.display()
    )]
    OtherNodes {
        /// The folder.
        path: std::path::PathBuf,
        /// Whose keys they are.
        nodes: String,
    },
    /// The folder holds the state of processes, and not their keys.
    #[error(
        "{} holds what processes remember, but not their keys, which were in keys.json: bring it back, or choose another --data-dir",
        path.display()
    )]
    KeysLost {
        /// The folder.
        path: std::path::PathBuf,
    },
    /// The node runs already.
    #[error("node {index} runs already: stop it first, or start another --index")]
    RunsAlready {
        /// Its index.
        index: usize,
    },
    /// The configuration has no such node.
    #[error("--index {index}: the file lists nodes 0 to {last}")]
    NoSuchNode {
        /// The index that was asked for.
        index: usize,
        /// The last one.
        last: usize,
    },
    /// The operating system gives no random bytes for keys.
    #[error("no random bytes for keys: {0}")]
    NoRandomness(getrandom::Error),
    /// A child could not be started.
    #[error("process {process} could not be started: {cause}")]
    Spawn {
        /// The process.
        process: String,
        /// What the operating system says.
        cause: io::Error,
    },
    /// A child ended before it answered its first call.
    #[error("process {process} ended before it answered ({status}): its own message stands above")]
    Ended {
        /// The process.
        process: String,
        /// How it ended.
        status: String,
    },
    /// A child did not answer in time.
    #[error(
        "process {process} did not answer within {seconds} s ({cause}): see its log above, or try again on a less busy machine"
    )]
    NoAnswer {
        /// The process.
        process: String,
        /// How long was waited.
        seconds: u64,
        /// What its last call said.
        cause: String,
    },
}
