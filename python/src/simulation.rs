//! One run, step by step.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use pyo3::exceptions::{PyOSError, PyRuntimeError};
use pyo3::prelude::*;
use quorate_simulator::picture::Frame;
use quorate_simulator::plan::{Name, Script};
use quorate_simulator::row::{Row, line};
use quorate_simulator::script::SharedAuthor;
use quorate_simulator::{Plan, Watch, shrink_until};

use crate::author::{Failure, PyAuthor};
use crate::sweep::{Chosen, universe, wrong};

/// How many messages a picture shows.
const ARROWS: usize = 300;
/// How many events are played between two looks whether Ctrl-C was pressed.
const EVENTS: u32 = 4096;

/// The text of a plan: the given one, or the one that the seed draws. These processes have a script in it.
#[pyfunction]
pub(crate) fn plan(
    text: Option<&str>,
    seed: u64,
    chosen: Chosen,
    scripted: Vec<String>,
) -> PyResult<String> {
    let mut plan = match text {
        Some(text) => Plan::from_text(text).map_err(wrong)?,
        None => Plan::generate(seed, &universe(chosen).choice().map_err(wrong)?),
    };
    for name in scripted {
        let process = Name::try_from(name).map_err(wrong)?;
        if plan.script_of(process).is_none() {
            plan.scripts.push(Script {
                process,
                lies: Vec::new(),
            });
        }
    }
    plan.check().map_err(wrong)?;
    Ok(plan.to_text())
}

/// A run, of which some steps have been played.
#[pyclass(frozen, module = "quorate._sim")]
pub(crate) struct Simulation {
    run: Mutex<quorate_simulator::Simulation>,
    failure: Failure,
}

fn watch() -> Watch {
    Watch {
        frame: Some(Frame {
            from: <_>::default(),
            only: Vec::new(),
            most: ARROWS,
        }),
        events: true,
        ..Watch::default()
    }
}

impl Simulation {
    /// The run, which nobody else may be playing: neither another thread nor the author that is asked right now.
    fn run(&self) -> PyResult<MutexGuard<'_, quorate_simulator::Simulation>> {
        match self.run.try_lock() {
            Ok(run) => Ok(run),
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => Err(PyRuntimeError::new_err(
                "the simulation is being played: ask it when its step has ended, and from one thread at a time",
            )),
        }
    }

    /// What has gone wrong in an author since somebody last asked.
    fn failed(&self) -> PyResult<()> {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.take().map_or(Ok(()), Err)
    }
}

#[pymethods]
impl Simulation {
    /// The run of a plan, before its first step.
    #[new]
    fn new(plan: &str) -> PyResult<Self> {
        let plan = Plan::from_text(plan).map_err(wrong)?;
        let run = quorate_simulator::Simulation::new(&plan, watch()).map_err(wrong)?;
        Ok(Self {
            run: Mutex::new(run),
            failure: Failure::default(),
        })
    }

    /// From now on this function writes the script of a process.
    fn ask(&self, process: String, function: Py<PyAny>) -> PyResult<()> {
        let process = Name::try_from(process).map_err(wrong)?;
        let author = PyAuthor::new(function, Arc::clone(&self.failure));
        let author: SharedAuthor = Arc::new(Mutex::new(author));
        self.run()?.ask(&BTreeMap::from([(process, author)]));
        Ok(())
    }

    /// Plays so many events at most, and none behind this time in microseconds. Returns how many there were.
    fn step(&self, py: Python<'_>, events: u64, until_us: Option<u64>) -> PyResult<u64> {
        let mut run = self.run()?;
        let before = run.steps();
        let asked = AtomicU32::new(0);
        let playing = &mut *run;
        py.detach(|| {
            while playing.steps() - before < events {
                if until_us.is_some_and(|until| playing.next_at().is_none_or(|at| at.0 > until)) {
                    break;
                }
                let goes_on = playing.step();
                self.failed()?;
                if !goes_on {
                    break;
                }
                look_up(&asked)?;
            }
            Ok::<_, PyErr>(())
        })?;
        Ok(run.steps() - before)
    }

    /// The same run again, after as many steps. Nobody writes its scripts any more.
    fn branch(&self, py: Python<'_>) -> PyResult<Self> {
        let mut run = self.run()?;
        let run = &mut *run;
        let branch = py.detach(move || run.branch(watch())).map_err(wrong)?;
        Ok(Self {
            run: Mutex::new(branch),
            failure: Failure::default(),
        })
    }

    /// The text of the plan that gives this run again.
    fn plan(&self) -> PyResult<String> {
        Ok(self.run()?.plan().to_text())
    }

    /// The text of the smallest plan found that breaks the same rule.
    fn shrink(&self, py: Python<'_>) -> PyResult<String> {
        let plan = self.run()?.plan();
        let interrupted = Mutex::new(None);
        let asked = AtomicU32::new(0);
        let stopped = || {
            let mut interrupted = interrupted.lock().unwrap_or_else(PoisonError::into_inner);
            if interrupted.is_none() {
                *interrupted = look_up(&asked).err();
            }
            interrupted.is_some()
        };
        let smallest = py.detach(|| shrink_until(&plan, &stopped));
        let interrupted = interrupted.into_inner();
        match interrupted.unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error),
            None => Ok(smallest.to_text()),
        }
    }

    /// How many events have been played, the virtual time in microseconds, and whether nothing more happens.
    fn state(&self) -> PyResult<(u64, u64, bool)> {
        let run = self.run()?;
        Ok((run.steps(), run.now().0, run.is_over()))
    }

    /// The row of the run so far, as JSON.
    fn row(&self, command: String) -> PyResult<String> {
        let run = self.run()?;
        Ok(Row::new(&run.plan(), &run.outcome(), command).line())
    }

    /// The events from this one on, each as JSON.
    fn events(&self, since: usize) -> PyResult<Vec<String>> {
        let run = self.run()?;
        let events = run.events().get(since..).unwrap_or_default();
        Ok(events.iter().map(line).collect())
    }

    /// Of each process: its name, its view, the last slot that it has executed, and whether it is correct.
    fn standings(&self) -> PyResult<Vec<(String, u64, u64, bool)>> {
        let standings = self.run()?.standings().into_iter();
        let standings =
            standings.map(|one| (one.process.into(), one.view, one.executed, one.correct));
        Ok(standings.collect())
    }

    /// Who sent what to whom so far, as SVG.
    fn svg(&self, caption: &str) -> PyResult<String> {
        let run = self.run()?;
        let drawn = run.picture().map(|picture| picture.draw(caption).svg());
        Ok(drawn.unwrap_or_default())
    }

    /// Writes the trace so far.
    fn save(&self, path: PathBuf, command: &str) -> PyResult<()> {
        let trace = self.run()?.trace(command);
        let written = trace.save(&path);
        written.map_err(|error| {
            PyOSError::new_err(format!("cannot write {}: {error}", path.display()))
        })
    }
}

/// Now and then, whether Ctrl-C was pressed.
fn look_up(asked: &AtomicU32) -> PyResult<()> {
    if asked.fetch_add(1, Ordering::Relaxed) % EVENTS == EVENTS - 1 {
        return Python::attach(|py| py.check_signals());
    }
    Ok(())
}
