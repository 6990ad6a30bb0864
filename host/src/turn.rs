//! What follows from a turn: records first, then everything else (rule 22).

use std::convert::Infallible;

use quorate_protocol::Record;
use quorate_protocol::message::Request;

use crate::{Answer, Event};

/// The result of a turn, before its records are written. Nothing of it can be seen outside: the one way to the rest
/// leads over [`Turn::write`].
#[derive(Debug)]
#[must_use = "what follows from a turn is lost with it"]
pub struct Turn<C> {
    pub(crate) records: Vec<Record>,
    /// All records of the replica. They replace those on disk, because a stable checkpoint made most of them old.
    pub(crate) all: Option<Vec<Record>>,
    pub(crate) released: Released<C>,
}

/// What a process sends, answers and tells, once the records that this depends on are on disk.
#[derive(Clone, Debug)]
pub struct Released<C> {
    /// What it did, in order, with the messages that it sends.
    pub events: Vec<Event>,
    /// Its answers, each with who asked.
    pub answers: Vec<(C, Answer)>,
    /// Whether the process crashes now, as its fault says.
    pub crashed: bool,
}

/// Where a process keeps its records.
pub trait Disk {
    /// Why records cannot be written.
    type Error;

    /// Writes these records after the earlier ones. They last once this returns.
    ///
    /// # Errors
    /// They may not last. The process must end before it sends anything.
    fn append(&mut self, records: &[Record]) -> Result<(), Self::Error>;

    /// Writes these records in the place of all earlier ones.
    ///
    /// # Errors
    /// As for [`Disk::append`]. Either the earlier records or the new ones are still there.
    fn replace(&mut self, records: &[Record]) -> Result<(), Self::Error>;
}

/// The disk of a process that keeps nothing. When it starts again, it has lost its memory (rule 23).
#[derive(Clone, Copy, Debug)]
pub struct NoDisk;

impl Disk for NoDisk {
    type Error = Infallible;

    fn append(&mut self, _records: &[Record]) -> Result<(), Infallible> {
        Ok(())
    }

    fn replace(&mut self, _records: &[Record]) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Records in memory, for tests and stories: they last as long as the list.
impl Disk for Vec<Record> {
    type Error = Infallible;

    fn append(&mut self, records: &[Record]) -> Result<(), Infallible> {
        self.extend_from_slice(records);
        Ok(())
    }

    fn replace(&mut self, records: &[Record]) -> Result<(), Infallible> {
        *self = records.to_vec();
        Ok(())
    }
}

impl<C> Turn<C> {
    /// The new records.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The requests that the process has signed in this turn, for who checks what is executed. They may be in the records
    /// already, and so be sent after a restart.
    pub fn asked(&self) -> impl Iterator<Item = &Request> {
        self.released.events.iter().filter_map(|event| match event {
            Event::Asked(request) => Some(request),
            _ => None,
        })
    }

    /// Writes the records. Only then may others see what the process did.
    ///
    /// # Errors
    /// The records may not be on disk. The process must end.
    pub fn write<D: Disk>(self, disk: &mut D) -> Result<Released<C>, D::Error> {
        match &self.all {
            Some(all) => disk.replace(all)?,
            None if self.records.is_empty() => {}
            None => disk.append(&self.records)?,
        }
        Ok(self.released)
    }

    /// What follows, for a process that keeps no records.
    pub fn release(self) -> Released<C> {
        match self.write(&mut NoDisk) {
            Ok(released) => released,
            Err(never) => match never {},
        }
    }
}
