//! Plays many seeds on many threads, and hands on what comes of them in the order of the seeds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use indicatif::ProgressBar;

use crate::progress;
use crate::shard::Shard;
use crate::stop::Stop;

/// How many results may wait to be taken and put into the order of their seeds.
const MOST_WAITING: usize = 1 << 12;

/// Which seeds are played.
#[derive(Debug)]
pub(crate) struct Seeds {
    /// From the first up to the last, which is excluded.
    pub(crate) range: (u64, u64),
    /// The part of them that is wanted.
    pub(crate) shard: Shard,
    /// What came of these is known already.
    pub(crate) known: BTreeSet<u64>,
}

impl Seeds {
    /// All seeds of a range.
    pub(crate) const fn all(range: (u64, u64)) -> Self {
        Self {
            range,
            shard: Shard::WHOLE,
            known: BTreeSet::new(),
        }
    }

    /// How many there are to play.
    pub(crate) fn count(&self) -> u64 {
        self.shard.count(self.range) - self.known.len() as u64
    }

    fn iter(&self) -> impl Iterator<Item = u64> {
        let wanted = self.shard.of(self.range);
        wanted.filter(|seed| !self.known.contains(seed))
    }
}

/// How the seeds are played.
pub(crate) struct Manner<'a> {
    /// How many threads play.
    pub(crate) jobs: u16,
    pub(crate) stop: &'a Stop,
    /// No seed is begun after this.
    pub(crate) until: Option<Instant>,
}

impl Manner<'_> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a budget is of the real world; no run sees the clock"
    )]
    fn is_over(&self) -> bool {
        self.stop.is_asked() || self.until.is_some_and(|until| Instant::now() >= until)
    }
}

/// Plays the seeds, and gives each result to `take`, however many threads there are. What comes behind a seed that was stopped
/// is known all the same.
///
/// # Errors
/// The first error of `play`. The other seeds are then not played.
pub(crate) fn play_all<T: Send, E: Send>(
    seeds: &Seeds,
    manner: &Manner<'_>,
    play: impl Fn(u64) -> Result<T, E> + Sync,
    take: impl FnMut(&ProgressBar, u64, T),
) -> Result<(), E> {
    let ((first, end), jobs) = (seeds.range, manner.jobs);
    let announced = format!(
        "Playing the seeds {first} to {}{} on {jobs} threads",
        end - 1,
        seeds.shard.suffix()
    );
    let bar = progress::bar(seeds.count(), "seeds", &announced);
    play_with(&bar, seeds, manner, play, take)
}

/// The same under a bar that is there already.
///
/// # Errors
/// The first error of `play`. The other seeds are then not played.
pub(crate) fn play_with<T: Send, E: Send>(
    bar: &ProgressBar,
    seeds: &Seeds,
    manner: &Manner<'_>,
    play: impl Fn(u64) -> Result<T, E> + Sync,
    take: impl FnMut(&ProgressBar, u64, T),
) -> Result<(), E> {
    let jobs = manner.jobs;
    let next = Mutex::new((0..).zip(seeds.iter()));
    let (sender, receiver) = mpsc::sync_channel(MOST_WAITING);
    thread::scope(|scope| {
        for _ in 0..jobs {
            let (sender, next, play) = (sender.clone(), &next, &play);
            scope.spawn(move || play_some(next, play, &sender, manner));
        }
        drop(sender);
        let played = in_order(receiver, bar, take);
        bar.finish_and_clear();
        played
    })
}

/// A seed, its place among all that are played, and what came of it.
type Played<T, E> = (u64, u64, Result<T, E>);

fn play_some<T, E>(
    next: &Mutex<impl Iterator<Item = (u64, u64)>>,
    play: impl Fn(u64) -> Result<T, E>,
    results: &SyncSender<Played<T, E>>,
    manner: &Manner<'_>,
) {
    while !manner.is_over() {
        let taken = next.lock().unwrap_or_else(PoisonError::into_inner).next();
        let Some((place, seed)) = taken else { return };
        // Nobody listens any more once a seed cannot be played.
        if results.send((place, seed, play(seed))).is_err() {
            return;
        }
    }
}

fn in_order<T, E>(
    results: Receiver<Played<T, E>>,
    bar: &ProgressBar,
    mut take: impl FnMut(&ProgressBar, u64, T),
) -> Result<(), E> {
    let mut waiting = BTreeMap::new();
    let mut wanted = 0;
    for (place, seed, played) in results {
        bar.inc(1);
        waiting.insert(place, (seed, played?));
        while let Some((seed, result)) = waiting.remove(&wanted) {
            take(bar, seed, result);
            wanted += 1;
        }
    }
    for (seed, result) in waiting.into_values() {
        take(bar, seed, result);
    }
    Ok(())
}
