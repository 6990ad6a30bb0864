//! The requests over HTTP/JSON that are decided, in order: the last of them, as many as fit.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::BadSnapshot;
use crate::encode::encode;
use crate::snapshot::read_part;

/// How many entries are kept at most.
pub const KEPT: usize = 10_000;
/// How many bytes of data the entries have together at most, unless one alone has more.
pub const KEPT_BYTES: usize = 16 * 1024 * 1024;
/// How many entries a part of a snapshot holds.
const ENTRIES_PER_PART: u64 = 256;

/// A request as it was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// `(client_id, seq_id)`.
    pub id: (u64, u64),
    /// What was asked for.
    pub data: String,
}

/// The ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// How many entries there were before those that are kept.
    forgotten: u64,
    kept: VecDeque<Entry>,
    bytes: usize,
}

impl Ledger {
    /// How many entries there ever were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.forgotten + self.kept.len() as u64
    }

    /// The entries from this number on, counted from 0, or as many of them as are kept.
    pub fn since(&self, number: u64) -> impl Iterator<Item = &Entry> {
        let skipped = number.saturating_sub(self.forgotten);
        self.kept
            .iter()
            .skip(usize::try_from(skipped).unwrap_or(usize::MAX))
    }

    fn fits(&self) -> bool {
        self.kept.len() <= KEPT && (self.bytes <= KEPT_BYTES || self.kept.len() <= 1)
    }

    pub(crate) fn add(&mut self, entry: Entry) {
        self.bytes += entry.data.len();
        self.kept.push_back(entry);
        while !self.fits() {
            if let Some(oldest) = self.kept.pop_front() {
                self.bytes -= oldest.data.len();
                self.forgotten += 1;
            }
        }
    }

    /// In parts, as [`crate::Service::snapshot`] has it. Parts end at the same entries whichever are forgotten, so that all
    /// but the first and the last stay as they are.
    pub(crate) fn snapshot(&self) -> Vec<Arc<[u8]>> {
        let mut parts = vec![encode(&self.forgotten).into()];
        let numbered: Vec<(u64, &Entry)> = (self.forgotten..).zip(&self.kept).collect();
        let together = numbered
            .chunk_by(|(one, _), (other, _)| one / ENTRIES_PER_PART == other / ENTRIES_PER_PART);
        for part in together {
            let entries: Vec<&Entry> = part.iter().map(|(_, entry)| *entry).collect();
            parts.push(encode(&entries).into());
        }
        parts
    }

    /// The ledger that a snapshot is of.
    ///
    /// # Errors
    /// The parts are not what [`Ledger::snapshot`] gives.
    pub(crate) fn restored(parts: &[Arc<[u8]>]) -> Result<Self, BadSnapshot> {
        let mut ledger = Self {
            forgotten: read_part(parts.first())?,
            ..Self::default()
        };
        for part in parts.iter().skip(1) {
            let entries: Vec<Entry> = read_part(Some(part))?;
            ledger.bytes += entries.iter().map(|entry| entry.data.len()).sum::<usize>();
            ledger.kept.extend(entries);
        }
        let counts = ledger.forgotten.checked_add(KEPT as u64).is_some();
        if counts && ledger.fits() && ledger.snapshot() == parts {
            Ok(ledger)
        } else {
            Err(BadSnapshot::NotCanonical)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BadSnapshot, Entry, KEPT, KEPT_BYTES, Ledger, encode};

    fn ledger(count: u64) -> Ledger {
        let mut ledger = Ledger::default();
        for number in 0..count {
            ledger.add(Entry {
                id: (0, number),
                data: number.to_string(),
            });
        }
        ledger
    }

    #[test]
    fn the_last_entries_are_kept_and_all_are_counted() {
        let ledger = ledger(KEPT as u64 + 5);
        assert_eq!(ledger.count(), KEPT as u64 + 5);
        assert_eq!(ledger.since(0).count(), KEPT);
        assert_eq!(ledger.since(0).next().unwrap().id, (0, 5));
        assert_eq!(ledger.since(KEPT as u64 + 3).count(), 2);
        assert_eq!(ledger.since(u64::MAX).count(), 0);
    }

    #[test]
    fn much_data_makes_room_for_itself() {
        let mut ledger = ledger(3);
        for _ in 0..2 {
            ledger.add(Entry {
                id: (1, 1),
                data: "x".repeat(KEPT_BYTES),
            });
        }
        assert_eq!((ledger.since(0).count(), ledger.count()), (1, 5));
    }

    #[test]
    fn a_snapshot_gives_the_ledger_back_and_changes_at_its_ends_only() {
        for count in [0, 1, 255, 256, 257, 10_001, 12_345] {
            let ledger = ledger(count);
            let parts = ledger.snapshot();
            assert_eq!(Ledger::restored(&parts), Ok(ledger.clone()), "{count}");
            let mut more = ledger;
            more.add(Entry {
                id: (7, 7),
                data: "more".to_owned(),
            });
            let changed = more.snapshot();
            let new = changed.iter().filter(|part| !parts.contains(part)).count();
            assert!(new <= 3, "{count}: {new}");
        }
    }

    #[test]
    fn other_parts_are_refused() {
        let good = ledger(300).snapshot();
        assert_eq!(Ledger::restored(&[]), Err(BadSnapshot::Missing));
        let mut cut = good.clone();
        cut[1] = encode(&Vec::<Entry>::new()).into();
        assert_eq!(Ledger::restored(&cut), Err(BadSnapshot::NotCanonical));
        let mut shifted = good.clone();
        shifted[0] = encode(&1_u64).into();
        assert_eq!(Ledger::restored(&shifted), Err(BadSnapshot::NotCanonical));
        let mut endless = good;
        endless[0] = encode(&u64::MAX).into();
        assert_eq!(Ledger::restored(&endless), Err(BadSnapshot::NotCanonical));
    }
}
