//! What the program that serves a page tells those who look at it.

use std::sync::Arc;

use super::feed::Feed;

/// Those who look at a page.
#[derive(Clone, Debug)]
pub struct Onlookers {
    feed: Arc<Feed>,
}

impl Onlookers {
    pub(super) const fn of(feed: Arc<Feed>) -> Self {
        Self { feed }
    }

    /// Waits until somebody looks, or has looked.
    pub async fn first(&self) {
        self.feed.looked.notified().await;
        self.feed.looked.notify_one();
    }

    /// A round is under way. Until it has ended, nobody can begin the next one from the page.
    pub fn round_begins(&self, number: u64) {
        self.feed.round_begins(number);
    }

    /// What a process has finalized in the round, or why it has not.
    pub fn has_finalized(&self, process: &str, words: String) {
        self.feed.has_finalized(process, words);
    }

    /// The round is over.
    pub fn round_ends(&self) {
        self.feed.round_ends();
    }
}
