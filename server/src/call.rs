//! How a binary finds out that it is a child.

use std::process::ExitCode;

use crate::child::Role;
use crate::{gather, replica};

/// If this program was started by its parent, to run one of the processes: what runs the process. It takes its configuration
/// from standard input and its listener from the parent, and ends when standard input does. To be called before any thread is
/// started.
#[must_use]
pub fn child_call() -> Option<fn() -> ExitCode> {
    let role = Role::with_argument(&std::env::args_os().nth(1)?)?;
    Some(match role {
        Role::Replica => replica::replica_main,
        Role::Gatherer => gather::child_main,
    })
}
