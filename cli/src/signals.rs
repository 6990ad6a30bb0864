//! Signals that end a program.

use std::fs;

/// Whether SIGHUP was not ignored when this program started. Only Linux tells; elsewhere the signal keeps its normal
/// effect.
#[must_use]
pub fn hangup_counts() -> bool {
    let Ok(status) = fs::read_to_string("/proc/self/status") else {
        return false;
    };
    let mut lines = status.lines();
    let ignored = lines.find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & 1 == 0)
}
