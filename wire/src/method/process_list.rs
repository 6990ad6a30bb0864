use dxr::Value;

use super::Method;
use super::answer::{self, Members, from_each, from_members, from_number};
use super::parameters::Parameters;
use crate::Fault;

/// Asks a server for its processes.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessList;

/// One process of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supervised {
    /// P, Q, ...
    pub process: String,
    /// Its port.
    pub port: u16,
    /// Its number in the operating system; 0 if it is gone.
    pub pid: u64,
    /// `running`, `paused`, `restarting` (it has ended and will be started again) or `gone`.
    pub state: String,
    /// Why it is not running, such as `killed by signal 9, restarts in 2 s`; empty if it runs.
    pub reason: String,
    /// How often it was started again.
    pub restarts: u64,
}

impl Supervised {
    pub(super) fn into_value(self) -> Value {
        from_members([
            ("process", Value::String(self.process)),
            ("port", Value::Integer(self.port.into())),
            ("pid", from_number(self.pid)),
            ("state", Value::String(self.state)),
            ("reason", Value::String(self.reason)),
            ("restarts", from_number(self.restarts)),
        ])
    }

    pub(super) fn from_value(value: Value) -> Result<Self, String> {
        let mut members = Members::of(value)?;
        Ok(Self {
            process: members.text("process")?,
            port: u16::try_from(members.number("port")?)
                .map_err(|_| "member port: expected a port".to_owned())?,
            pid: members.number("pid")?,
            state: members.text("state")?,
            reason: members.text("reason")?,
            restarts: members.number("restarts")?,
        })
    }
}

impl Method for ProcessList {
    const NAME: &'static str = "process.list";
    const HELP: &'static str = "process.list(): answers an array of structs, one for each process of the server: process, port, pid \
        (0 if it is gone), state (running, paused, restarting or gone), reason (why it does not run) and restarts (how often it was \
        started again).";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["array"]];
    const CHANGES_NOTHING: bool = true;
    type Answer = Vec<Supervised>;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        Parameters::of::<Self>(params, 0..=0, "").map(|_| Self)
    }

    fn into_params(self) -> Vec<Value> {
        Vec::new()
    }

    fn answer_into_value(answer: Vec<Supervised>) -> Value {
        from_each(answer, Supervised::into_value)
    }

    fn answer_from_value(value: Value) -> Result<Vec<Supervised>, String> {
        match value {
            Value::Array(all) => all.into_iter().map(Supervised::from_value).collect(),
            other => Err(answer::expected("an array", &other)),
        }
    }
}
