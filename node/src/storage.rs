//! What a process has on disk: the records of its replica, in the order in which the replica wrote them (rule 22).

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context as _;
use quorate_protocol::{Digest, Part, Record, View};
use redb::{
    Database, DatabaseError, ReadableDatabase as _, ReadableTable as _, StorageError,
    TableDefinition,
};

/// The encoded records, by number.
const RECORDS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("records");

/// The parts of the state that a record names, by digest.
const PARTS: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("parts");

/// What is left of a process's earlier lives.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Past {
    /// There was no earlier life.
    None,
    /// Its records.
    Kept(Vec<Record>),
    /// There was an earlier life, but its records are lost.
    Lost,
}

/// The records of one process. While they are open, no other process can open them.
#[derive(Debug)]
pub(crate) struct Storage {
    database: Database,
    next: u64,
    /// The parts on disk.
    parts: BTreeSet<Digest>,
}

impl Storage {
    /// Opens the file, or creates it, and returns what it contains. A second file beside it, the mark, says that the
    /// process has started before. If the mark is there and the records are not, they are lost.
    ///
    /// # Errors
    /// The file cannot be used, another process uses it, or it contains something else.
    pub(crate) fn open(path: &Path) -> anyhow::Result<(Self, Past)> {
        let told = || format!("the data in {} cannot be used", path.display());
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(told)?;
        }
        // The check is needed: if another program has changed the file, opening it unchecked could panic, or could
        // return other votes than were cast.
        let database = Database::builder()
            .set_check_integrity_on_open(true)
            .create(path)
            .map_err(advise)
            .with_context(told)?;
        let mut storage = Self {
            database,
            next: 0,
            parts: BTreeSet::new(),
        };
        let records = storage.read().with_context(told)?;
        let mark = path.with_extension("began");
        if !records.is_empty() {
            return Ok((storage, Past::Kept(records)));
        }
        if mark.exists() {
            return Ok((storage, Past::Lost));
        }
        // Write the record before the mark. With the mark alone, a process that had sent nothing would seem to have
        // lost its memory.
        storage.forget().with_context(told)?;
        std::fs::File::create(&mark)
            .and_then(|mark| mark.sync_all())
            .with_context(told)?;
        Ok((storage, Past::None))
    }

    /// Replaces all records by the one that says: this process has not voted yet.
    ///
    /// # Errors
    /// As [`Storage::replace`].
    pub(crate) fn forget(&mut self) -> anyhow::Result<()> {
        self.replace(&[Record::VotesFrom(View(0))])
    }

    fn read(&mut self) -> anyhow::Result<Vec<Record>> {
        // A table that does not exist yet can only be opened for writing.
        let begun = self.database.begin_write()?;
        begun.open_table(RECORDS)?;
        begun.open_table(PARTS)?;
        begun.commit()?;
        let begun = self.database.begin_read()?;
        let mut parts = BTreeMap::new();
        for entry in begun.open_table(PARTS)?.iter()? {
            let (_, bytes) = entry?;
            let part = Part::from(bytes.value());
            parts.insert(part.digest(), part);
        }
        let mut records = Vec::new();
        for entry in begun.open_table(RECORDS)?.iter()? {
            let (number, bytes) = entry?;
            let record = Record::decode(bytes.value(), |digest| parts.get(&digest).cloned())
                .with_context(|| format!("record {} cannot be read", number.value()))
                .context(DAMAGED)?;
            records.push(record);
            self.next = number.value() + 1;
        }
        self.parts = parts.into_keys().collect();
        Ok(records)
    }

    /// Adds records: all of them, or none if it fails. They are on disk when it returns.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub(crate) fn add(&mut self, records: &[Record]) -> anyhow::Result<()> {
        self.write(records, false)
    }

    /// Replaces all records by these.
    ///
    /// # Errors
    /// The disk is full or broken. The old records are then still there.
    pub(crate) fn replace(&mut self, records: &[Record]) -> anyhow::Result<()> {
        self.write(records, true)
    }

    fn write(&mut self, records: &[Record], instead: bool) -> anyhow::Result<()> {
        let begun = self.database.begin_write()?;
        let mut next = self.next;
        let named = || records.iter().flat_map(Record::parts);
        let mut parts: BTreeSet<Digest> = named().map(Part::digest).collect();
        {
            let mut table = begun.open_table(PARTS)?;
            for part in named().filter(|part| !self.parts.contains(&part.digest())) {
                table.insert(part.digest().0, &**part)?;
            }
            for obsolete in self.parts.difference(&parts).filter(|_| instead) {
                table.remove(obsolete.0)?;
            }
            let mut table = begun.open_table(RECORDS)?;
            if instead {
                table.retain(|_, _| false)?;
            }
            for record in records {
                table.insert(next, record.encode().as_slice())?;
                next += 1;
            }
        }
        begun.commit()?;
        self.next = next;
        if !instead {
            parts.append(&mut self.parts);
        }
        self.parts = parts;
        Ok(())
    }
}

