//! The records of a process in their order. When a new list replaces the old one, records of the old list that are in the new one
//! are not written again.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};

use quorate_protocol::{Part, Record};
use redb::{
    ReadOnlyTable, ReadTransaction, ReadableTable as _, Table, TableDefinition, TableError,
    WriteTransaction,
};
use serde::{Deserialize, Serialize};

use super::damaged;

/// The encoded records, by number.
pub(super) const RECORDS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("records");

/// The encoded [`Order`], alone.
const ORDER: TableDefinition<'_, (), &[u8]> = TableDefinition::new("order");

/// The order of the records. Without one, their numbers are in order.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Order {
    /// The numbers of the records that replaced all earlier ones.
    replaced: Vec<u64>,
    /// Records from this number on were added later, in the order of their numbers.
    added_from: u64,
}

/// What is known of the records on disk.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// The number of the next record.
    next: u64,
    /// The hash of each record, by number. It finds a record again, and the bytes on disk then say whether it is the same.
    hashes: BTreeMap<u64, u64>,
    hasher: RandomState,
}

impl Log {
    /// Reads the records. `find` finds the part of a state.
    pub(super) fn read(
        begun: &ReadTransaction,
        mut find: impl FnMut(quorate_protocol::Digest) -> Option<Part>,
    ) -> anyhow::Result<(Self, Vec<Record>)> {
        let table = begun.open_table(RECORDS)?;
        let order = Order::read(begun)?;
        // A number below the order's would not be read again.
        let mut log = Self {
            next: order.added_from,
            ..Self::default()
        };
        let mut records = Vec::new();
        for number in order.numbers(&table)? {
            let bytes = table
                .get(number)?
                .ok_or_else(|| damaged(format!("record {number} is missing")))?;
            let record = Record::decode(bytes.value(), &mut find)
                .map_err(|error| damaged(format!("record {number}: {error}")))?;
            records.push(record);
            log.note(number, bytes.value());
        }
        Ok((log, records))
    }

    /// The log with these records after the present ones.
    pub(super) fn append(
        &self,
        begun: &WriteTransaction,
        records: &[Record],
    ) -> anyhow::Result<Added> {
        let mut table = begun.open_table(RECORDS)?;
        let mut added = Added::default();
        for (number, record) in (self.next..).zip(records) {
            let bytes = record.encode();
            table.insert(number, bytes.as_slice())?;
            added.0.push((number, self.hasher.hash_one(&bytes)));
        }
        Ok(added)
    }

    /// What [`Log::append`] has added is on disk.
    pub(super) fn extend(&mut self, added: Added) {
        self.next += added.0.len() as u64;
        self.hashes.extend(added.0);
    }

    /// The log with these records instead of the present ones.
    pub(super) fn replace(
        &self,
        begun: &WriteTransaction,
        records: &[Record],
    ) -> anyhow::Result<Self> {
        let mut table = begun.open_table(RECORDS)?;
        let numbers = self.hashes.iter().map(|(number, hash)| (*hash, *number));
        let present: BTreeMap<u64, u64> = numbers.collect();
        let mut new = Self {
            next: self.next,
            hashes: BTreeMap::new(),
            hasher: self.hasher.clone(),
        };
        let mut replaced = Vec::with_capacity(records.len());
        for record in records {
            let bytes = record.encode();
            let number = present
                .get(&self.hasher.hash_one(&bytes))
                .filter(|number| is_at(&table, **number, &bytes))
                .copied()
                .unwrap_or(new.next);
            if number == new.next {
                table.insert(number, bytes.as_slice())?;
            }
            new.note(number, &bytes);
            replaced.push(number);
        }
        for obsolete in self.hashes.keys() {
            if !new.hashes.contains_key(obsolete) {
                table.remove(obsolete)?;
            }
        }
        let added_from = new.next;
        let order = postcard::to_stdvec(&Order {
            replaced,
            added_from,
        })?;
        begun.open_table(ORDER)?.insert((), order.as_slice())?;
        Ok(new)
    }

    fn note(&mut self, number: u64, bytes: &[u8]) {
        self.hashes.insert(number, self.hasher.hash_one(bytes));
        self.next = self.next.max(number + 1);
    }
}

/// Records that were added: their numbers and hashes.
#[derive(Debug, Default)]
pub(super) struct Added(Vec<(u64, u64)>);

fn is_at(table: &Table<'_, u64, &[u8]>, number: u64, bytes: &[u8]) -> bool {
    table
        .get(number)
        .is_ok_and(|found| found.is_some_and(|found| found.value() == bytes))
}

impl Order {
    fn read(begun: &ReadTransaction) -> anyhow::Result<Self> {
        let table = match begun.open_table(ORDER) {
            Err(TableError::TableDoesNotExist(_)) => return Ok(Self::default()),
            opened => opened?,
        };
        let bytes = table
            .get(())?
            .ok_or_else(|| damaged("the order of the records is missing"))?;
        postcard::from_bytes(bytes.value())
            .map_err(|error| damaged(format!("the order of the records: {error}")))
    }

    /// The numbers of all records, in their order.
    fn numbers(self, table: &ReadOnlyTable<u64, &[u8]>) -> anyhow::Result<Vec<u64>> {
        let mut numbers = self.replaced;
        for entry in table.range(self.added_from..)? {
            numbers.push(entry?.0.value());
        }
        Ok(numbers)
    }
}
