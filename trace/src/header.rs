//! The first line of a trace: what was run, and how.

use std::collections::BTreeMap;

use quorate_protocol::Quorum;
use serde::{Deserialize, Serialize};

use crate::name::Actor;

/// The version of the form.
pub const VERSION: u32 = 1;

/// The first line of a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The version of the form: [`VERSION`].
    pub v: u32,
    kind: Name,
    /// The seed of a simulated run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The id of a live cluster, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// The plan of a simulated run, as text. `null` of a live cluster.
    pub plan: Option<String>,
    /// How many processes there are.
    pub n: u32,
    /// How many faulty ones are survived.
    pub f: u32,
    /// The version of Quorate.
    pub version: String,
    /// The command that gives such a trace again.
    pub command: String,
    /// What the times are.
    pub clock: Clock,
    /// The rule that a simulated run broke at its end, and how. None: it broke none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub violation: Option<String>,
    /// How many earlier events of a live process are lost, because the process keeps only the latest.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pushed_out: BTreeMap<Actor, u64>,
}

/// What the times of a trace are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Clock {
    /// The simulator's: one for all processes.
    Virtual,
    /// Those of the machines. The order of events is by their causes first.
    Wall,
}

/// What tells the first line from an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Name {
    Header,
}

impl Header {
    /// The header of a trace of a cluster of this size. The command gives such a trace again.
    #[must_use]
    pub fn new(quorum: Quorum, clock: Clock, command: String) -> Self {
        Self {
            v: VERSION,
            kind: Name::Header,
            seed: None,
            cluster: None,
            plan: None,
            n: quorum.n(),
            f: quorum.f(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command,
            clock,
            violation: None,
            pushed_out: BTreeMap::new(),
        }
    }
}
