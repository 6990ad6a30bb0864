//! The disk of a process, which can end the process at a commit, or lose the last one.

use quorate_host as host;
use quorate_plan::Trouble;
use quorate_protocol::Record;

/// The process ends at a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended;

/// The records of a process.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    records: Vec<Record>,
    /// What was there before the last commit.
    before: Before,
    trouble: Option<Trouble>,
}

/// How to take the last commit back.
#[derive(Debug, Default)]
enum Before {
    #[default]
    Nothing,
    /// So many records were there, and others were added.
    Shorter(usize),
    /// These were there, and were replaced.
    Other(Vec<Record>),
}

impl Disk {
    /// The records, in order.
    pub(crate) fn records(&self) -> &[Record] {
        &self.records
    }

    /// Removes everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// At the next commit this happens.
    pub(crate) const fn expect(&mut self, trouble: Trouble) {
        self.trouble = Some(trouble);
    }

    /// Loses the last commit, though the process was told that it lasts. A disk that does so makes its process a faulty
    /// one.
    pub(crate) fn lose_last(&mut self) {
        match std::mem::take(&mut self.before) {
            Before::Nothing => {}
            Before::Shorter(count) => self.records.truncate(count),
            Before::Other(records) => self.records = records,
        }
    }

    fn commit(&mut self, write: impl FnOnce(&mut Vec<Record>) -> Before) -> Result<(), Ended> {
        let trouble = self.trouble.take();
        if trouble != Some(Trouble::BeforeCommit) {
            self.before = write(&mut self.records);
        }
        trouble.map_or(Ok(()), |_| Err(Ended))
    }
}

impl host::Disk for Disk {
    type Error = Ended;

    fn append(&mut self, records: &[Record]) -> Result<(), Ended> {
        self.commit(|kept| {
            let before = kept.len();
            kept.extend_from_slice(records);
            Before::Shorter(before)
        })
    }

    fn replace(&mut self, records: &[Record]) -> Result<(), Ended> {
        self.commit(|kept| Before::Other(std::mem::replace(kept, records.to_vec())))
    }
}

#[cfg(test)]
mod tests {
    use quorate_host::Disk as _;
    use quorate_protocol::{Record, Sequence};

    use super::{Disk, Ended, Trouble};

    fn executed(slot: u64) -> Record {
        Record::Executed(Sequence(slot))
    }

    #[test]
    fn a_process_that_ends_at_a_commit_finds_all_of_it_or_nothing() {
        let mut disk = Disk::default();
        assert_eq!(disk.append(&[executed(1)]), Ok(()));
        disk.expect(Trouble::BeforeCommit);
        assert_eq!(disk.append(&[executed(2), executed(3)]), Err(Ended));
        assert_eq!(disk.records(), [executed(1)]);
        disk.expect(Trouble::AfterCommit);
        assert_eq!(disk.append(&[executed(2), executed(3)]), Err(Ended));
        assert_eq!(disk.records(), [executed(1), executed(2), executed(3)]);
        assert_eq!(disk.append(&[executed(4)]), Ok(()), "once");
    }

    #[test]
    fn a_disk_that_loses_its_last_commit_has_what_was_there_before() {
        let mut disk = Disk::default();
        disk.lose_last();
        assert_eq!(disk.records(), []);
        assert_eq!(disk.append(&[executed(1)]), Ok(()));
        assert_eq!(disk.append(&[executed(2)]), Ok(()));
        disk.lose_last();
        assert_eq!(disk.records(), [executed(1)]);
        assert_eq!(disk.replace(&[executed(9)]), Ok(()));
        disk.lose_last();
        assert_eq!(disk.records(), [executed(1)]);
    }
}
