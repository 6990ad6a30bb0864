//! Messages of views that have not started here yet. Messages overtake each other, so a PREPARE may arrive before the
//! NEW-VIEW of its view. It is kept until that view starts (rule 10).

use std::collections::{BTreeMap, VecDeque};

use crate::config::Config;
use crate::id::{ReplicaId, View};
use crate::message::VerifiedMessage;
use crate::mutant::Mutant;

/// One queue per sender, bounded in number and in bytes, so that a liar can only push out its own messages.
#[derive(Clone, Debug)]
pub(super) struct EarlyMessages {
    limit: usize,
    bytes_limit: usize,
    by_sender: BTreeMap<ReplicaId, Queue>,
}

#[derive(Clone, Debug, Default)]
struct Queue {
    messages: VecDeque<Early>,
    bytes: usize,
}

#[derive(Clone, Debug)]
struct Early {
    view: View,
    bytes: usize,
    message: VerifiedMessage,
}

impl Queue {
    fn push(&mut self, early: Early) {
        self.bytes += early.bytes;
        self.messages.push_back(early);
    }

    fn drop_oldest(&mut self) {
        let oldest = self.messages.pop_front();
        self.bytes -= oldest.map_or(0, |oldest| oldest.bytes);
    }
}

impl EarlyMessages {
    /// Room for a proposal and two votes in each slot of a window, and for so many bytes as the limits say.
    pub(super) fn new(config: &Config) -> Self {
        if config.is_mutant(Mutant::EarlyUnbounded) {
            return Self {
                limit: usize::MAX,
                bytes_limit: usize::MAX,
                by_sender: BTreeMap::new(),
            };
        }
        Self {
            limit: usize::try_from(config.window)
                .unwrap_or(usize::MAX)
                .saturating_mul(3),
            bytes_limit: config.limits.early,
            by_sender: BTreeMap::new(),
        }
    }

    /// Keeps a message of so many bytes. The sender's oldest messages make room for it.
    pub(super) fn keep(&mut self, view: View, message: VerifiedMessage, bytes: usize) {
        let queue = self.by_sender.entry(message.signer()).or_default();
        queue.push(Early {
            view,
            bytes,
            message,
        });
        while queue.messages.len() > self.limit || queue.bytes > self.bytes_limit {
            queue.drop_oldest();
        }
    }

    /// Returns the messages of the view that starts, and drops older ones.
    pub(super) fn take(&mut self, view: View) -> Vec<VerifiedMessage> {
        let mut taken = Vec::new();
        for queue in self.by_sender.values_mut() {
            for early in std::mem::take(queue).messages {
                if early.view > view {
                    queue.push(early);
                } else if early.view == view {
                    taken.push(early.message);
                }
            }
        }
        taken
    }

    /// The number of kept messages.
    pub(super) fn len(&self) -> usize {
        let queues = self.by_sender.values();
        queues.map(|queue| queue.messages.len()).sum()
    }

    /// The bytes of the sender that has the most.
    pub(super) fn most_bytes(&self) -> usize {
        let queues = self.by_sender.values();
        queues.map(|queue| queue.bytes).fold(0, usize::max)
    }
}
