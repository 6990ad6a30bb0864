//! Plays many seeds on many threads, and hands on what comes of them in the order of the seeds.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

use indicatif::ProgressBar;

use crate::progress;
use crate::stop::Stop;

/// How many results may wait to be taken and put into the order of their seeds.
const MOST_WAITING: usize = 1 << 12;

/// Plays the seeds from the first up to `end`, and gives each result to `take`, however many threads there are. What comes
/// behind a seed that was stopped is known all the same.
///
/// # Errors
/// The first error of `play`. The other seeds are then not played.
pub(crate) fn play_all<T: Send, E: Send>(
    (first, end): (u64, u64),
    jobs: u16,
    stop: &Stop,
    play: impl Fn(u64) -> Result<T, E> + Sync,
    take: impl FnMut(&ProgressBar, u64, T),
) -> Result<(), E> {
    let announced = format!("Playing the seeds {first} to {} on {jobs} threads", end - 1);
    let bar = progress::bar(end - first, "seeds", &announced);
    let next = AtomicU64::new(first);
    let (sender, receiver) = mpsc::sync_channel(MOST_WAITING);
    thread::scope(|scope| {
        for _ in 0..jobs {
            let (sender, next, play) = (sender.clone(), &next, &play);
            scope.spawn(move || play_some(end, next, play, &sender, stop));
        }
        drop(sender);
        let played = in_order(first, receiver, &bar, take);
        bar.finish_and_clear();
        played
    })
}

fn play_some<T, E>(
    end: u64,
    next: &AtomicU64,
    play: impl Fn(u64) -> Result<T, E>,
    results: &SyncSender<(u64, Result<T, E>)>,
    stop: &Stop,
) {
    while !stop.is_asked() {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        // Nobody listens any more once a seed cannot be played.
        if seed >= end || results.send((seed, play(seed))).is_err() {
            return;
        }
    }
}

fn in_order<T, E>(
    first: u64,
    results: Receiver<(u64, Result<T, E>)>,
    bar: &ProgressBar,
    mut take: impl FnMut(&ProgressBar, u64, T),
) -> Result<(), E> {
    let mut waiting = BTreeMap::new();
    let mut wanted = first;
    for (seed, played) in results {
        bar.inc(1);
        waiting.insert(seed, played?);
        while let Some(result) = waiting.remove(&wanted) {
            take(bar, wanted, result);
            wanted += 1;
        }
    }
    for (seed, result) in waiting {
        take(bar, seed, result);
    }
    Ok(())
}
