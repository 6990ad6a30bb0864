//! Operations on the store in a measurement. Each client has its own key, and always talks to the same process.

use std::cell::RefCell;

use futures_util::future::try_join_all;
use quorate_wire::method::{Read, Submit, SubmitAll};
use quorate_wire::{CallError, Fault};

use crate::exit::{Exit, Failure, no_answer};
use crate::options::BenchOptions;
use crate::target::{Process, Target};

/// The operations of every client.
pub(crate) struct Load<'a> {
    processes: Vec<&'a Process>,
    /// How many bytes a value has.
    payload: usize,
    /// The percentage of operations that read.
    reads: u64,
    /// How many operations each call has.
    per_call: u64,
    /// How many calls of each client that write were made, and acknowledged: a client waits for one before it makes the next.
    written: RefCell<Vec<u64>>,
}

impl<'a> Load<'a> {
    /// A load for the correct processes.
    pub(crate) fn new(target: &'a Target, options: &BenchOptions) -> Self {
        Self {
            processes: target.correct().collect(),
            payload: usize::try_from(options.payload).unwrap_or_default(),
            reads: options.reads,
            per_call: options.per_call,
            written: RefCell::new(vec![
                0;
                usize::try_from(options.clients()).unwrap_or_default()
            ]),
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

    /// Writes a client's keys, all in one call, each time with another value.
    pub(crate) async fn write(&self, client: u64) -> anyhow::Result<()> {
        let (process, place) = (self.process_of(client), index(client));
        let number = self.written.borrow()[place] + 1;
        let value = self.value(number);
        let answer = match self.per_call {
            1 => write_one(process, client, &value).await,
            _ => self.write_all(process, client, &value).await,
        };
        answer.map_err(|error| no_answer(&process.name, error))?;
        self.written.borrow_mut()[place] = number;
        Ok(())
    }

    /// Whether each client's last write is there, as the process next to the one that acknowledged it reads it.
    pub(crate) async fn check(&self) -> anyhow::Result<()> {
        let written = self.written.borrow().clone();
        let clients = (0..).zip(written).filter(|(_, number)| *number > 0);
        let checks = clients.map(|(client, number)| self.check_client(client, number));
        try_join_all(checks).await.map(drop)
    }

    async fn check_client(&self, client: u64, number: u64) -> anyhow::Result<()> {
        let process = self.process_of(client + 1);
        let key = match self.per_call {
            1 => key_of(client),
            _ => format!("{}/0", key_of(client)),
        };
        let found = Self::read_key(process, &key).await?;
        let expected = self.value(number);
        if found == expected {
            return Ok(());
        }
        let message = format!(
            "process {} reads '{found}' at '{key}', where '{expected}' was acknowledged last",
            process.name
        );
        Err(Failure::new(Exit::Broken, message).into())
    }

    /// The value of a client's write with this number: the number, or its end, with as many bytes as were asked for.
    fn value(&self, number: u64) -> String {
        let digits = number.to_string();
        let end = &digits[digits.len().saturating_sub(self.payload)..];
        format!("{end:x>width$}", width = self.payload)
    }

    /// Each operation of the call must have been executed.
    async fn write_all(
        &self,
        process: &Process,
        client: u64,
        value: &str,
    ) -> Result<(), CallError> {
        let key = key_of(client);
        let operation = |place| format!("set {key}/{place}={value}");
        let operations = (0..self.per_call).map(operation).collect();
        let answers = process.call_lean(SubmitAll { operations }).await?;
        let answers = answers.into_iter().map(|answer| answer.map(drop));
        Ok(answers.collect::<Result<(), _>>()?)
    }

    async fn read(&self, client: u64) -> anyhow::Result<()> {
        let process = self.process_of(client);
        Self::read_key(process, &key_of(client)).await.map(drop)
    }

    async fn read_key(process: &Process, key: &str) -> anyhow::Result<String> {
        let read = Read {
            key: key.to_owned(),
        };
        match process.call_lean(read).await {
            Ok(value) => Ok(value),
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
        self.processes[index(client) % self.processes.len()]
    }
}

async fn write_one(process: &Process, client: u64, value: &str) -> Result<(), CallError> {
    let submit = Submit {
        operation: format!("set {}={value}", key_of(client)),
        request: None,
    };
    process.call_lean(submit).await.map(drop)
}

fn index(client: u64) -> usize {
    usize::try_from(client).unwrap_or_default()
}

/// The key that only this client writes.
fn key_of(client: u64) -> String {
    format!("bench/{client}")
}
