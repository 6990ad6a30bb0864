//! The two votes for a roster.

use quorate_protocol::ClusterId;
use serde::{Deserialize, Serialize};

use crate::signed::Statement;

/// The two steps of a founding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Phase {
    /// ROSTER: "I want this roster in this attempt."
    Roster,
    /// FOUND: "A quorum of its members wants it in this attempt, and I keep to it."
    Found,
}

/// A vote of one member for a roster. A node signs at most one in each phase of an attempt; two prove that it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Vote {
    /// The step.
    pub phase: Phase,
    /// The attempt, from 0.
    pub attempt: u64,
    /// The roster's digest, which will be the cluster's id.
    pub cluster: ClusterId,
}

impl Statement for Vote {
    const DOMAIN: &'static str = "vote";
}
