//! The decided requests of HTTP/JSON, in order. The ledger keeps as many of the last ones as fit.
//!
//! A request is known by its id. As long as the ledger keeps its id, another one with the same id is the same request,
//! whatever its timestamp and whichever process received it. Ids are kept longer than the data of large requests.

mod ids;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use quorate_protocol::tree::{self, Tree};
use quorate_protocol::{Cached, Digest, Part};
use serde::{Deserialize, Serialize};

use crate::BadSnapshot;
use crate::encode::encode;
use crate::snapshot::read_part;
use ids::Ids;

/// The most entries that are kept, and the most ids.
pub const KEPT: usize = ids::KEPT;
/// The most bytes of data that the kept entries have together. The last entry is kept even if it alone has more.
pub const KEPT_BYTES: usize = 16 * 1024 * 1024;
/// The most clients whose latest number is kept.
const LATEST_KEPT: usize = 10_000;
/// The bytes of entries in one part of a snapshot: the entries that begin in the same so many bytes of all entries ever
/// added. So a part has less than these bytes and one entry.
const PART_BYTES: u64 = 32 * 1024;

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

/// The greatest [`number`] of a client that was ever decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Latest {
    client: u64,
    number: u64,
}

impl tree::Entry for Latest {
    fn place(&self) -> Digest {
        place(self.client)
    }

    fn size(&self) -> usize {
        const TWO_NUMBERS: usize = 20;
        TWO_NUMBERS
    }
}

/// Where a client stands in the tree.
fn place(client: u64) -> Digest {
    Digest::of(&[&client.to_le_bytes()])
}

/// The first part of a snapshot.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    forgotten: u64,
    forgotten_bytes: u64,
    forgotten_ids: u64,
    /// How many parts hold the clients' latest numbers.
    clients: usize,
    /// How many parts hold the ids.
    ids: usize,
}

