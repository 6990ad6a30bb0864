//! The state in parts, and back.

use std::ops::Range;

use quorate_protocol::Part;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::super::command::Task;
use super::super::happening::Happened;
use super::super::log::Log;
use super::super::membership::Membership;
use super::super::word::MOST;
use super::{Gathering, Head};
use crate::BadSnapshot;
use crate::encode::encode;
use crate::snapshot::read_part;

/// The members in one part: those with the same quotient.
const MEMBERS: u32 = 8;
/// The lots or questions in one part. With 64 members each takes at most 6 KiB.
const THINGS: usize = 8;
/// The happenings in one part: those whose numbers have the same quotient. Each takes at most 1.5 KiB, but for the choices.
const HAPPENINGS: u64 = 32;

impl Gathering {
    /// The parts for [`crate::Service::snapshot`]. A cluster in which nobody gathers has none.
    #[must_use]
    pub fn snapshot(&self) -> Vec<Part> {
        let make = || {
            if self.is_untouched() {
                Vec::new()
            } else {
                self.made()
            }
        };
        self.parts.get_or_make(make).clone()
    }

    /// The state that these parts encode.
    ///
    /// # Errors
    /// [`Gathering::snapshot`] would not produce these parts.
    pub fn restored(membership: Membership, parts: &[Part]) -> Result<Self, BadSnapshot> {
        let mut state = Self::new(membership);
        if parts.is_empty() {
            return Ok(state);
        }
        let (head, counts): (Head, [usize; 5]) = read_part(parts.first())?;
        let mut rest = Rest { parts, next: 1 };
        let [members, lots, questions, jobs, happenings] = counts;
        state.head = head;
        state.records = rest.items(members)?.into_iter().collect();
        state.lots = rest.items(lots)?;
        state.questions = rest.items(questions)?;
        state.jobs = rest.items(jobs)?;
        let happenings: Vec<Happened> = rest.items(happenings)?;
        state.log = Log::restored(happenings).ok_or(BadSnapshot::Unreadable)?;
        if !state.is_sound() {
            return Err(BadSnapshot::Unreadable);
        }
        // The comparison finds entries out of order, repeated ones and wrong part boundaries.
        if state.snapshot() == parts {
            Ok(state)
        } else {
            Err(BadSnapshot::NotCanonical)
        }
    }

    fn is_untouched(&self) -> bool {
        self.head == Head::default() && self.records.is_empty() && self.log.next() == 0
    }

    fn made(&self) -> Vec<Part> {
        let records: Vec<_> = self.records.iter().collect();
        let members = records.chunk_by(|one, next| one.0.0 / MEMBERS == next.0.0 / MEMBERS);
        let happenings: Vec<&Happened> = self.log.from(0).collect();
        let told =
            happenings.chunk_by(|one, next| one.number / HAPPENINGS == next.number / HAPPENINGS);
        let groups = [
            members.map(|some| encode(&some).into()).collect(),
            encoded(self.lots.chunks(THINGS)),
            encoded(self.questions.chunks(THINGS)),
            encoded(self.jobs.chunks(1)),
            told.map(|some| encode(&some).into()).collect::<Vec<Part>>(),
        ];
        let counts: [usize; 5] = std::array::from_fn(|group| groups[group].len());
        let head = encode(&(&self.head, counts)).into();
        std::iter::once(head)
            .chain(groups.into_iter().flatten())
            .collect()
    }

    /// Whether the members of the entries exist, and the jobs can be done.
    fn is_sound(&self) -> bool {
        let known = |member| self.membership.has(member);
        let lots = self.lots.iter().map(|one| one.by);
        let questions = self.questions.iter().map(|one| one.by);
        let opened = lots
            .chain(questions)
            .chain(self.jobs.iter().map(|one| one.by));
        let mut tasks = self
            .jobs
            .iter()
            .map(|job| (job.what.task, job.what.parts.len()));
        self.head.epoch <= MOST
            && self.records.keys().copied().chain(opened).all(known)
            && tasks.all(|(Task { from, to, parts }, length)| {
                Task::new(from, to, parts).is_ok() && length == parts as usize
            })
    }
}

fn encoded<'a, T: Serialize + 'a>(chunks: impl Iterator<Item = &'a [T]>) -> Vec<Part> {
    chunks.map(|chunk| encode(chunk).into()).collect()
}

/// The parts that are not read yet.
struct Rest<'a> {
    parts: &'a [Part],
    next: usize,
}

impl Rest<'_> {
    /// The entries of the next so many parts.
    fn items<T: DeserializeOwned>(&mut self, parts: usize) -> Result<Vec<T>, BadSnapshot> {
        let end = self.next.checked_add(parts).ok_or(BadSnapshot::Missing)?;
        let range: Range<usize> = self.next..end;
        let some = self.parts.get(range).ok_or(BadSnapshot::Missing)?;
        self.next = end;
        let mut items = Vec::new();
        for part in some {
            items.extend(read_part::<Vec<T>>(Some(part))?);
        }
        Ok(items)
    }
}
