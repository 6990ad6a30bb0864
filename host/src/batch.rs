//! Batches: the form in which messages travel from one process to another.
//!
//! A batch is the encoded messages, one after another. Before them stands a head, unless the recipient knows already whose the
//! messages are, as it does of a live process's link. The head says whose the messages are, and the cluster under whose keys they
//! are signed. A process of another cluster refuses the batch without checking a signature.

use std::sync::Arc;

use quorate_protocol::{ClusterId, ReplicaId, SignedMessage};
use quorate_trace::{Event, EventId, Kind};
use serde::{Deserialize, Serialize};

use crate::journal::Journal;

/// The most bytes of a head: the cluster's id, and the number of a process.
const HEAD: usize = 32 + 5;
/// About the bytes of a message beside its weight: the number of its kind, and the length of a list.
const BESIDE: usize = 16;

/// The head of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The cluster whose keys sign the messages.
    pub cluster: ClusterId,
    /// The process that claims to send them.
    pub sender: ReplicaId,
}

/// The messages of a batch, decoded but not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The process that claims to send them.
    pub sender: ReplicaId,
    /// The messages, in order. None if the bytes were no messages.
    pub messages: Vec<Arrived>,
}

/// A message of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// Its name in traces. `None`: its sender keeps no trace.
    pub msg: Option<EventId>,
    /// The event of its arrival, if the recipient keeps a trace.
    pub(crate) arrival: Option<EventId>,
    /// The message.
    pub message: SignedMessage,
}

impl Arrived {
    /// A message with this name.
    #[must_use]
    pub const fn new(msg: Option<EventId>, message: SignedMessage) -> Self {
        Self {
            msg,
            arrival: None,
            message,
        }
    }
}

/// Bytes that are no batch for this cluster.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadBatch {
    /// They cannot be decoded.
    #[error("not a batch of signed messages: {0}")]
    Unreadable(postcard::Error),
    /// They come from a process of another cluster.
    #[error("{0} has the keys of another cluster")]
    OtherCluster(ReplicaId),
}

impl Head {
    /// The head, and the messages behind it.
    fn split(bytes: &[u8], cluster: ClusterId) -> Result<(Self, &[u8]), BadBatch> {
        let (head, messages): (Self, _) =
            postcard::take_from_bytes(bytes).map_err(BadBatch::Unreadable)?;
        if head.cluster != cluster {
            return Err(BadBatch::OtherCluster(head.sender));
        }
        Ok((head, messages))
    }
}

impl Batch {
    /// Decodes a batch of this cluster.
    ///
    /// # Errors
    /// The bytes are not a batch, or its head names another cluster.
    pub fn open(bytes: &[u8], cluster: ClusterId) -> Result<Self, BadBatch> {
        let (head, messages) = Head::split(bytes, cluster)?;
        Self::read(head.sender, messages)
    }

    /// Decodes messages without a head, one after another. They come from `sender`.
    ///
    /// # Errors
    /// The bytes are not messages.
    pub fn read(sender: ReplicaId, mut bytes: &[u8]) -> Result<Self, BadBatch> {
        let mut messages = Vec::new();
        while !bytes.is_empty() {
            let (message, after) =
                postcard::take_from_bytes(bytes).map_err(BadBatch::Unreadable)?;
            messages.push(Arrived::new(None, message));
            bytes = after;
        }
        Ok(Self { sender, messages })
    }

    /// Notes the arrival of each message.
    pub(crate) fn note(&mut self, journal: &mut Journal) {
        if self.messages.is_empty() {
            journal.unreadable(None, self.sender);
        }
        for one in &mut self.messages {
            let event = Event {
                msg: one.msg,
                from: Some(one.msg.map_or(self.sender.into(), |msg| msg.by)),
                cause: one.msg,
                ..Event::new(Kind::Receive).about(&one.message)
            };
            one.arrival = Some(journal.note(event));
        }
    }

    /// Decodes messages without a head, each behind the number that its sender's trace gives it. They come from `sender`.
    ///
    /// # Errors
    /// The bytes are not messages with numbers.
    pub fn read_numbered(sender: ReplicaId, mut bytes: &[u8]) -> Result<Self, BadBatch> {
        let mut messages = Vec::new();
        while !bytes.is_empty() {
            let ((number, message), after) =
                postcard::take_from_bytes(bytes).map_err(BadBatch::Unreadable)?;
            let msg = EventId::of(sender.into(), number);
            messages.push(Arrived::new(msg, message));
            bytes = after;
        }
        Ok(Self { sender, messages })
    }

    /// A batch whose bytes were no messages.
    #[must_use]
    pub const fn unreadable(sender: ReplicaId) -> Self {
        Self {
            sender,
            messages: Vec::new(),
        }
    }

    /// A batch of one message, which came without a head.
    #[must_use]
    pub fn of(sender: ReplicaId, message: SignedMessage) -> Self {
        Self {
            sender,
            messages: vec![Arrived::new(None, message)],
        }
    }
}

/// Makes a batch of encoded messages.
///
/// # Panics
/// Never: plain data can be encoded in memory.
#[must_use]
#[expect(
    clippy::expect_used,
    reason = "encoding plain data into a growing buffer cannot fail"
)]
pub fn join(head: Head, messages: &[Arc<[u8]>]) -> Vec<u8> {
    let bytes: usize = messages.iter().map(|message| message.len()).sum();
    let room = Vec::with_capacity(HEAD + bytes);
    let mut batch = postcard::to_extend(&head, room).expect("plain data encodes");
    for message in messages {
        batch.extend_from_slice(message);
    }
    batch
}

/// Encodes a message, once for all its recipients. Most messages are votes, and those are short.
#[expect(
    clippy::expect_used,
    reason = "encoding plain data into a growing buffer cannot fail"
)]
pub(crate) fn encode(message: &SignedMessage) -> Arc<[u8]> {
    let mut short = [0; 512];
    if let Ok(bytes) = postcard::to_slice(message, &mut short) {
        return (&*bytes).into();
    }
    let room = Vec::with_capacity(message.weight() + BESIDE);
    postcard::to_extend(message, room)
        .expect("plain data encodes")
        .into()
}

#[cfg(test)]
mod tests {
    use quorate_protocol::{ClusterId, ReplicaId};

    use super::{BadBatch, Batch, Head, join};

    const HEAD: Head = Head {
        cluster: ClusterId([7; 32]),
        sender: ReplicaId(1),
    };

    #[test]
    fn a_batch_that_is_cut_off_or_of_another_cluster_is_refused() {
        let batch = join(HEAD, &[]);
        let opened = Batch::open(&batch, HEAD.cluster);
        assert_eq!(opened.map(|batch| batch.sender), Ok(ReplicaId(1)));
        let other = Batch::open(&batch, ClusterId([8; 32]));
        assert_eq!(other, Err(BadBatch::OtherCluster(ReplicaId(1))));
        for end in 0..batch.len() {
            assert!(Batch::open(&batch[..end], HEAD.cluster).is_err());
        }
        let longer = join(HEAD, &[[0xff; 7].into()]);
        assert!(Batch::open(&longer, HEAD.cluster).is_err());
    }
}
