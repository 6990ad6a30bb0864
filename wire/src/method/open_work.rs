use dxr::Value;

use super::Method;
use super::answer::{self, from_number};
use super::parameters::Parameters;
use crate::Fault;

/// Has a process give the members a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenWork {
    /// The job.
    pub job: String,
    /// The first number.
    pub from: u64,
    /// The number after the last.
    pub to: u64,
    /// Into how many parts the job is divided.
    pub parts: u64,
}

impl Method for OpenWork {
    const NAME: &'static str = "open_work";
    const HELP: &'static str = "open_work(job, from, to, parts): this process gives the members a job: to count the primes p \
        with from <= p < to, divided into parts. Answers a sentence at once. work(job) tells what \
        became of it.";
    const SIGNATURES: &'static [&'static [&'static str]] =
        &[&["string", "string", "int", "int", "int"]];
    const FAULTS: &'static [i32] = &[Fault::NOT_FROM_ELSEWHERE, Fault::GATHERING];
    type Answer = String;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        let mut params = Parameters::of::<Self>(params, 4..=4, "job, from, to, parts")?;
        Ok(Self {
            job: params.text("job")?,
            from: params.number("from")?,
            to: params.number("to")?,
            parts: params.number("parts")?,
        })
    }

    fn into_params(self) -> Vec<Value> {
        vec![
            Value::String(self.job),
            from_number(self.from),
            from_number(self.to),
            from_number(self.parts),
        ]
    }

    fn answer_into_value(answer: String) -> Value {
        Value::String(answer)
    }

    fn answer_from_value(value: Value) -> Result<String, String> {
        answer::text(value)
    }
}
