//! What the work of a process costs, in time.

use quorate_protocol::Duration;
use serde::{Deserialize, Serialize};

/// What work costs. A process is busy for so long, and what it sends leaves afterwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Costs {
    /// Microseconds to check a signature.
    pub check_us: u64,
    /// Microseconds to sign a message.
    pub sign_us: u64,
    /// Microseconds for each KiB that is read or written.
    pub kib_us: u64,
}

/// The work of one turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// The signatures checked.
    pub checked: u64,
    /// The messages signed.
    pub signed: u64,
    /// The bytes that have arrived.
    pub read: u64,
    /// The bytes that were sent.
    pub written: u64,
}

impl Costs {
    /// About what a core of today needs for Ed25519, and for encoding and hashing.
    pub const USUAL: Self = Self {
        check_us: 28,
        sign_us: 12,
        kib_us: 10,
    };

    /// How long some work takes.
    pub const fn of(self, work: Work) -> Duration {
        let checks = self.check_us.saturating_mul(work.checked);
        let signs = self.sign_us.saturating_mul(work.signed);
        let bytes = self.kib_us.saturating_mul(work.read + work.written) / 1024;
        Duration(checks.saturating_add(signs).saturating_add(bytes))
    }
}
