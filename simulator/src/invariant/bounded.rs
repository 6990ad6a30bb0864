//! Bounded logs: the data that a replica keeps does not grow with the length of the run.

use quorate_protocol::evidence::Kind;
use quorate_protocol::{Config, ReplicaId, Sizes};

/// The rule.
pub const RULE: &str =
    "rule 8: the data that a replica keeps is bounded by its window and by n, however long it runs";

/// A replica keeps too much.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{by} keeps {kept} {what}, more than {limit}")]
pub struct Unbounded {
    /// Who.
    pub by: ReplicaId,
    /// What it keeps.
    pub what: &'static str,
    /// How many.
    pub kept: usize,
    /// How many it may keep.
    pub limit: usize,
}

/// How much a replica may keep.
#[derive(Debug)]
pub struct Bounds {
    limits: Sizes,
    /// The bytes of the largest state that a process has had at a checkpoint so far.
    largest_state: usize,
}

impl Bounds {
    /// The bounds that follow from a configuration and from the greatest number of outside clients.
    #[must_use]
    pub fn new(config: &Config, outside: usize) -> Self {
        let n = config.quorum.n() as usize;
        let window = usize::try_from(config.window).unwrap_or(usize::MAX);
        let ahead = config.window.saturating_mul(2) / config.checkpoint_interval;
        let checkpoints = usize::try_from(ahead).unwrap_or(usize::MAX);
        // A slot keeps the batches of its proposal, of its certificate and of its commit, and the batches accepted in views
        // whose batch is not settled.
        let bodies = window.saturating_mul(4);
        // One that counts, and one that has ended, of each replica.
        let view_changes = n.saturating_mul(2);
        let largest = config.largest();
        let limits = Sizes {
            slots: window,
            bodies,
            body_bytes: bodies.saturating_mul(config.limits.batch),
            // Three kinds of four views, of each replica.
            statements: window.saturating_mul(12).saturating_mul(n),
            early: window.saturating_mul(3).saturating_mul(n),
            // Every K slots up to two windows ahead.
            checkpoint_votes: n.saturating_mul(checkpoints),
            view_changes,
            view_change_bytes: view_changes
                .saturating_mul(largest.view_change)
                .saturating_add(largest.new_view),
            // Of each kind against each replica. Some are two of the largest messages.
            proof_bytes: n
                .saturating_mul(Kind::ALL.len())
                .saturating_mul(config.limits.message.saturating_mul(2)),
            // One of each client.
            requests: n.saturating_add(outside),
            // What the speaker has sent, and what stands in the batches of a window.
            request_bytes: window
                .saturating_mul(config.limits.batch)
                .saturating_add(config.limits.waiting),
            result_bytes: config.limits.results,
            client_bytes: config.limits.clients,
            early_bytes: config.limits.early,
            // These follow from what the clients have stored, see `check_fetched`.
            part_bytes: usize::MAX,
            state_bytes: usize::MAX,
        };
        Self {
            limits,
            largest_state: 0,
        }
    }

    /// Checks what a correct replica keeps of a state that it fetches: a correct one has had that state at a checkpoint.
    /// Beyond the bound nobody needs to have had it.
    ///
    /// # Errors
    /// The replica keeps more than the largest of these states.
    pub fn check_fetched(&mut self, by: ReplicaId, sizes: Sizes) -> Result<(), Unbounded> {
        self.largest_state = self.largest_state.max(sizes.state_bytes);
        let (kept, limit) = (sizes.part_bytes, self.largest_state);
        within(by, "bytes of a state that it fetches", kept, limit)
    }

    /// Checks what else a correct replica keeps.
    ///
    /// # Errors
    /// The replica keeps more than the bound.
    pub fn check(&self, by: ReplicaId, sizes: Sizes) -> Result<(), Unbounded> {
        let limits = &self.limits;
        [
            ("slots", sizes.slots, limits.slots),
            ("bodies", sizes.bodies, limits.bodies),
            ("bytes of bodies", sizes.body_bytes, limits.body_bytes),
            ("statements", sizes.statements, limits.statements),
            ("early messages", sizes.early, limits.early),
            (
                "checkpoint votes",
                sizes.checkpoint_votes,
                limits.checkpoint_votes,
            ),
            ("view changes", sizes.view_changes, limits.view_changes),
            (
                "bytes of view changes",
                sizes.view_change_bytes,
                limits.view_change_bytes,
            ),
            ("bytes of proofs", sizes.proof_bytes, limits.proof_bytes),
            ("waiting requests", sizes.requests, limits.requests),
            (
                "bytes of one speaker's requests",
                sizes.request_bytes,
                limits.request_bytes,
            ),
            ("bytes of results", sizes.result_bytes, limits.result_bytes),
            (
                "bytes of clients in its reply table",
                sizes.client_bytes,
                limits.client_bytes,
            ),
            (
                "bytes of one sender's early messages",
                sizes.early_bytes,
                limits.early_bytes,
            ),
        ]
        .into_iter()
        .try_for_each(|(what, kept, limit)| within(by, what, kept, limit))
    }
}

fn within(by: ReplicaId, what: &'static str, kept: usize, limit: usize) -> Result<(), Unbounded> {
    if kept <= limit {
        return Ok(());
    }
    Err(Unbounded {
        by,
        what,
        kept,
        limit,
    })
}

#[cfg(test)]
mod tests {
    use super::Bounds;
    use quorate_protocol::{Config, Quorum, ReplicaId, Sizes};
    use std::num::NonZeroU32;

    #[test]
    fn each_thing_has_its_bound() {
        let config = Config::new(ReplicaId(0), Quorum::of(NonZeroU32::new(4).unwrap()));
        let bounds = Bounds::new(&config, 0);
        let check = |sizes| bounds.check(ReplicaId(0), sizes);
        assert_eq!(check(bounds.limits), Ok(()));
        for grow in [
            |sizes: &mut Sizes| sizes.slots += 1,
            |sizes: &mut Sizes| sizes.bodies += 1,
            |sizes: &mut Sizes| sizes.body_bytes += 1,
            |sizes: &mut Sizes| sizes.statements += 1,
            |sizes: &mut Sizes| sizes.early += 1,
            |sizes: &mut Sizes| sizes.checkpoint_votes += 1,
            |sizes: &mut Sizes| sizes.view_changes += 1,
            |sizes: &mut Sizes| sizes.view_change_bytes += 1,
            |sizes: &mut Sizes| sizes.proof_bytes += 1,
            |sizes: &mut Sizes| sizes.requests += 1,
            |sizes: &mut Sizes| sizes.request_bytes += 1,
            |sizes: &mut Sizes| sizes.result_bytes += 1,
            |sizes: &mut Sizes| sizes.client_bytes += 1,
            |sizes: &mut Sizes| sizes.early_bytes += 1,
        ] {
            let mut sizes = bounds.limits;
            grow(&mut sizes);
            assert!(check(sizes).is_err(), "{sizes:?}");
        }
    }

    #[test]
    fn a_replica_fetches_no_more_than_another_has_had_at_a_checkpoint() {
        let config = Config::new(ReplicaId(0), Quorum::of(NonZeroU32::new(4).unwrap()));
        let mut bounds = Bounds::new(&config, 0);
        let mut check = |part_bytes, state_bytes| {
            let sizes = Sizes {
                part_bytes,
                state_bytes,
                ..Sizes::default()
            };
            bounds.check_fetched(ReplicaId(0), sizes).is_ok()
        };
        assert!(check(0, 0));
        assert!(!check(1, 0));
        assert!(check(0, 100));
        assert!(check(100, 0), "another has had it before");
        assert!(!check(101, 0));
    }
}
