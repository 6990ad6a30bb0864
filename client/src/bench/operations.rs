//! Operations on the store in a measurement. Each client has its own key, and always talks to the same process.

use quorate_wire::method::{Read, Submit, SubmitAll};
use quorate_wire::{CallError, Fault};

use crate::exit::{Exit, Failure, no_answer};
use crate::options::BenchOptions;
use crate::target::{Process, Target};

/// The operations of every client.
pub(crate) struct Load<'a> {
    processes: Vec<&'a Process>,
    value: String,
    /// The percentage of operations that read.
    reads: u64,
    /// How many operations each call has.
    per_call: u64,
}

impl<'a> Load<'a> {
    /// A load for the correct processes.
    pub(crate) fn new(target: &'a Target, options: &BenchOptions) -> Self {
        Self {
            processes: target.correct().collect(),
            value: "x".repeat(usize::try_from(options.payload).unwrap_or_default()),
            reads: options.reads,
            per_call: options.per_call,
        }
    }

    /// One call of a client, counted from 0. Reads are spread evenly, and differently for each client.
    pub(crate) async fn run(&self, client: u64, number: u64) -> anyhow::Result<()> {
        if (number * 37 + client * 11) % 100 < self.reads {
            self.read(client).await
        } else {
            self.write(client).await
        }
    }

    /// Writes a client's keys, all in one call.
    pub(crate) async fn write(&self, client: u64) -> anyhow::Result<()> {
        let process = self.process_of(client);
        let answer = match self.per_call {
            1 => self.write_one(process, client).await,
            _ => self.write_all(process, client).await,
        };
        answer.map_err(|error| no_answer(&process.name, error))
    }

    async fn write_one(&self, process: &Process, client: u64) -> Result<(), CallError> {
        let submit = Submit {
            operation: format!("set {}={}", key_of(client), self.value),
            request: None,
        };
        process.call_lean(submit).await.map(drop)
    }

    /// Each operation of the call must have been executed.
    async fn write_all(&self, process: &Process, client: u64) -> Result<(), CallError> {
        let key = key_of(client);
        let operation = |place| format!("set {key}/{place}={}", self.value);
        let operations = (0..self.per_call).map(operation).collect();
        let answers = process.call_lean(SubmitAll { operations }).await?;
        let answers = answers.into_iter().map(|answer| answer.map(drop));
        Ok(answers.collect::<Result<(), _>>()?)
    }

    async fn read(&self, client: u64) -> anyhow::Result<()> {
        let process = self.process_of(client);
        let key = key_of(client);
        match process.call_lean(Read { key: key.clone() }).await {
            Ok(_) => Ok(()),
            Err(CallError::Fault(fault)) if fault.code() == Fault::NO_SUCH_KEY => {
                let name = &process.name;
                let message =
                    format!("process {name} does not find '{key}', which was written before");
                Err(Failure::new(Exit::Broken, message).into())
            }
            Err(error) => Err(no_answer(&process.name, error)),
        }
    }

    fn process_of(&self, client: u64) -> &'a Process {
        let index = usize::try_from(client).unwrap_or_default() % self.processes.len();
        self.processes[index]
    }
}

/// The key that only this client writes.
fn key_of(client: u64) -> String {
    format!("bench/{client}")
}
