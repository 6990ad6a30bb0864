//! Messages of views that have not started here yet. Messages overtake each other, so a PREPARE may arrive before the
//! NEW-VIEW of its view. It is kept until that view starts (rule 10).

use std::collections::{BTreeMap, VecDeque};

use crate::config::Config;
use crate::id::{ReplicaId, View};
use crate::message::VerifiedMessage;

/// One bounded queue per sender, so that a liar can only push out its own messages.
#[derive(Clone, Debug)]
pub(super) struct EarlyMessages {
    limit: usize,
    by_sender: BTreeMap<ReplicaId, VecDeque<(View, VerifiedMessage)>>,
}

impl EarlyMessages {
    /// Room for a proposal and two votes in each slot of a window.
    pub(super) fn new(config: &Config) -> Self {
        Self {
            limit: usize::try_from(config.window)
                .unwrap_or(usize::MAX)
                .saturating_mul(3),
            by_sender: BTreeMap::new(),
        }
    }

    pub(super) fn keep(&mut self, view: View, message: VerifiedMessage) {
        let queue = self.by_sender.entry(message.signer()).or_default();
        if queue.len() == self.limit {
            queue.pop_front();
        }
        queue.push_back((view, message));
    }

    /// Returns the messages of the view that starts, and drops older ones.
    pub(super) fn take(&mut self, view: View) -> Vec<VerifiedMessage> {
        let mut taken = Vec::new();
        for queue in self.by_sender.values_mut() {
            for (its_view, message) in std::mem::take(queue) {
                if its_view > view {
                    queue.push_back((its_view, message));
                } else if its_view == view {
                    taken.push(message);
                }
            }
        }
        taken
    }

    /// The number of kept messages.
    pub(super) fn len(&self) -> usize {
        self.by_sender.values().map(VecDeque::len).sum()
    }
}
