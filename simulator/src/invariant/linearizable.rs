//! Linearizable: outside clients get the answers that a single store would give to one call after another.

pub use quorate_service::kv::linearizable::{Histories, NotLinearizable};

/// The rule.
pub const RULE: &str =
    "rule 20: each operation takes effect at one moment between its call and its return";
