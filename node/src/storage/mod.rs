//! What a process has on disk: the records of its replica, in the order in which the replica wrote them (rule 22).

mod head;
mod log;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::Path;

use anyhow::Context as _;
use quorate_host::Past;
use quorate_protocol::{ClusterId, Config, Digest, Part, Record, View};
use redb::{
    Builder, Database, DatabaseError, ReadableDatabase as _, ReadableTable as _, StorageError,
    TableDefinition, TableError, WriteTransaction,
};

use crate::common::Common;
use crate::config::NodeConfig;
use crate::{durable, starts};
use head::{Head, Refusal};
use log::Log;

pub use head::Owner;

/// The file's head, under [`HEAD`].
const ABOUT: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("about");
const HEAD: &str = "head";

/// The parts of the states that records name, by digest.
const PARTS: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("parts");

/// The records of one process. While they are open, no other process can open them.
#[derive(Debug)]
pub struct Storage {
    database: Database,
    log: Log,
    /// The parts on disk.
    parts: BTreeSet<Digest>,
}

/// Opens what a process has on disk, tells its replica which life this is, and counts the start.
///
/// # Errors
/// The data cannot be used, or is not this process's. Then nothing in it has changed.
pub(crate) fn begin(
    config: &NodeConfig,
    protocol: &mut Config,
) -> anyhow::Result<(Option<Storage>, Past)> {
    protocol.life = config.life;
    let (storage, past) = match &config.data {
        Some(path) => {
            let owner = Owner::of(config, protocol);
            let (storage, past, life) = Storage::open(path, owner, config.life)?;
            protocol.life = life;
            (Some(storage), past)
        }
        None if config.life == 0 => (None, Past::None),
        None => (None, Past::Lost),
    };
    if let Some(path) = &config.starts {
        starts::write(path, protocol.life + 1).context("this start cannot be counted")?;
    }
    Ok((storage, past))
}

impl Owner {
    /// The process with this configuration.
    pub(crate) fn of(config: &NodeConfig, protocol: &Config) -> Self {
        Self {
            cluster: ClusterId(config.cluster),
            process: protocol.replica,
            common: Common {
                checkpoint_interval: protocol.checkpoint_interval,
                default_decision: config.default_decision.clone(),
                limits: protocol.limits,
            },
        }
    }
}

impl Storage {
    /// Opens the file, or creates it, and returns what it contains and how often the process was started before. `counted`: the
    /// starts that are counted beside the file. If there are some and the file is missing, the records are lost.
    ///
    /// # Errors
    /// The file cannot be used, another process uses it, or it is not the owner's. Then no record in it has changed.
    pub fn open(path: &Path, owner: Owner, counted: u64) -> anyhow::Result<(Self, Past, u64)> {
        let opened = match path.try_exists() {
            Ok(true) => Self::resume(path, owner, counted),
            Ok(false) => Self::create(path, owner, counted),
            Err(error) => Err(error.into()),
        };
        opened.with_context(|| format!("the data in {} cannot be used", path.display()))
    }

    /// Creates the file under another name, and gives it its own once it has a head: so a file without a head is a damaged one.
    fn create(path: &Path, owner: Owner, counted: u64) -> anyhow::Result<(Self, Past, u64)> {
        if let Some(folder) = path.parent() {
            durable::create_folder(folder)?;
        }
        let new = durable::new_neighbour(path);
        remove_if_there(&new).with_context(|| format!("{} is in the way", new.display()))?;
        let new_database = builder().create(&new).map_err(advise)?;
        let (storage, past) = Self::first(new_database, owner, counted)?;
        durable::rename(&new, path)?;
        Ok((storage, past, counted))
    }

    /// Writes what a process writes that finds no file.
    fn first(database: Database, owner: Owner, counted: u64) -> anyhow::Result<(Self, Past)> {
        let mut storage = Self::over(database);
        let (past, first) = if counted == 0 {
            (Past::None, NOT_VOTED)
        } else {
            (Past::Lost, Record::Silent)
        };
        let head = Head::new(owner, counted + 1);
        let added = storage.commit(|begun| {
            write_head(begun, &head)?;
            begun.open_table(PARTS)?;
            storage.log.append(begun, &[first])
        })?;
        storage.log.extend(added);
        Ok((storage, past))
    }

    fn resume(path: &Path, owner: Owner, counted: u64) -> anyhow::Result<(Self, Past, u64)> {
        let database = builder().open(path).map_err(advise)?;
        Self::again(database, owner, counted)
    }

    /// Reads what a process finds that was started before, and counts this start.
    fn again(database: Database, owner: Owner, counted: u64) -> anyhow::Result<(Self, Past, u64)> {
        let mut storage = Self::over(database);
        let life = storage.head()?.starts_for(&owner, counted)?;
        let past = match storage.read()? {
            records if records == [Record::Silent] => Past::Lost,
            records => Past::Kept(records),
        };
        storage.commit(|begun| write_head(begun, &Head::new(owner, life + 1)))?;
        Ok((storage, past, life))
    }

