//! Why the processes could not be started, and what to do instead.

use std::io;

use quorate_node::Differs;

use crate::name_of;

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
        /// The process that needs the port.
        process: String,
    },
    /// The page cannot have its port.
    #[error(
        "the page cannot have port {port} of 127.0.0.1 ({cause}): choose another with --page PORT, or leave PORT out"
    )]
    NoPage {
        /// The port that was asked for.
        port: u16,
        /// The error of the operating system.
        cause: io::Error,
    },
    /// The operating system refuses a port for another reason.
    #[error(
        "process {process} cannot listen on {host} port {port} ({cause}): choose others with --host and --base-port"
    )]
    PortRefused {
        /// The port that was asked for.
        port: u16,
        /// The process that needs the port.
        process: String,
        /// The address that was asked for.
        host: String,
        /// The error of the operating system.
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
    /// The host has no address on this machine.
    #[error(
        "host '{host}' has no address on this machine ({cause}): use an address of this machine, such as --host 127.0.0.1"
    )]
    UnknownHost {
        /// The value of `--host`.
        host: String,
        /// The error of the resolver.
        cause: io::Error,
    },
    /// The key folder, or a file in it, cannot be used.
    #[error(
        "{}: {cause}: it holds keys or counts of starts, so it must be a {kind} that this program may read and write: make it one, or choose another folder with --data-dir",
        path.display()
    )]
    KeyFolder {
        /// The folder or file.
        path: std::path::PathBuf,
        /// `folder` or `file`.
        kind: &'static str,
        /// The error of the operating system.
        cause: io::Error,
    },
    /// A file in the key folder is damaged.
    #[error("{}: {what}", path.display())]
    Damaged {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong with the file, and what to do.
        what: String,
    },
    /// A file of `server keygen` cannot be used.
    #[error(
        "{}: {what}: give --keys the keys.json and --secret-key the secret-INDEX.json of one run of `server keygen`",
        path.display()
    )]
    BadKeyFile {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong with the file.
        what: String,
    },
    /// `server keygen` cannot write a file.
    #[error(
        "{}: {cause}: existing keys are never overwritten: move them away, or choose another folder with --out",
        path.display()
    )]
    KeysNotWritten {
        /// The file or folder.
        path: std::path::PathBuf,
        /// The error of the operating system.
        cause: io::Error,
    },
    /// The folder was written by a version of this program with another format.
    #[error(
        "{} was written by another version of this program, and this one cannot read it: go on with that version, or choose another --data-dir",
        path.display()
    )]
    OtherVersion {
        /// The folder.
        path: std::path::PathBuf,
    },
    /// The folder belongs to a cluster with other keys.
    #[error(
        "{} belongs to a cluster with other keys: stop its nodes if they run, and start with the keys that it was made with, or choose another --data-dir",
        path.display()
    )]
    OtherCluster {
        /// The folder.
        path: std::path::PathBuf,
    },
    /// The folder holds the keys of other nodes.
    #[error(
        "{} holds the keys of other nodes, {nodes}: choose another --data-dir, or stop those nodes if they run",
        path.display()
    )]
    OtherNodes {
        /// The folder.
        path: std::path::PathBuf,
        /// The nodes that the keys belong to.
        nodes: String,
    },
    /// The folder holds the state of processes or the counts of their starts, but not their keys.
    #[error(
        "{} was used by processes whose keys are missing: restore keys.json from a copy, or choose another --data-dir",
        path.display()
    )]
    KeysLost {
        /// The folder.
        path: std::path::PathBuf,
    },
    /// The folder belongs to a cluster whose nodes have something else in common.
    #[error("{} cannot be used: {why}", path.display())]
    OtherRules {
        /// The folder.
        path: std::path::PathBuf,
        /// What differs.
        why: Differs,
    },
    /// The folder has lost the state of too many processes.
    #[error(
        "{} has lost the state of {processes}: a process that lost its memory waits for those that kept theirs, and too few are left. \
         Put the files back, or choose another --data-dir",
        path.display()
    )]
    StateLost {
        /// The folder.
        path: std::path::PathBuf,
        /// The names of the processes.
        processes: String,
    },
    /// The node runs already.
    #[error(
        "node {index} (process {}) runs already with {}: stop it first, {}",
        name_of(*index),
        path.display(),
        if *lasts { "or choose another --data-dir" } else { "or choose a node that does not run with --index" }
    )]
    RunsAlready {
        /// The index of the node.
        index: u32,
        /// The folder that the node uses.
        path: std::path::PathBuf,
        /// Whether the folder is a data directory, not the folder beside a `pbft.yaml`.
        lasts: bool,
    },
    /// The configuration has no such node.
    #[error("--index {index}: the file lists nodes 0 to {last}")]
    NoSuchNode {
        /// The index that was asked for.
        index: usize,
        /// The last index.
        last: usize,
    },
    /// The operating system gives no random bytes for keys or a seed.
    #[error("the operating system gives no random bytes: {0}")]
    NoRandomness(getrandom::Error),
    /// There is no port for the commands of callers.
    #[error("no port of loopback is left for the commands of `client kill` and others: {0}")]
    NoControl(io::Error),
    /// A child could not be started.
    #[error("process {process} could not be started: {cause}")]
    Spawn {
        /// The process.
        process: String,
        /// The error of the operating system.
        cause: io::Error,
    },
    /// A child ended before it answered its first call.
    #[error("process {process} ended before it answered ({status}): see its own message above")]
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
        /// How long the start waited, in seconds.
        seconds: u64,
        /// The error of the last call.
        cause: String,
    },
}
