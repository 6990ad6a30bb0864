//! Log lines that a peer or a caller can cause as often as it likes.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The least time between two lines with the same key.
const PAUSE: Duration = Duration::from_secs(1);

/// Lets one log line per key and second through, and counts the others.
///
/// The keys are kept for good. Therefore they must come from a small set, such as the processes of the cluster.
#[derive(Debug)]
pub struct Seldom<K = ()>(Mutex<BTreeMap<K, Written>>);

/// The last line with a key.
#[derive(Debug)]
struct Written {
    at: Instant,
    left_out: u64,
}

impl<K> Default for Seldom<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Ord> Seldom<K> {
    /// Whether a line with this key is to be written now. `Some`: it is, and so many were left out since the last one.
    pub fn line(&self, key: K) -> Option<u64> {
        let now = Instant::now();
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(written) = lines.get_mut(&key) else {
            let first = Written {
                at: now,
                left_out: 0,
            };
            lines.insert(key, first);
            return Some(0);
        };
        if now.saturating_duration_since(written.at) < PAUSE {
            written.left_out += 1;
            return None;
        }
        written.at = now;
        Some(std::mem::take(&mut written.left_out))
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::{PAUSE, Seldom};

    #[tokio::test(start_paused = true)]
    async fn one_line_per_key_and_second_is_written_and_says_how_many_were_not() {
        let lines = Seldom::default();
        assert_eq!(lines.line("Q"), Some(0));
        assert_eq!([lines.line("Q"), lines.line("Q")], [None, None]);
        assert_eq!(lines.line("R"), Some(0), "another key has its own second");
        advance(PAUSE / 2).await;
        assert_eq!(lines.line("Q"), None);
        advance(PAUSE / 2).await;
        assert_eq!([lines.line("Q"), lines.line("Q")], [Some(3), None]);
        advance(PAUSE).await;
        assert_eq!([lines.line("R"), lines.line("Q")], [Some(0), Some(1)]);
    }
}
