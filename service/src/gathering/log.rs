//! The latest happenings. They are part of the state, so a node that takes over a state can tell what it missed.

use std::collections::VecDeque;

use quorate_protocol::Sequence;

use super::happening::{Happened, Happening};

/// The most happenings that are kept.
pub const KEPT: usize = 512;

/// The latest happenings, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    kept: VecDeque<Happened>,
    next: u64,
}

impl Log {
    /// The happenings from this number on, as far as they are kept.
    pub fn from(&self, number: u64) -> impl Iterator<Item = &Happened> {
        let skipped = usize::try_from(number.saturating_sub(self.first())).unwrap_or(usize::MAX);
        self.kept.iter().skip(skipped)
    }

    /// The number of the first happening that is kept.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.next - self.kept.len() as u64
    }

    /// The number of the next happening.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    pub(super) fn add(&mut self, slot: Sequence, happening: Happening) {
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        let number = self.next;
        self.next += 1;
        self.kept.push_back(Happened {
            number,
            slot,
            happening,
        });
    }

    /// The log with these happenings. `None` if they are not the latest of some log, one after the other.
    pub(super) fn restored(kept: Vec<Happened>) -> Option<Self> {
        let Some(first) = kept.first() else {
            return Some(Self::default());
        };
        let first = first.number;
        let next = first.checked_add(kept.len() as u64)?;
        let room = i64::try_from(next).is_ok();
        let in_order = (first..)
            .zip(&kept)
            .all(|(number, one)| one.number == number);
        let full = kept.len() == KEPT || (first == 0 && kept.len() < KEPT);
        (in_order && full && room).then(|| Self {
            kept: kept.into(),
            next,
        })
    }
}
