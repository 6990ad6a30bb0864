//! The decided requests of HTTP/JSON, in order. The ledger keeps as many of the last ones as fit.
//!
//! A request is known by its id. As long as the ledger keeps a request, another one with the same id is the same request,
//! whatever its timestamp and whichever process received it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use quorate_protocol::Part;
use serde::{Deserialize, Serialize};

use crate::BadSnapshot;
use crate::encode::encode;
use crate::snapshot::read_part;

/// The most entries that are kept.
pub const KEPT: usize = 10_000;
/// The most bytes of data that the kept entries have together. The last entry is kept even if it alone has more.
pub const KEPT_BYTES: usize = 16 * 1024 * 1024;
/// The most clients whose latest number is kept.
const LATEST_KEPT: usize = 10_000;
/// The entries in one part of a snapshot.
const ENTRIES_PER_PART: u64 = 256;

/// A decided request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// `(client_id, seq_id)`.
    pub id: (u64, u64),
    /// The `data` of the request.
    pub data: String,
}

impl Entry {
    /// The bytes that the entry counts for: its data, and what its encoding needs beside them at most.
    fn size(&self) -> usize {
        const IDS_AND_LENGTH: usize = 24;
        self.data.len() + IDS_AND_LENGTH
    }
}

/// Some entries of the ledger, in order. They share their data with the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The number of the first entry. It is higher than the number that was asked for if that entry is forgotten.
    pub first: u64,
    /// The entries.
    pub entries: Vec<Arc<Entry>>,
    /// The number to ask the next page for.
    pub next: u64,
    /// Whether the ledger has no later entries.
    pub is_last: bool,
}

/// How many requests of one client may carry the same timestamp.
const PER_MICROSECOND: u64 = 4096;

/// The number of a request among its client's: greater for a later timestamp, in seconds since 1970, and among requests of
/// one moment for a greater `seq_id`.
#[must_use]
pub fn number(timestamp: f64, seq: u64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what does not fit becomes the nearest that does"
    )]
    let micros = (timestamp * 1e6) as u64;
    micros
        .saturating_mul(PER_MICROSECOND)
        .saturating_add(seq % PER_MICROSECOND + 1)
}

/// The ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The number of entries that were dropped to make room.
    forgotten: u64,
    kept: VecDeque<Arc<Entry>>,
    bytes: usize,
    /// Where the kept entries stand, counted with the forgotten ones.
    places: BTreeMap<(u64, u64), u64>,
    /// The greatest [`number`] that was ever decided, by client. A faulty process can order requests of clients that do
    /// not exist, so the clients with the smallest numbers give way.
    latest: BTreeMap<u64, u64>,
}

