//! P, Q, R, ... Z, P2, Q2, ...: what the processes are called.

use quorate_protocol::ReplicaId;

/// The name of the process with this index: 0 is `P`, 11 is `P2`.
#[must_use]
pub fn name_of(index: u32) -> String {
    ReplicaId(index).to_string()
}

/// The index of the process with this name; `None` if no process can be called that.
#[must_use]
pub fn index_of(name: &str) -> Option<u32> {
    name.parse().ok().map(|ReplicaId(index)| index)
}
