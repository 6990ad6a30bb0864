//! Operations on the store, as a measurement asks for them: each client has a key of its own and a process to talk to.

use std::time::{Duration, Instant};

use quorate_wire::CallError;
use quorate_wire::method::{Read, Submit};

use crate::exit::no_answer;
use crate::target::{Process, Target};

/// What every client does.
pub(crate) struct Load<'a> {
    processes: Vec<&'a Process>,
    value: String,
    /// How many of a hundred operations read.
    reads: u64,
}

/// An operation that failed, and where.
pub(crate) struct Failed {
    process: String,
    error: CallError,
}

impl Failed {
    /// The error that ends the command.
    pub(crate) fn into_error(self) -> anyhow::Error {
        no_answer(&self.process, self.error)
    }
}

impl<'a> Load<'a> {
    /// A load for the correct processes.
    pub(crate) fn new(target: &'a Target, payload: u64, reads: u64) -> Self {
        let correct = |process: &&Process| process.status.is_ok() && process.is_correct();
        Self {
            processes: target.processes.iter().filter(correct).collect(),
            value: "x".repeat(usize::try_from(payload).unwrap_or_default()),
            reads,
        }
    }

    /// Gives a client's key its value, so that there is something to read.
    pub(crate) async fn first_write(&self, client: u64) -> Result<(), Failed> {
        self.write(client).await
    }

    /// A client's operations, one after the other; gives each one's latency.
    pub(crate) async fn run(&self, client: u64, count: u64) -> Result<Vec<Duration>, Failed> {
        let mut latencies = Vec::new();
        for number in 0..count {
            let started = Instant::now();
            // Spread evenly, and differently for each client.
            if (number * 37 + client * 11) % 100 < self.reads {
                self.read(client).await?;
            } else {
                self.write(client).await?;
            }
            latencies.push(started.elapsed());
        }
        Ok(latencies)
    }

    async fn write(&self, client: u64) -> Result<(), Failed> {
        let process = self.process_of(client);
        let submit = Submit {
            operation: format!("set bench/{client}={}", self.value),
            request: None,
        };
        let answer = process.call(submit).await;
        answer.map(drop).map_err(|error| failed(process, error))
    }

    async fn read(&self, client: u64) -> Result<(), Failed> {
        let process = self.process_of(client);
        let key = format!("bench/{client}");
        let answer = process.call(Read { key }).await;
        answer.map(drop).map_err(|error| failed(process, error))
    }

    fn process_of(&self, client: u64) -> &'a Process {
        let index = usize::try_from(client).unwrap_or_default() % self.processes.len();
        self.processes[index]
    }
}

fn failed(process: &Process, error: CallError) -> Failed {
    Failed {
        process: process.name.clone(),
        error,
    }
}