impl Ledger {
    /// The number of entries added so far, dropped ones included.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.forgotten + self.kept.len() as u64
    }

    /// The kept entries with this number or a higher one. Entries are numbered from 0. A clone of an entry shares its
    /// data.
    pub fn since(&self, number: u64) -> impl Iterator<Item = &Arc<Entry>> {
        let skipped = usize::try_from(number.saturating_sub(self.forgotten));
        let skipped = skipped.map_or(self.kept.len(), |skipped| skipped.min(self.kept.len()));
        self.kept.range(skipped..)
    }

    /// The kept entries with this number or a higher one, as many as have at most `most_bytes` of data together, and at
    /// least one if there is one. It copies no data.
    #[must_use]
    pub fn page(&self, number: u64, most_bytes: usize) -> Page {
        let first = number.max(self.forgotten).min(self.count());
        let mut bytes = 0;
        let fits = |entry: &&Arc<Entry>| {
            let is_first = bytes == 0;
            bytes += Entry::size(entry);
            is_first || bytes <= most_bytes
        };
        let entries: Vec<_> = self.since(first).take_while(fits).cloned().collect();
        let next = first + entries.len() as u64;
        Page {
            first,
            entries,
            next,
            is_last: next == self.count(),
        }
    }

    /// The data of the request with this id, if it is kept.
    #[must_use]
    pub fn data_of(&self, id: (u64, u64)) -> Option<&str> {
        let place = self.places.get(&id)?.checked_sub(self.forgotten)?;
        let entry = self.kept.get(usize::try_from(place).ok()?)?;
        Some(&entry.data)
    }

    /// The greatest [`number`] of a client's requests that were ever decided. 0 if there is none, or if it had to give
    /// way to those of other clients.
    #[must_use]
    pub fn latest(&self, client: u64) -> u64 {
        self.latest.get(&client).copied().unwrap_or(0)
    }

    fn fits(&self) -> bool {
        self.kept.len() <= KEPT && (self.bytes <= KEPT_BYTES || self.kept.len() <= 1)
    }

    /// Adds a request that is not kept yet.
    pub(crate) fn add(&mut self, entry: Entry, number: u64) {
        let latest = self.latest.entry(entry.id.0).or_default();
        *latest = number.max(*latest);
        self.forget_oldest_client();
        self.push(entry);
        while !self.fits() {
            if let Some(oldest) = self.kept.pop_front() {
                self.places.remove(&oldest.id);
                self.bytes -= oldest.data.len();
                self.forgotten += 1;
            }
        }
    }

    fn forget_oldest_client(&mut self) {
        if self.latest.len() <= LATEST_KEPT {
            return;
        }
        let oldest = self.latest.iter().min_by_key(|(_, number)| **number);
        if let Some(client) = oldest.map(|(client, _)| *client) {
            self.latest.remove(&client);
        }
    }

    fn push(&mut self, entry: Entry) {
        self.places.insert(entry.id, self.count());
        self.bytes += entry.data.len();
        self.kept.push_back(Arc::new(entry));
    }

    /// The parts for [`crate::Service::snapshot`]. A part ends at every multiple of `ENTRIES_PER_PART`, whatever was
    /// dropped, so only the count, the oldest and the newest part change.
    pub(crate) fn snapshot(&self) -> Vec<Part> {
        let mut parts = vec![encode(&(self.forgotten, &self.latest)).into()];
        let numbered: Vec<(u64, &Arc<Entry>)> = (self.forgotten..).zip(&self.kept).collect();
        let together = numbered
            .chunk_by(|(one, _), (other, _)| one / ENTRIES_PER_PART == other / ENTRIES_PER_PART);
        for part in together {
            let entries: Vec<&Entry> = part.iter().map(|(_, entry)| &***entry).collect();
            parts.push(encode(&entries).into());
        }
        parts
    }

    /// The ledger that these parts encode.
    ///
    /// # Errors
    /// [`Ledger::snapshot`] would not produce these parts.
    pub(crate) fn restored(parts: &[Part]) -> Result<Self, BadSnapshot> {
        let (forgotten, latest): (u64, BTreeMap<u64, u64>) = read_part(parts.first())?;
        if forgotten.checked_add(KEPT as u64).is_none() || latest.len() > LATEST_KEPT {
            return Err(BadSnapshot::NotCanonical);
        }
        let mut ledger = Self {
            forgotten,
            latest,
            ..Self::default()
        };
        for part in parts.iter().skip(1) {
            let entries: Vec<Entry> = read_part(Some(part))?;
            if entries.len() > KEPT {
                return Err(BadSnapshot::NotCanonical);
            }
            entries.into_iter().for_each(|entry| ledger.push(entry));
        }
        let once = ledger.places.len() == ledger.kept.len();
        if once && ledger.fits() && ledger.snapshot() == parts {
            Ok(ledger)
        } else {
            Err(BadSnapshot::NotCanonical)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::{BadSnapshot, Entry, KEPT, KEPT_BYTES, LATEST_KEPT, Ledger, encode, number};

    fn entry(id: (u64, u64), data: &str) -> Entry {
        Entry {
            id,
            data: data.to_owned(),
        }
    }

    fn ledger(count: u64) -> Ledger {
        let mut ledger = Ledger::default();
        for seq in 0..count {
            ledger.add(entry((0, seq), &seq.to_string()), seq);
        }
        ledger
    }

    #[test]
    fn later_requests_have_greater_numbers() {
        assert_eq!(
            number(1_542_000_000.25, 7),
            1_542_000_000_250_000 * 4096 + 8
        );
        assert!(number(1.0, 1) > number(1.0, 0));
        assert!(number(1.5, 0) > number(1.0, 9));
        assert!(number(0.0, 0) > 0);
        assert!(number(4e9, 4095) > number(4e9, 0));
        assert_eq!(number(f64::INFINITY, 4095), u64::MAX);
        assert_eq!(number(f64::NAN, 0), 1);
    }

    #[test]
    fn a_request_is_found_by_its_id_until_it_is_forgotten() {
        let mut ledger = ledger(KEPT as u64);
        assert_eq!(ledger.data_of((0, 0)), Some("0"));
        assert_eq!(ledger.data_of((1, 0)), None);
        ledger.add(entry((1, 0), "x"), 5);
        assert_eq!(ledger.data_of((0, 0)), None);
        assert_eq!(ledger.data_of((0, 1)), Some("1"));
        assert_eq!(ledger.data_of((1, 0)), Some("x"));
        assert_eq!(ledger.latest(0), KEPT as u64 - 1);
        ledger.add(entry((1, 1), "earlier"), 3);
        assert_eq!((ledger.latest(1), ledger.latest(2)), (5, 0));
    }

    #[test]
    fn beyond_the_limit_the_client_with_the_smallest_number_is_forgotten() {
        let mut ledger = Ledger::default();
        for client in 0..LATEST_KEPT as u64 {
            ledger.add(entry((client, 0), ""), 1000 - client.min(7));
        }
        ledger.add(entry((u64::MAX, 0), ""), 2000);
        assert_eq!(ledger.latest.len(), LATEST_KEPT);
        assert_eq!(ledger.latest(7), 0, "the first of those with the smallest");
        assert_eq!(
            [0, 8, u64::MAX].map(|id| ledger.latest(id)),
            [1000, 993, 2000]
        );
        assert_eq!(Ledger::restored(&ledger.snapshot()), Ok(ledger));
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
    fn pages_of_bounded_bytes_give_all_kept_entries_in_order_and_copy_none() {
        let mut ledger = ledger(KEPT as u64 + 5);
        ledger.add(entry((9, 9), &"x".repeat(5000)), 1);
        let (mut number, mut seen) = (0, Vec::new());
        loop {
            let page = ledger.page(number, 1000);
            assert_eq!(page.next, page.first + page.entries.len() as u64);
            let bytes: usize = page.entries.iter().map(|entry| entry.data.len()).sum();
            assert!(bytes <= 1000 || page.entries.len() == 1, "{bytes}");
            seen.extend(page.entries);
            if page.is_last {
                break;
            }
            number = page.next;
        }
        assert_eq!(seen.len(), KEPT);
        assert!(
            seen.iter()
                .zip(ledger.since(0))
                .all(|(one, other)| Arc::ptr_eq(one, other))
        );
        let beyond = ledger.page(u64::MAX, 1000);
        assert_eq!((beyond.next, beyond.entries.len()), (ledger.count(), 0));
        assert!(beyond.is_last);
    }

    #[test]
    fn a_large_entry_pushes_out_the_older_ones() {
        let mut ledger = ledger(3);
        for seq in 0..2 {
            ledger.add(entry((1, seq), &"x".repeat(KEPT_BYTES)), seq);
        }
        assert_eq!((ledger.since(0).count(), ledger.count()), (1, 5));
    }

    #[test]
    fn a_snapshot_restores_the_ledger_and_only_its_ends_change() {
        for count in [0, 1, 255, 256, 257, 10_001, 12_345] {
            let ledger = ledger(count);
            let parts = ledger.snapshot();
            assert_eq!(Ledger::restored(&parts), Ok(ledger.clone()), "{count}");
            let mut more = ledger;
            more.add(entry((7, 7), "more"), 7);
            let changed = more.snapshot();
            let new = changed.iter().filter(|part| !parts.contains(part)).count();
            assert!(new <= 3, "{count}: {new}");
        }
    }

    #[test]
    fn parts_that_no_ledger_produces_are_refused() {
        let good = ledger(300).snapshot();
        assert_eq!(Ledger::restored(&[]), Err(BadSnapshot::Missing));
        let mut cut = good.clone();
        cut[1] = encode(&Vec::<Entry>::new()).into();
        assert_eq!(Ledger::restored(&cut), Err(BadSnapshot::NotCanonical));
        let mut shifted = good.clone();
        shifted[0] = encode(&(1_u64, BTreeMap::from([(0_u64, 299_u64)]))).into();
        assert_eq!(Ledger::restored(&shifted), Err(BadSnapshot::NotCanonical));
        let mut endless = good;
        endless[0] = encode(&(u64::MAX, BTreeMap::<u64, u64>::new())).into();
        assert_eq!(Ledger::restored(&endless), Err(BadSnapshot::NotCanonical));
        let crowd: BTreeMap<u64, u64> = (0..=LATEST_KEPT as u64).map(|id| (id, 1)).collect();
        let crowded = [encode(&(0_u64, crowd)).into()];
        assert_eq!(Ledger::restored(&crowded), Err(BadSnapshot::NotCanonical));
        let mut twice = Ledger::default();
        (0..2).for_each(|_| twice.push(entry((0, 0), "x")));
        assert_eq!(
            Ledger::restored(&twice.snapshot()),
            Err(BadSnapshot::NotCanonical)
        );
    }
}