/// The ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The number of entries that were dropped to make room.
    forgotten: u64,
    /// The sizes of the dropped entries together.
    forgotten_bytes: u64,
    kept: VecDeque<Arc<Entry>>,
    /// The bytes of data that the kept entries have together.
    bytes: usize,
    /// The sizes of all entries ever added.
    bytes_ever: u64,
    /// The ids of the kept entries, and of older ones.
    ids: Ids,
    /// The parts of the kept entries, by the place of their bytes among all bytes ever added.
    parts: BTreeMap<u64, Cached<Part>>,
    /// The clients' latest numbers. A faulty process can order requests of clients that do not exist, so the clients with
    /// the smallest numbers give way.
    latest: Tree<Latest>,
    /// The same, sorted: `(number, client)`.
    by_number: BTreeSet<(u64, u64)>,
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

    /// Whether the decided request with this id had this data. `None` if no such id is known.
    #[must_use]
    pub fn has(&self, id: (u64, u64), data: &str) -> Option<bool> {
        let digest = self.ids.digest(id)?;
        Some(digest == ids::digest_of(data))
    }

    /// The greatest [`number`] of a client's requests that were ever decided. 0 if there is none, or if it had to give
    /// way to those of other clients.
    #[must_use]
    pub fn latest(&self, client: u64) -> u64 {
        let latest = self.latest.get(&place(client));
        latest.map_or(0, |latest| latest.number)
    }

    /// Whether the last ids are those of the kept entries.
    fn knows_its_entries(&self) -> bool {
        let ids = self.ids.last(self.kept.len());
        let entries = self.kept.iter();
        let entries = entries.map(|entry| (entry.id, ids::digest_of(&entry.data)));
        self.ids.count() == self.count() && entries.eq(ids.copied())
    }

    fn fits(&self) -> bool {
        self.kept.len() <= KEPT && (self.bytes <= KEPT_BYTES || self.kept.len() <= 1)
    }

    /// Adds a request whose id is not known.
    pub(crate) fn add(&mut self, entry: Entry, number: u64) {
        self.note_latest(entry.id.0, number);
        self.ids.add(entry.id, ids::digest_of(&entry.data));
        self.push(entry);
        while !self.fits() {
            self.forget_oldest();
        }
    }

    fn note_latest(&mut self, client: u64, number: u64) {
        let number = number.max(self.latest(client));
        let before = self.latest.set(Latest { client, number });
        if let Some(before) = before {
            self.by_number.remove(&(before.number, client));
        }
        self.by_number.insert((number, client));
        if self.by_number.len() > LATEST_KEPT
            && let Some((_, client)) = self.by_number.pop_first()
        {
            self.latest.delete(&place(client));
        }
    }

    fn push(&mut self, entry: Entry) {
        self.bytes += entry.data.len();
        let part = self.parts.entry(self.bytes_ever / PART_BYTES).or_default();
        part.forget();
        self.bytes_ever += entry.size() as u64;
        self.kept.push_back(Arc::new(entry));
    }

    fn forget_oldest(&mut self) {
        let Some(oldest) = self.kept.pop_front() else {
            return;
        };
        self.bytes -= oldest.data.len();
        self.forgotten += 1;
        self.forgotten_bytes += oldest.size() as u64;
        // The part that held it has lost an entry, or its last one.
        let first = self.forgotten_bytes / PART_BYTES;
        self.parts = self.parts.split_off(&first);
        if let Some(part) = self.parts.get_mut(&first) {
            part.forget();
        }
    }

    /// The parts for [`crate::Service::snapshot`]: what was forgotten and the numbers of the next parts; these parts, with
    /// the clients' latest numbers and the ids; and the entries. Of the ids and of the entries only the oldest and the
    /// newest part change.
    pub(crate) fn snapshot(&self) -> Vec<Part> {
        let (latest, ids) = (self.latest.parts(), self.ids.parts());
        let head = Head {
            forgotten: self.forgotten,
            forgotten_bytes: self.forgotten_bytes,
            forgotten_ids: self.ids.forgotten(),
            clients: latest.len(),
            ids: ids.len(),
        };
        let mut parts = vec![encode(&head).into()];
        parts.extend(latest);
        parts.extend(ids);
        let mut begins = self.forgotten_bytes;
        let mut rest = self.kept.iter().peekable();
        for (place, cached) in &self.parts {
            let mut together = Vec::new();
            while let Some(entry) = rest.next_if(|_| begins / PART_BYTES == *place) {
                begins += entry.size() as u64;
                together.push(&**entry);
            }
            parts.push(cached.get_or_make(|| encode(&together).into()).clone());
        }
        parts
    }

    /// The ledger that these parts encode.
    ///
    /// # Errors
    /// [`Ledger::snapshot`] would not produce these parts.
    pub(crate) fn restored(parts: &[Part]) -> Result<Self, BadSnapshot> {
        let Head {
            forgotten,
            forgotten_bytes,
            forgotten_ids,
            clients,
            ids,
        } = read_part(parts.first())?;
        let rest = parts.get(1..).unwrap_or_default();
        let (clients, rest) = rest.split_at_checked(clients).ok_or(BadSnapshot::Missing)?;
        let (ids, entries) = rest.split_at_checked(ids).ok_or(BadSnapshot::Missing)?;
        let latest = Tree::<Latest>::of_parts(clients)?;
        let by_number: BTreeSet<_> = latest.iter().map(|one| (one.number, one.client)).collect();
        let most = u64::MAX / 2;
        if forgotten > most
            || forgotten_bytes > most
            || forgotten_ids > forgotten
            || by_number.len() > LATEST_KEPT
        {
            return Err(BadSnapshot::NotCanonical);
        }
        let mut ledger = Self {
            forgotten,
            forgotten_bytes,
            bytes_ever: forgotten_bytes,
            ids: Ids::of_parts(forgotten_ids, ids)?,
            latest,
            by_number,
            ..Self::default()
        };
        for part in entries {
            let entries: Vec<Entry> = read_part(Some(part))?;
            entries.into_iter().for_each(|entry| ledger.push(entry));
        }
        if ledger.knows_its_entries() && ledger.fits() && ledger.snapshot() == parts {
            Ok(ledger)
        } else {
            Err(BadSnapshot::NotCanonical)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{
        BadSnapshot, Entry, Head, KEPT, KEPT_BYTES, LATEST_KEPT, Latest, Ledger, PART_BYTES, Tree,
        encode, number,
    };

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
        assert_eq!(ledger.has((0, 0), "0"), Some(true));
        assert_eq!(ledger.has((0, 0), "1"), Some(false));
        assert_eq!(ledger.has((1, 0), "x"), None);
        ledger.add(entry((1, 0), "x"), 5);
        assert_eq!(ledger.has((0, 0), "0"), None);
        assert_eq!(ledger.has((0, 1), "1"), Some(true));
        assert_eq!(ledger.has((1, 0), "x"), Some(true));
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
        assert_eq!(ledger.latest.iter().count(), LATEST_KEPT);
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
    fn a_large_entry_pushes_out_the_older_ones_but_their_ids_are_still_known() {
        let mut ledger = ledger(3);
        for seq in 0..2 {
            ledger.add(entry((1, seq), &"x".repeat(KEPT_BYTES)), seq);
        }
        assert_eq!((ledger.since(0).count(), ledger.count()), (1, 5));
        for seq in 0..3 {
            assert_eq!(ledger.has((0, seq), &seq.to_string()), Some(true));
        }
        assert_eq!(Ledger::restored(&ledger.snapshot()), Ok(ledger));
    }

    #[test]
    fn a_snapshot_restores_the_ledger_and_only_its_ends_change() {
        for count in [0, 1, 900, 910, 2000, 10_001, 12_345] {
            let ledger = ledger(count);
            let parts = ledger.snapshot();
            assert_eq!(Ledger::restored(&parts), Ok(ledger.clone()), "{count}");
            let mut more = ledger;
            more.add(entry((7, 7), "more"), 7);
            let changed = more.snapshot();
            let new = changed.iter().filter(|part| !parts.contains(part)).count();
            // What was forgotten, the clients, and the oldest and the newest part of the ids and of the entries.
            assert!(new <= 6, "{count}: {new}");
        }
    }

    #[test]
    fn parts_are_bounded_in_bytes_whatever_the_entries() {
        for (length, count) in [(0, 5000), (100, 5000), (65_536, 100), (PART_BYTES, 10)] {
            let length = usize::try_from(length).unwrap();
            let mut ledger = Ledger::default();
            for seq in 0..count {
                ledger.add(entry((seq, seq), &"x".repeat(length)), seq);
                // A part that is made between two changes must not stay.
                ledger.snapshot();
            }
            let parts = ledger.snapshot();
            let most = usize::try_from(PART_BYTES).unwrap() + length + 24;
            assert!(parts.iter().all(|part| part.len() <= most), "{length}");
            let restored = Ledger::restored(&parts).unwrap();
            assert_eq!(restored.snapshot(), parts);
            assert_eq!(restored, ledger);
        }
    }

    #[test]
    fn parts_that_no_ledger_produces_are_refused() {
        let good = ledger(300).snapshot();
        assert_eq!(Ledger::restored(&[]), Err(BadSnapshot::Missing));
        assert_eq!(Ledger::restored(&good[..1]), Err(BadSnapshot::Missing));
        let with = |place: usize, bytes: Vec<u8>| {
            let mut parts = good.clone();
            parts[place] = bytes.into();
            Ledger::restored(&parts)
        };
        let refused = Err(BadSnapshot::NotCanonical);
        let no_entries = encode(&Vec::<Entry>::new());
        for (place, lacks) in [(1, "clients"), (2, "ids"), (3, "entries")] {
            assert_eq!(with(place, no_entries.clone()), refused, "{lacks}");
        }
        let shifted = PART_BYTES - 100;
        for (forgotten, bytes) in [(0, shifted), (u64::MAX, 0), (0, u64::MAX)] {
            let head = Head {
                forgotten,
                forgotten_bytes: bytes,
                forgotten_ids: 0,
                clients: 1,
                ids: 1,
            };
            let refused_head = with(0, encode(&head));
            assert_eq!(refused_head, refused, "{forgotten} {bytes}");
        }
        let mut crowd = Tree::default();
        for client in 0..=LATEST_KEPT as u64 {
            crowd.set(Latest { client, number: 1 });
        }
        let mut crowded = crowd.parts();
        let head = Head {
            forgotten: 0,
            forgotten_bytes: 0,
            forgotten_ids: 0,
            clients: crowded.len(),
            ids: 0,
        };
        crowded.insert(0, encode(&head).into());
        assert_eq!(Ledger::restored(&crowded), refused);
        let mut twice = Ledger::default();
        (0..2).for_each(|_| twice.add(entry((0, 0), "x"), 0));
        assert_eq!(Ledger::restored(&twice.snapshot()), refused);
    }
}