/// Adds to the error what to do about it.
fn advise(error: DatabaseError) -> anyhow::Error {
    let advice = match &error {
        DatabaseError::DatabaseAlreadyOpen => "another process uses it: stop that one first",
        DatabaseError::Storage(StorageError::Io(error))
            if !matches!(
                error.kind(),
                ErrorKind::InvalidData | ErrorKind::UnexpectedEof
            ) =>
        {
            "it must be a file that this program may read and write: change that, or choose another --data-dir"
        }
        _ => DAMAGED,
    };
    anyhow::Error::new(error).context(advice)
}

const DAMAGED: &str =
    "it is damaged; move it away, and the process joins again as one that lost its memory";

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use redb::{ReadableDatabase as _, ReadableTableMetadata as _};

    use super::{PARTS, Part, Past, RECORDS, Record, Storage, View};
    use quorate_protocol::Sequence;

    fn new_file(of: &str) -> PathBuf {
        let folder = format!("quorate-storage-{of}-{}", std::process::id());
        std::env::temp_dir().join(folder).join("P.redb")
    }

    fn remove(path: &Path) {
        std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    }

    #[test]
    fn a_file_that_cannot_be_used_is_named_with_what_to_do() {
        let path = new_file("named");
        let said = || format!("{:#}", Storage::open(&path).unwrap_err());
        let name = path.display().to_string();
        std::fs::create_dir_all(&path).unwrap();
        let folder = said();
        assert!(folder.contains(&name), "{folder}");
        assert!(folder.contains("it must be a file"), "{folder}");
        std::fs::remove_dir(&path).unwrap();
        let (storage, _) = Storage::open(&path).unwrap();
        let in_use = said();
        assert!(in_use.contains("another process uses it"), "{in_use}");
        let begun = storage.database.begin_write().unwrap();
        begun
            .open_table(RECORDS)
            .unwrap()
            .insert(0, &[0xff; 9][..])
            .unwrap();
        begun.commit().unwrap();
        drop(storage);
        let record = said();
        assert!(record.contains(&name), "{record}");
        assert!(record.contains("it is damaged; move it away"), "{record}");
        std::fs::remove_file(&path).unwrap();
        std::fs::remove_file(path.with_extension("began")).unwrap();
        std::fs::remove_dir(path.parent().unwrap()).unwrap();
        std::fs::write(path.parent().unwrap(), "").unwrap();
        let no_folder = said();
        assert!(no_folder.contains(&name), "{no_folder}");
        std::fs::remove_file(path.parent().unwrap()).unwrap();
    }

    #[test]
    fn records_come_back_in_order_and_replaced_ones_do_not() {
        let path = new_file("order");
        let executed = |number| Record::Executed(Sequence(number));
        let first = Record::VotesFrom(View(0));
        let (storage, past) = Storage::open(&path).unwrap();
        assert_eq!(past, Past::None);
        drop(storage);
        let (mut storage, past) = Storage::open(&path).unwrap();
        assert_eq!(
            past,
            Past::Kept(vec![first.clone()]),
            "a process that sent nothing has lost nothing"
        );
        storage.add(&[executed(1), executed(2)]).unwrap();
        storage.add(&[executed(3)]).unwrap();
        assert!(Storage::open(&path).is_err(), "two processes use one file");
        drop(storage);
        let (mut storage, records) = Storage::open(&path).unwrap();
        let all = vec![first, executed(1), executed(2), executed(3)];
        assert_eq!(records, Past::Kept(all));
        storage.replace(&[executed(7)]).unwrap();
        storage.add(&[executed(8)]).unwrap();
        drop(storage);
        let kept = Past::Kept(vec![executed(7), executed(8)]);
        assert_eq!(Storage::open(&path).unwrap().1, kept);
        std::fs::write(&path, "nonsense").unwrap();
        let error = format!("{:#}", Storage::open(&path).unwrap_err());
        assert!(error.contains("P.redb cannot be used"), "{error}");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(Storage::open(&path).unwrap().1, Past::Lost);
        remove(&path);
    }

    /// A stable checkpoint whose state has these parts.
    fn stable(parts: &[&[u8]]) -> Record {
        let parts: Vec<_> = parts.iter().map(|bytes| Part::from(*bytes)).collect();
        let (no_proof, no_replies) = (0, 0);
        let mut bytes = vec![1, no_proof, no_replies, u8::try_from(parts.len()).unwrap()];
        bytes.extend(parts.iter().flat_map(|part| part.digest().0));
        let find = |digest| parts.iter().find(|part| part.digest() == digest).cloned();
        Record::decode(&bytes, find).unwrap()
    }

    #[test]
    fn a_part_is_written_once_and_goes_with_the_last_record_that_names_it() {
        let path = new_file("parts");
        let (mut storage, _) = Storage::open(&path).unwrap();
        let written = |storage: &Storage| {
            let begun = storage.database.begin_read().unwrap();
            begun.open_table(PARTS).unwrap().len().unwrap()
        };
        let first = stable(&[b"same", b"old"]);
        storage.add(std::slice::from_ref(&first)).unwrap();
        assert_eq!(written(&storage), 2);
        let second = stable(&[b"same", b"new"]);
        storage.add(std::slice::from_ref(&second)).unwrap();
        assert_eq!(written(&storage), 3);
        drop(storage);
        let (mut storage, past) = Storage::open(&path).unwrap();
        let Past::Kept(kept) = past else {
            panic!("{past:?}")
        };
        assert_eq!(kept[1..], [first, second.clone()]);
        storage.replace(std::slice::from_ref(&second)).unwrap();
        assert_eq!(written(&storage), 2);
        drop(storage);
        assert_eq!(Storage::open(&path).unwrap().1, Past::Kept(vec![second]));
        let (storage, _) = Storage::open(&path).unwrap();
        let begun = storage.database.begin_write().unwrap();
        let same = Part::from(&b"same"[..]).digest();
        begun.open_table(PARTS).unwrap().remove(same.0).unwrap();
        begun.commit().unwrap();
        drop(storage);
        let error = format!("{:#}", Storage::open(&path).unwrap_err());
        assert!(error.contains("it is damaged; move it away"), "{error}");
        assert!(error.contains("missing or changed"), "{error}");
        remove(&path);
    }

    #[test]
    fn a_cut_or_changed_file_is_either_refused_or_read_as_it_was_written() {
        let path = new_file("damaged");
        let (mut storage, _) = Storage::open(&path).unwrap();
        for sequence in 1..100 {
            let record = Record::Executed(Sequence(sequence));
            storage.add(&[record]).unwrap();
        }
        drop(storage);
        let (storage, written) = Storage::open(&path).unwrap();
        drop(storage);
        let whole = std::fs::read(&path).unwrap();
        let cuts = (1..20).map(|part| whole[..part * whole.len() / 20].to_vec());
        let flips = (0..whole.len()).step_by(997).map(|at| {
            let mut changed = whole.clone();
            changed[at] ^= 0x10;
            changed
        });
        let mut refused = 0;
        for bytes in cuts.chain(flips) {
            std::fs::write(&path, bytes).unwrap();
            match Storage::open(&path) {
                Ok((_, past)) => assert_eq!(past, written),
                Err(error) => {
                    let error = format!("{error:#}");
                    assert!(error.contains("it is damaged; move it away"), "{error}");
                    refused += 1;
                }
            }
        }
        assert!(refused > 20, "{refused}");
        remove(&path);
    }
}
