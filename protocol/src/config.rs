//! The configuration of a replica.

use crate::id::{ReplicaId, Sequence};
use crate::limits::Limits;
use crate::mutant::Mutant;
use crate::quorum::Quorum;
use crate::time::Duration;

/// With more processes than these, T and the status interval grow with n.
const UNSTRETCHED: u32 = 6;

/// A replica's configuration. All replicas of a cluster must have the same, except for `replica` and `life`.
#[derive(Clone, Debug)]
pub struct Config {
    /// This replica.
    pub replica: ReplicaId,
    /// The number of replicas, and f.
    pub quorum: Quorum,
    /// K: a replica takes a checkpoint every K slots (rule 8).
    pub checkpoint_interval: u64,
    /// L: the high watermark is the low one plus L. L is at least 2K (rule 8).
    pub window: u64,
    /// The most requests in one batch (rule 7).
    pub batch_limit: usize,
    /// How much a replica takes and keeps, in bytes (rule 27).
    pub limits: Limits,
    /// The most slots that the primary keeps in flight (rule 7).
    pub slots_in_flight: u64,
    /// T: how long a backup waits for a request to execute before it asks for the next view (rule 14).
    pub view_timeout: Duration,
    /// The life of this process. It must grow with each start that has lost the disk of the earlier life. VIEW-CHANGEs
    /// of two lives do not contradict each other.
    pub life: u64,
    /// How often a replica sends its standing, and sends again what nobody has answered (rule 17).
    pub status_interval: Duration,
    /// The bug that this engine has on purpose, if any.
    #[cfg(feature = "mutants")]
    pub mutant: Option<Mutant>,
}

impl Config {
    /// The defaults for one replica of a cluster. The checkpoint interval shrinks as n grows, because a view change
    /// carries a certificate for each prepared slot and each replica (see [`Config::with_checkpoint_interval`]).
    #[must_use]
    pub fn new(replica: ReplicaId, quorum: Quorum) -> Self {
        let usual = Self {
            replica,
            quorum,
            checkpoint_interval: 1,
            window: 2,
            batch_limit: 256,
            limits: Limits::for_replicas(quorum.n()),
            slots_in_flight: 8,
            view_timeout: Self::usual_view_timeout(quorum),
            life: 0,
            status_interval: Duration(Self::usual_view_timeout(quorum).0 / 2),
            #[cfg(feature = "mutants")]
            mutant: None,
        };
        usual.with_checkpoint_interval((512 / u64::from(quorum.n())).clamp(8, 128))
    }

    /// T if nothing else is said: 500 ms, and longer as n grows. Within T every process hears twice from each other one, and
    /// works on the votes of all for each slot.
    #[must_use]
    pub fn usual_view_timeout(quorum: Quorum) -> Duration {
        let n = u64::from(quorum.n().max(UNSTRETCHED));
        Duration(500_000 * n / u64::from(UNSTRETCHED))
    }

    /// The same configuration with another T. The standing is sent twice within T, so that lost messages are sent again
    /// before a backup blames the primary.
    #[must_use]
    pub fn with_view_timeout(mut self, view_timeout: Duration) -> Self {
        self.view_timeout = view_timeout;
        self.status_interval = Duration(self.status_interval.0.min(view_timeout.0 / 2).max(1));
        self
    }

    /// Whether this engine has the given bug on purpose.
    #[cfg(feature = "mutants")]
    pub(crate) fn is_mutant(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    /// Whether this engine has the given bug on purpose: never, without the feature `mutants`.
    #[cfg(not(feature = "mutants"))]
    #[expect(clippy::unused_self, reason = "as with the feature")]
    pub(crate) const fn is_mutant(&self, _mutant: Mutant) -> bool {
        false
    }

    /// H, the high watermark for the low watermark `h`.
    #[must_use]
    pub const fn high_watermark(&self, low: Sequence) -> Sequence {
        Sequence(low.0.saturating_add(self.window))
    }
}
