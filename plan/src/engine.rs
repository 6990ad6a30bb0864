//! How the engine is set in a run.

#[cfg(feature = "mutants")]
use quorate_protocol::Mutant;
use quorate_protocol::{Config, Duration, Limits, Quorum, ReplicaId};
use serde::{Deserialize, Serialize};

/// The engine's settings, the same for all processes; see [`Config`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Engine {
    /// K; the window is twice as wide.
    pub checkpoint_interval: u64,
    /// How many requests a batch holds at most.
    pub batch_limit: usize,
    /// How many bytes a batch has at most.
    pub batch_bytes: usize,
    /// How many requests of one process may wait at most. It submits half as many itself, and holds the others back.
    pub waiting_requests: usize,
    /// How many slots are in flight at most.
    pub slots_in_flight: u64,
    /// T.
    pub view_timeout_ms: u64,
    /// How often a replica says where it stands.
    pub status_interval_ms: u64,
    /// The bug that it has on purpose.
    #[cfg(feature = "mutants")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mutant: Option<Mutant>,
}

/// The most bytes of a batch that a plan may allow: what live processes allow.
pub(crate) const LARGEST_BATCH: usize = 1 << 20;

impl Default for Engine {
    fn default() -> Self {
        Self {
            checkpoint_interval: 64,
            batch_limit: 16,
            batch_bytes: LARGEST_BATCH,
            waiting_requests: Limits::for_replicas(4).waiting_requests,
            slots_in_flight: 8,
            view_timeout_ms: 200,
            status_interval_ms: 100,
            #[cfg(feature = "mutants")]
            mutant: None,
        }
    }
}

impl Engine {
    /// The configuration of one replica.
    #[must_use]
    pub fn config(&self, replica: ReplicaId, quorum: Quorum) -> Config {
        let usual = Config::new(replica, quorum);
        Config {
            checkpoint_interval: self.checkpoint_interval,
            window: self.checkpoint_interval.saturating_mul(2),
            batch_limit: self.batch_limit,
            limits: self.limits(usual.limits),
            slots_in_flight: self.slots_in_flight,
            view_timeout: Duration::from_millis(self.view_timeout_ms),
            status_interval: Duration::from_millis(self.status_interval_ms),
            #[cfg(feature = "mutants")]
            mutant: self.mutant,
            ..usual
        }
    }

    fn limits(&self, usual: Limits) -> Limits {
        #[cfg(feature = "mutants")]
        if self.mutant == Some(Mutant::BatchesUnbounded) {
            return Limits {
                batch: usize::MAX >> 8,
                ..usual
            };
        }
        Limits {
            batch: self.batch_bytes,
            // A request must fit a batch with what it has beside its operation.
            operation: usual.operation.min(self.batch_bytes / 2),
            waiting_requests: self.waiting_requests,
            ..usual
        }
    }

    /// The same without a bug: what checks an engine must not share its bug.
    #[must_use]
    pub const fn sound(self) -> Self {
        Self {
            #[cfg(feature = "mutants")]
            mutant: None,
            ..self
        }
    }
}
