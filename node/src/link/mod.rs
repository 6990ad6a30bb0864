//! Links: how batches travel from process to process. A process opens two links to each peer, one for small messages and
//! one for large ones, and only sends over them. The peer's own messages come over links that the peer opens.
//!
//! A link begins as HTTP on the peer's port ([`quorate_wire::link`]). Then, with integers in little-endian order:
//!
//! 1. The peer sends a challenge of 32 random bytes.
//! 2. The opener sends an opening: its cluster (32 bytes), its number (4), the lane (1) and the tag of these (32).
//! 3. The peer sends a verdict: the length of a text (2) and the text. An empty text says that the link is open. Any other
//!    says why it is not.
//! 4. The opener sends frames: the length of a batch (4), the tag of the batch (32) and the batch. Before each message of a batch
//!    stands its number in the opener's trace, as a postcard varint: 0 if it keeps no trace.
//! 5. The peer sends a pulse, one byte of any value, each second. If pulses stay away, the opener opens the link again.
//!
//! A tag proves that the bytes come from the opener, over this link, in this place (`protocol/src/pair.rs`). A peer whose
//! inbox is full stops reading. Then the opener's messages wait in its outbox, which is bounded.
//!
//! * `opening`: steps 1 to 3, at both ends.
//! * `line`: the opener's end of an open link.
//! * `reception`: the other end.

mod line;
mod opening;
mod reception;

use std::sync::Arc;
use std::time::Duration;

use quorate_host::Outgoing;
use quorate_trace::EventId;

pub(crate) use line::{Line, Written, watch_pulses};
pub(crate) use opening::{Envelope, NotOpened, open};
#[cfg(test)]
pub(crate) use opening::{Opening, welcome};
pub(crate) use reception::Reception;

/// The most bytes of messages in one batch, unless a single message is larger.
pub(crate) const BATCH_BYTES: usize = 512 * 1024;
/// How long a peer may take to open a link, or an opener to say who it is.
const OPENING_TIME: Duration = Duration::from_secs(5);
/// The time between two pulses.
const PULSE: Duration = Duration::from_secs(1);
/// How long pulses may stay away.
const SILENCE: Duration = Duration::from_secs(5);
/// How long a frame may be under way that is larger than [`BATCH_BYTES`].
pub(crate) const FRAME_TIME: Duration = Duration::from_secs(30);

/// The most bytes of the number before a message.
pub(crate) const NUMBER: usize = 10;

/// A message that leaves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Letter {
    /// What its sender's trace calls it. 0: the sender keeps no trace.
    pub(crate) number: u64,
    /// The encoded message.
    pub(crate) message: Arc<[u8]>,
}

impl Letter {
    pub(crate) fn of(outgoing: &Outgoing) -> Self {
        Self {
            number: outgoing.msg.map_or(0, EventId::number),
            message: Arc::clone(&outgoing.bytes),
        }
    }
}

/// Which messages a link carries. A small message never waits behind megabytes of batches and bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Those of at most [`Lane::SMALL`] bytes.
    Small,
    /// All others.
    Large,
}

impl Lane {
    /// A vote has some 120 bytes, and a certificate of 31 signatures some 3 KiB.
    pub(crate) const SMALL: usize = 4 * 1024;
    pub(crate) const ALL: [Self; 2] = [Self::Small, Self::Large];

    pub(crate) const fn of(message: &[u8]) -> Self {
        if message.len() <= Self::SMALL {
            Self::Small
        } else {
            Self::Large
        }
    }
}
