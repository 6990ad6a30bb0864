//! What a process has on disk: the records of its replica, in the order in which it wanted them there (rule 22).

use std::path::Path;

use anyhow::Context as _;
use quorate_protocol::Record;
use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition};

/// Records by number, encoded.
const RECORDS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("records");

/// The records of one process. While it is open no other process can open it.
#[derive(Debug)]
pub(crate) struct Storage {
    database: Database,
    next: u64,
}

impl Storage {
    /// Opens the file, or makes it; gives what it holds.
    ///
    /// # Errors
    /// It cannot be used, another process uses it, or it holds something else.
    pub(crate) fn open(path: &Path) -> anyhow::Result<(Self, Vec<Record>)> {
        let told = || format!("the data in {} cannot be used", path.display());
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(told)?;
        }
        let database = Database::create(path).with_context(told)?;
        let mut storage = Self { database, next: 0 };
        let records = storage.read().with_context(told)?;
        Ok((storage, records))
    }

    fn read(&mut self) -> anyhow::Result<Vec<Record>> {
        // A table that is not there yet can be opened for writing only.
        let begun = self.database.begin_write()?;
        begun.open_table(RECORDS)?;
        begun.commit()?;
        let table = self.database.begin_read()?.open_table(RECORDS)?;
        let mut records = Vec::new();
        for entry in table.iter()? {
            let (number, bytes) = entry?;
            let record = postcard::from_bytes(bytes.value())
                .with_context(|| format!("record {} is none", number.value()))?;
            records.push(record);
            self.next = number.value() + 1;
        }
        Ok(records)
    }

    /// Adds records, all of them or none; on disk when it returns.
    ///
    /// # Errors
    /// The disk is full, or does not work.
    pub(crate) fn add(&mut self, records: &[Record]) -> anyhow::Result<()> {
        self.write(records, false)
    }

    /// Puts records in the place of all that are there.
    ///
    /// # Errors
    /// The disk is full, or does not work; then the old ones are still there.
    pub(crate) fn replace(&mut self, records: &[Record]) -> anyhow::Result<()> {
        self.write(records, true)
    }

    fn write(&mut self, records: &[Record], instead: bool) -> anyhow::Result<()> {
        let begun = self.database.begin_write()?;
        let mut next = self.next;
        {
            let mut table = begun.open_table(RECORDS)?;
            if instead {
                table.retain(|_, _| false)?;
            }
            for record in records {
                table.insert(next, postcard::to_stdvec(record)?.as_slice())?;
                next += 1;
            }
        }
        begun.commit()?;
        self.next = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Record, Storage};
    use quorate_protocol::Sequence;

    #[test]
    fn what_was_written_is_there_again_in_order_and_what_was_replaced_is_not() {
        let folder = std::env::temp_dir().join(format!("quorate-storage-{}", std::process::id()));
        let path = folder.join("P.redb");
        let executed = |number| Record::Executed(Sequence(number));
        let (mut storage, none) = Storage::open(&path).unwrap();
        assert_eq!(none, []);
        storage.add(&[executed(1), executed(2)]).unwrap();
        storage.add(&[executed(3)]).unwrap();
        assert!(Storage::open(&path).is_err(), "two processes use one file");
        drop(storage);
        let (mut storage, records) = Storage::open(&path).unwrap();
        assert_eq!(records, [executed(1), executed(2), executed(3)]);
        storage.replace(&[executed(7)]).unwrap();
        storage.add(&[executed(8)]).unwrap();
        drop(storage);
        assert_eq!(Storage::open(&path).unwrap().1, [executed(7), executed(8)]);
        std::fs::write(&path, "nonsense").unwrap();
        let error = format!("{:#}", Storage::open(&path).unwrap_err());
        assert!(error.contains("P.redb cannot be used"), "{error}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
