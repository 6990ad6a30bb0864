//! Starts the processes, watches over them, and stops them: one operating-system process each.
//!
//! * [`Cluster`]: start, watch, shut down.
//! * [`Restart`], [`State`]: what becomes of a process that has ended, and what a process is doing.
//! * [`child_call`]: what a child runs. The binaries start themselves again with a hidden argument.
//! * [`Page`]: the page of processes that run. [`traces`]: their traces, read page by page.
//! * [`gather`]: nodes that look for others.
//! * [`options`]: the command-line options that every binary which starts processes shares.
//! * [`ready_file`], [`logging`], [`signals`]: what the binaries need around a cluster.

// They panic where nobody reads; `quorate_cli::console` does not.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod call;
mod child;
mod cluster;
mod control;
mod error;
pub mod gather;
mod key_folder;
mod keys;
pub mod logging;
mod names;
mod open_files;
pub mod options;
mod page;
mod parent;
mod play;
mod ports;
mod process;
pub mod ready_file;
mod replica;
pub mod shared_keys;
pub mod signals;
mod starting;
mod state;
mod supervisor;
pub mod traces;

pub use call::child_call;
pub use cluster::{Alone, Cluster, ClusterConfig, WebPlan};
pub use error::StartError;
pub use names::{index_of, name_of};
pub use page::{Onlookers, Page, Shown};
pub use play::{NotPlayed, Play};
pub use ports::port_of;
pub use process::Process;
pub use quorate_fault::link::{self, Rules as LinkRules};
pub use quorate_fault::{Bound, FaultPlan, Scene};
pub use quorate_node::since_1970;
pub use quorate_service::exchange::check_decision;
pub use state::State;
pub use supervisor::restart::Restart;
