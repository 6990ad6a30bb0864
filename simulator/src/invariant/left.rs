//! Left: no correct process follows a primary that it has proved faulty.

use quorate_protocol::{ReplicaId, View};

use crate::process::Process;

/// The rule.
pub const RULE: &str = "rule 30: no correct process is in a view whose primary it has proved faulty, unless it must not ask for \
     another one because it has lost its memory";

/// A correct process follows a primary that it has proved faulty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{by} is in view {} though it has proved its primary {primary} faulty", .view.0)]
pub struct Followed {
    /// Who follows.
    pub by: ReplicaId,
    /// The view.
    pub view: View,
    /// Its primary.
    pub primary: ReplicaId,
}

/// Checks where a correct process stands after a step.
///
/// # Errors
/// It is in a view whose primary it has proved faulty.
pub fn check(process: &Process) -> Result<(), Followed> {
    let status = process.status();
    let (by, view, primary) = (process.own(), status.view, status.primary);
    if status.active && process.votes() && process.convicts(primary) {
        return Err(Followed { by, view, primary });
    }
    Ok(())
}
