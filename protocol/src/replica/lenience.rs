//! Patience that grows with each view that was left for something that one liar can bring about by itself (rule 28).

use crate::time::{Duration, Time};

/// How long a view that was left in vain, or a slow primary, is remembered, in T. For slow primaries each one that is left
/// doubles this, up to 64 times.
pub(super) const REMEMBERED: u64 = 64;
/// How often the time doubles that a peer without memory, or a crowded speaker, may have to wait.
const DOUBLINGS: u32 = 5;

/// How often this replica has left a view for something that one liar can bring about by itself. Each view that is left for
/// it in vain makes the others wait twice as long (rule 28).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lenience {
    /// How often, up to [`DOUBLINGS`].
    left: u32,
    /// When last.
    at: Time,
}

impl Lenience {
    /// How long a primary may take.
    pub(super) const fn patience(self, now: Time, timeout: Duration) -> Duration {
        timeout.doubled(self.recent(now, timeout))
    }

    const fn recent(self, now: Time, timeout: Duration) -> u32 {
        let remembered = Duration(timeout.0.saturating_mul(REMEMBERED));
        if now.0 < self.at.0.saturating_add(remembered.0) {
            self.left
        } else {
            0
        }
    }

    pub(super) fn count(&mut self, now: Time, timeout: Duration) {
        self.left = DOUBLINGS.min(self.recent(now, timeout) + 1);
        self.at = now;
    }
}