    fn over(database: Database) -> Self {
        Self {
            database,
            log: Log::default(),
            parts: BTreeSet::new(),
        }
    }

    fn head(&self) -> anyhow::Result<Head> {
        let begun = self.database.begin_read()?;
        let table = match begun.open_table(ABOUT) {
            Err(TableError::TableDoesNotExist(_)) => return Err(damaged("it has no head")),
            table => table?,
        };
        let json = table.get(HEAD)?.ok_or_else(|| damaged("it has no head"))?;
        Head::from_json(json.value()).map_err(|refusal| match refusal {
            Refusal::Damaged => damaged(refusal),
            other => other.into(),
        })
    }

    /// Replaces all records by the one that says: this process has not voted yet.
    ///
    /// # Errors
    /// As [`Storage::replace`].
    pub(crate) fn forget(&mut self) -> anyhow::Result<()> {
        self.replace(&[NOT_VOTED])
    }

    fn read(&mut self) -> anyhow::Result<Vec<Record>> {
        let begun = self.database.begin_read()?;
        let mut parts = BTreeMap::new();
        for entry in begun.open_table(PARTS)?.iter()? {
            let (_, bytes) = entry?;
            let part = Part::from(bytes.value());
            parts.insert(part.digest(), part);
        }
        let (log, records) = Log::read(&begun, |digest| parts.get(&digest).cloned())?;
        self.log = log;
        self.parts = parts.into_keys().collect();
        Ok(records)
    }

    /// Adds records: all of them, or none if it fails. They are on disk when it returns.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn add(&mut self, records: &[Record]) -> anyhow::Result<()> {
        let added = self.commit(|begun| {
            self.write_parts(begun, records)?;
            self.log.append(begun, records)
        })?;
        self.log.extend(added);
        self.parts.extend(parts_of(records).map(Part::digest));
        Ok(())
    }

    /// Replaces all records by these. Those that are there already, and parts of states that are, are not written again.
    ///
    /// # Errors
    /// The disk is full or broken. The old records are then still there.
    pub fn replace(&mut self, records: &[Record]) -> anyhow::Result<()> {
        let named: BTreeSet<Digest> = parts_of(records).map(Part::digest).collect();
        self.log = self.commit(|begun| {
            self.write_parts(begun, records)?;
            let mut parts = begun.open_table(PARTS)?;
            for obsolete in self.parts.difference(&named) {
                parts.remove(obsolete.0)?;
            }
            self.log.replace(begun, records)
        })?;
        self.parts = named;
        Ok(())
    }

    /// Writes all that `change` writes, or nothing.
    fn commit<T>(
        &self,
        change: impl FnOnce(&WriteTransaction) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let begun = self.database.begin_write()?;
        let changed = change(&begun)?;
        begun.commit()?;
        Ok(changed)
    }

    /// Writes the parts that these records name and that are not there yet.
    fn write_parts(&self, begun: &WriteTransaction, records: &[Record]) -> anyhow::Result<()> {
        let mut parts = begun.open_table(PARTS)?;
        for part in parts_of(records).filter(|part| !self.parts.contains(&part.digest())) {
            parts.insert(part.digest().0, &**part)?;
        }
        Ok(())
    }
}

fn parts_of(records: &[Record]) -> impl Iterator<Item = &Part> {
    records.iter().flat_map(Record::parts)
}

/// What a process writes that has not voted yet.
const NOT_VOTED: Record = Record::VotesFrom(View(0));

fn write_head(begun: &WriteTransaction, head: &Head) -> anyhow::Result<()> {
    let json = head.to_json()?;
    begun.open_table(ABOUT)?.insert(HEAD, json.as_slice())?;
    Ok(())
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// What is written is hardly ever read again, so a large cache would only keep the state in memory twice.
const CACHE_BYTES: usize = 16 * 1024 * 1024;

/// A database is checked when it is opened: if another program has changed the file, reading it unchecked could panic, or could
/// return other votes than were cast.
fn builder() -> Builder {
    let mut builder = Database::builder();
    builder.set_check_integrity_on_open(true);
    builder.set_cache_size(CACHE_BYTES);
    builder
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

fn damaged(what: impl fmt::Display + fmt::Debug + Send + Sync + 'static) -> anyhow::Error {
    anyhow::Error::msg(what).context(DAMAGED)
}

const DAMAGED: &str =
    "it is damaged; move it away, and the process joins again as one that lost its memory";

#[cfg(test)]
mod failpoints;
#[cfg(test)]
mod tests;
