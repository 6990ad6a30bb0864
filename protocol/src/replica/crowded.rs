//! Speakers whose own requests stand in each other's way (rule 28). One may have told the primary of other requests than this
//! replica, and of as many as there is room for. The primary then refuses what this replica waits for, and is not to blame.

use std::collections::BTreeMap;

use super::Replica;
use super::lenience::Lenience;
use crate::id::{ClientId, ReplicaId, Timestamp};
use crate::mutant::Mutant;
use crate::time::{Duration, Time};

/// The speakers that the progress timer passes over.
#[derive(Clone, Debug, Default)]
pub(super) struct Crowded {
    /// The oldest request of each, and since when it is that in this view. `None` if this replica does not time it now.
    pub(super) heads: BTreeMap<ReplicaId, Option<Head>>,
    /// The views that this replica has left for each speaker.
    left_for: BTreeMap<ReplicaId, Lenience>,
}

type Head = ((ClientId, Timestamp), Time);

impl Crowded {
    /// A new primary has all of its time for each speaker.
    pub(super) fn forgive(&mut self) {
        for head in self.heads.values_mut() {
            *head = None;
        }
    }

    /// A speaker whose oldest request has waited too long.
    fn late(&self, now: Time, timeout: Duration) -> Option<ReplicaId> {
        self.heads.iter().find_map(|(speaker, head)| {
            let (_, since) = (*head)?;
            let lenience = self.left_for.get(speaker).copied().unwrap_or_default();
            (now >= since + lenience.patience(now, timeout)).then_some(*speaker)
        })
    }
}

impl Replica {
    /// Called when the timer has run out. Passes over the speaker of the timed request if others of its requests have
    /// executed meanwhile. A primary that leaves out a request of a busy speaker looks the same, so the oldest request of
    /// the speaker is timed by itself.
    pub(super) fn passes_over_timed(&mut self) -> bool {
        let Some(timed) = self.progress.timed else {
            return false;
        };
        let passes_over = self.requests.is_served_since(timed.speaker, timed.from)
            && !self.is_mutant(Mutant::CrowdedBlamed);
        if passes_over {
            let head = self.head_of(timed.speaker);
            self.progress.crowded.heads.insert(timed.speaker, head);
            self.progress.timed = None;
        }
        passes_over
    }

    fn head_of(&self, speaker: ReplicaId) -> Option<Head> {
        let oldest = self.requests.oldest_of(speaker)?.value();
        Some(((oldest.client, oldest.timestamp), self.now))
    }

    /// Called at each status timer. The primary is left if the oldest request of a crowded speaker does not execute in time.
    pub(super) fn watch_crowded(&mut self) {
        self.note_heads();
        let (now, timeout) = (self.now, self.config.view_timeout);
        let late = self.progress.crowded.late(now, timeout);
        if let Some(speaker) = late.filter(|_| !self.is_mutant(Mutant::CrowdedNotTimed)) {
            let lenience = self.progress.crowded.left_for.entry(speaker).or_default();
            lenience.count(now, timeout);
            self.start_view_change(self.view.next());
        }
    }

    /// Notes which request is the oldest of each crowded speaker. One of whom nothing waits is crowded no more.
    fn note_heads(&mut self) {
        let times = self.active && !self.is_primary() && !self.rejoins();
        for (speaker, before) in std::mem::take(&mut self.progress.crowded.heads) {
            let Some(head) = self.head_of(speaker) else {
                continue;
            };
            let same = before.filter(|before| before.0 == head.0);
            let head = times.then_some(same.unwrap_or(head));
            self.progress.crowded.heads.insert(speaker, head);
        }
    }
}
