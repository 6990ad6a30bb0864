//! What a replica is told when it is made.

use crate::id::{ReplicaId, Sequence};
use crate::mutant::Mutant;
use crate::quorum::Quorum;
use crate::time::Duration;

/// A replica's configuration. All replicas of a cluster must agree on everything but `replica`.
#[derive(Clone, Debug)]
pub struct Config {
    /// This replica.
    pub replica: ReplicaId,
    /// How many replicas there are.
    pub quorum: Quorum,
    /// K: a checkpoint is taken every so many slots (rule 8).
    pub checkpoint_interval: u64,
    /// L: how far the high watermark is above the low one; at least 2K (rule 8).
    pub window: u64,
    /// How many requests a batch holds at most (rule 7).
    pub batch_limit: usize,
    /// How many slots the primary keeps in flight at most (rule 7).
    pub slots_in_flight: u64,
    /// How long a backup waits for a request to execute before it asks for the next view (rule 14).
    pub view_timeout: Duration,
    /// This process's life: greater each time it starts anew without what it had on disk. Two VIEW-CHANGEs of different
    /// lives do not contradict each other.
    pub life: u64,
    /// How often a replica says where it stands and resends what is unanswered (rule 17).
    pub status_interval: Duration,
    /// The bug that this engine has on purpose.
    #[cfg(feature = "mutants")]
    pub mutant: Option<Mutant>,
}

impl Config {
    /// The defaults for one replica of a cluster: the checkpoint interval shrinks with n, because a view change carries
    /// a certificate per prepared slot and replica.
    #[must_use]
    pub fn new(replica: ReplicaId, quorum: Quorum) -> Self {
        let checkpoint_interval = (512 / u64::from(quorum.n())).clamp(8, 128);
        Self {
            replica,
            quorum,
            checkpoint_interval,
            window: 2 * checkpoint_interval,
            batch_limit: 256,
            slots_in_flight: 8,
            view_timeout: Duration::from_millis(500),
            life: 0,
            status_interval: Duration::from_millis(250),
            #[cfg(feature = "mutants")]
            mutant: None,
        }
    }

    /// The same with another T. A replica says where it stands twice within T, so that what was lost can be mended before a
    /// primary is blamed for it.
    #[must_use]
    pub fn with_view_timeout(mut self, view_timeout: Duration) -> Self {
        self.view_timeout = view_timeout;
        self.status_interval = Duration(self.status_interval.0.min(view_timeout.0 / 2).max(1));
        self
    }

    /// Whether this engine has a bug on purpose: never, without the feature `mutants`.
    #[cfg(feature = "mutants")]
    pub(crate) fn is_mutant(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    /// Whether this engine has a bug on purpose: never, without the feature `mutants`.
    #[cfg(not(feature = "mutants"))]
    #[expect(clippy::unused_self, reason = "as with the feature")]
    pub(crate) const fn is_mutant(&self, _mutant: Mutant) -> bool {
        false
    }

    /// H for the low watermark `h`.
    #[must_use]
    pub const fn high_watermark(&self, low: Sequence) -> Sequence {
        Sequence(low.0.saturating_add(self.window))
    }
}
