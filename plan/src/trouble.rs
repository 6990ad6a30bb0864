//! What happens to the disk of a process.

use serde::{Deserialize, Serialize};

/// What happens to a process at its next commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    /// The process ends before the records are on disk: it is killed, or the disk is full.
    BeforeCommit,
    /// The records are on disk, and the process ends before it sends anything.
    AfterCommit,
}
