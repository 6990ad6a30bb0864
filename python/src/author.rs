//! A function of Python that writes the script of a process.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use quorate_simulator::plan::{Claim, Lie, Sending};
use quorate_simulator::row::line;
use quorate_simulator::script::{Author, Sent};
use serde::Serialize;

use crate::sweep::wrong;

/// The first error of an author that nobody has been told of.
pub(crate) type Failure = Arc<Mutex<Option<PyErr>>>;

/// A function that gets a message as JSON, and answers what is sent instead as JSON, or None.
#[derive(Debug)]
pub(crate) struct PyAuthor {
    function: Py<PyAny>,
    failure: Failure,
}

/// A message as the function gets it.
#[derive(Serialize)]
struct Shown<'a> {
    sender: String,
    now_us: u64,
    kind: &'a str,
    view: Option<u64>,
    slot: Option<u64>,
    number: u64,
    digest: Option<String>,
    requests: Vec<String>,
    to: Vec<String>,
}

impl PyAuthor {
    pub(crate) const fn new(function: Py<PyAny>, failure: Failure) -> Self {
        Self { function, failure }
    }

    fn write(&self, sent: &Sent<'_>) -> PyResult<Option<Vec<Sending>>> {
        let shown = line(&Shown {
            sender: sent.process.into(),
            now_us: sent.now.0,
            kind: sent.kind.name(),
            view: sent.view,
            slot: sent.slot,
            number: sent.number,
            digest: sent.digest.map(|digest| Claim(digest).into()),
            requests: sent.requests(),
            to: sent.to.iter().map(|name| String::from(*name)).collect(),
        });
        let answer = Python::attach(|py| {
            let answer = self.function.call1(py, (shown,))?;
            answer.extract::<Option<String>>(py)
        })?;
        let Some(answer) = answer else {
            return Ok(None);
        };
        let sends: Vec<Sending> = serde_json::from_str(&answer).map_err(wrong)?;
        let lie = Lie {
            message: sent.kind,
            view: sent.view,
            slot: sent.slot,
            number: sent.number,
            sends,
        };
        lie.check(sent.process, sent.processes).map_err(wrong)?;
        Ok(Some(lie.sends))
    }
}

impl Author for PyAuthor {
    fn on_send(&mut self, sent: &Sent<'_>) -> Option<Vec<Sending>> {
        self.write(sent).unwrap_or_else(|error| {
            let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
            failure.get_or_insert(error);
            None
        })
    }
}
