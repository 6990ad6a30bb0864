//! The ids of the last decided requests. They are kept longer than the data of large requests, so that a large request that
//! comes again is known too.

use std::collections::{BTreeMap, VecDeque};

use quorate_protocol::{Cached, Digest, Part};

use crate::BadSnapshot;
use crate::encode::encode;
use crate::snapshot::read_part;

/// The most ids that are kept.
pub(super) const KEPT: usize = 10_000;
/// The ids in one part of a snapshot.
const IN_PART: u64 = 512;

type Id = (u64, u64);

/// Ids with the digests of their data, in the order in which the requests were decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ids {
    /// The number of ids that were dropped to make room.
    forgotten: u64,
    kept: VecDeque<(Id, Digest)>,
    /// The digests by id.
    digests: BTreeMap<Id, Digest>,
    /// The parts of the kept ids, by the numbers of the ids.
    parts: BTreeMap<u64, Cached<Part>>,
}

/// The digest of a request's data.
pub(super) fn digest_of(data: &str) -> Digest {
    Digest::of(&[data.as_bytes()])
}

impl Ids {
    /// How many ids were ever added.
    pub(super) fn count(&self) -> u64 {
        self.forgotten + self.kept.len() as u64
    }

    pub(super) const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    pub(super) fn digest(&self, id: Id) -> Option<Digest> {
        self.digests.get(&id).copied()
    }

    /// The last so many ids, in order.
    pub(super) fn last(&self, most: usize) -> impl Iterator<Item = &(Id, Digest)> {
        self.kept.range(self.kept.len().saturating_sub(most)..)
    }

    /// Adds an id that is not kept yet. The oldest gives way.
    pub(super) fn add(&mut self, id: Id, digest: Digest) {
        self.change_part_of(self.count());
        self.kept.push_back((id, digest));
        self.digests.insert(id, digest);
        if self.kept.len() > KEPT
            && let Some((oldest, _)) = self.kept.pop_front()
        {
            self.digests.remove(&oldest);
            self.change_part_of(self.forgotten);
            self.forgotten += 1;
            self.parts = self.parts.split_off(&(self.forgotten / IN_PART));
        }
    }

    fn change_part_of(&mut self, number: u64) {
        self.parts.entry(number / IN_PART).or_default().forget();
    }

    /// The parts that encode the ids. Only the oldest and the newest one change.
    pub(super) fn parts(&self) -> Vec<Part> {
        let mut rest = self.kept.iter();
        let mut number = self.forgotten;
        let mut parts = Vec::new();
        for (place, cached) in &self.parts {
            let end = ((place + 1) * IN_PART).min(self.count());
            let together: Vec<_> = (number..end)
                .zip(rest.by_ref())
                .map(|(_, one)| one)
                .collect();
            number = end;
            parts.push(cached.get_or_make(|| encode(&together).into()).clone());
        }
        parts
    }

    /// The ids that these parts encode, after so many forgotten ones.
    ///
    /// # Errors
    /// [`Ids::parts`] would not produce these parts.
    pub(super) fn of_parts(forgotten: u64, parts: &[Part]) -> Result<Self, BadSnapshot> {
        let mut ids = Self {
            forgotten,
            ..Self::default()
        };
        for part in parts {
            let together: Vec<(Id, Digest)> = read_part(Some(part))?;
            if ids.kept.len() + together.len() > KEPT {
                return Err(BadSnapshot::NotCanonical);
            }
            for (id, digest) in together {
                ids.add(id, digest);
            }
        }
        if ids.digests.len() == ids.kept.len() && ids.parts() == parts {
            Ok(ids)
        } else {
            Err(BadSnapshot::NotCanonical)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BadSnapshot, IN_PART, Ids, KEPT, digest_of};

    fn ids(count: u64) -> Ids {
        let mut ids = Ids::default();
        for number in 0..count {
            ids.add((number, 0), digest_of("x"));
        }
        ids
    }

    #[test]
    fn parts_restore_the_ids_and_only_the_ends_change() {
        let most = KEPT as u64;
        for count in [
            0,
            1,
            IN_PART - 1,
            IN_PART,
            IN_PART + 1,
            most,
            most + 1,
            most + 2 * IN_PART,
        ] {
            let mut ids = ids(count);
            let parts = ids.parts();
            assert_eq!(
                Ids::of_parts(ids.forgotten(), &parts),
                Ok(ids.clone()),
                "{count}"
            );
            ids.add((u64::MAX, 0), digest_of("y"));
            let changed = ids.parts();
            let new = changed.iter().filter(|part| !parts.contains(part)).count();
            assert!(new <= 2, "{count}: {new}");
            assert_eq!(ids.count(), count + 1);
        }
    }

    #[test]
    fn an_id_is_known_until_so_many_others_have_come() {
        let mut ids = ids(KEPT as u64);
        assert_eq!(ids.digest((0, 0)), Some(digest_of("x")));
        ids.add((u64::MAX, 0), digest_of("y"));
        assert_eq!(ids.digest((0, 0)), None);
        assert_eq!(ids.digest((1, 0)), Some(digest_of("x")));
        assert_eq!(ids.digest((u64::MAX, 0)), Some(digest_of("y")));
    }

    #[test]
    fn parts_that_nobody_makes_are_refused() {
        let good = ids(2 * IN_PART).parts();
        let refused = Err(BadSnapshot::NotCanonical);
        assert_eq!(Ids::of_parts(1, &good), refused, "shifted");
        let twice = [good[0].clone(), good[0].clone()];
        assert_eq!(Ids::of_parts(0, &twice), refused, "each id twice");
        let too_many = ids(KEPT as u64).parts();
        let more = [too_many, ids(1).parts()].concat();
        assert_eq!(Ids::of_parts(0, &more), refused);
    }
}
