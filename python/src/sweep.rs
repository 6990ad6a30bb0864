//! Many seeds on many threads.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use quorate_simulator::plan::Choice;
use quorate_simulator::row::Row;
use quorate_simulator::universe::Universe;
use quorate_simulator::{Plan, Trace, run};

/// How often a sweep asks whether Ctrl-C was pressed.
const ASKS: Duration = Duration::from_millis(50);

/// What is not left to the seeds: how many processes, who is faulty and how, who runs twice, and whether they gather.
pub(crate) type Chosen = (Option<u32>, Option<String>, Option<Vec<String>>, bool);

pub(crate) fn universe((processes, faulty, twins, gathering): Chosen) -> Universe {
    Universe {
        processes,
        faulty,
        twins,
        gathering,
    }
}

/// Plays the seeds. Returns their rows as JSON, in the order of the seeds. Python's other threads run meanwhile.
#[pyfunction]
pub(crate) fn play(
    py: Python<'_>,
    seeds: Vec<u64>,
    chosen: Chosen,
    jobs: usize,
) -> PyResult<Vec<String>> {
    let universe = universe(chosen);
    let choice = universe.choice().map_err(wrong)?;
    py.detach(|| play_all(&seeds, &universe, &choice, jobs.max(1)))
}

/// What cannot be played, as Python's error.
#[expect(
    clippy::needless_pass_by_value,
    reason = "map_err gives the error away"
)]
pub(crate) fn wrong(error: impl ToString) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// A row in its place among all, or why there is none.
type Played = (usize, Result<String, String>);

fn play_all(
    seeds: &[u64],
    universe: &Universe,
    choice: &Choice,
    jobs: usize,
) -> PyResult<Vec<String>> {
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let mut rows = vec![String::new(); seeds.len()];
    thread::scope(|scope| {
        let (sender, results) = mpsc::channel::<Played>();
        for _ in 0..jobs {
            let sender = sender.clone();
            let (next, stopped) = (&next, &stopped);
            scope.spawn(move || {
                while !stopped.load(Ordering::Relaxed) {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(seed) = seeds.get(place) else { return };
                    let played = play_one(*seed, universe, choice);
                    if sender.send((place, played)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let taken = loop {
            match results.recv_timeout(ASKS) {
                Ok((place, Ok(row))) => rows[place] = row,
                Ok((_, Err(error))) => break Err(PyValueError::new_err(error)),
                Err(RecvTimeoutError::Disconnected) => break Ok(()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Err(interrupted) = Python::attach(|py| py.check_signals()) {
                break Err(interrupted);
            }
        };
        stopped.store(true, Ordering::Relaxed);
        taken
    })?;
    Ok(rows)
}

fn play_one(seed: u64, universe: &Universe, choice: &Choice) -> Result<String, String> {
    let plan = Plan::generate(seed, choice);
    let outcome = run(&plan, Trace::Off).map_err(|error| format!("seed {seed}: {error}"))?;
    Ok(Row::new(&plan, &outcome, universe.command(seed)).line())
}
