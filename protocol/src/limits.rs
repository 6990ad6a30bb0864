//! How much a replica takes, sends and keeps, in bytes (rule 27). The limits are the same at all replicas, so that every
//! message that they let a correct replica make is one that all correct replicas take.

use serde::{Deserialize, Serialize};

/// What an entry of the reply table takes beside its result.
pub(crate) const ENTRY: usize = 100;
const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
/// How many clients the reply table remembers.
const CLIENTS: usize = 32_768;

/// The limits of one cluster. Everything is counted in bytes of its encoding, unless the field says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The operation of one request.
    pub operation: usize,
    /// The result of one request.
    pub result: usize,
    /// All requests of one batch.
    pub batch: usize,
    /// The waiting requests of one speaker.
    pub waiting: usize,
    /// How many requests of one speaker may wait.
    pub waiting_requests: usize,
    /// The kept messages of one sender for views that have not started.
    pub early: usize,
    /// The results in the reply table, with 100 bytes for each beside it. The oldest are forgotten first.
    pub results: usize,
    /// The clients in the reply table, 100 bytes for each. The one that asked longest ago is forgotten first.
    pub clients: usize,
    /// One part of a state.
    pub part: usize,
    /// One message. The checkpoint interval is chosen so that VIEW-CHANGE and NEW-VIEW fit.
    pub message: usize,
}

impl Limits {
    /// The limits for `n` replicas. What is kept for each of them shrinks as n grows.
    #[must_use]
    pub fn for_replicas(n: u32) -> Self {
        let operation = 128 * KIB;
        // Two of the largest requests. A batch is sent to all and holds up the next one, so a larger one makes all others
        // wait beside somebody who asks for much.
        let batch = 2 * (operation + KIB);
        let share = |all: usize| (all / (n as usize).max(1)).max(2 * batch);
        Self {
            operation,
            result: 64 * KIB,
            batch,
            waiting: share(64 * MIB),
            waiting_requests: 4096,
            early: share(16 * MIB),
            results: 8 * MIB,
            clients: CLIENTS * ENTRY,
            part: 2 * MIB,
            message: 6 * MIB - 64 * KIB,
        }
    }
}
