use dxr::Value;

use super::Method;
use super::answer::from_number;
use super::parameters::Parameters;
use crate::{Fault, View};

/// Asks for what the process did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The number of the last event that the caller knows. `None`: 0.
    pub since: Option<u64>,
}

impl Method for Trace {
    const NAME: &'static str = "trace";
    const HELP: &'static str = "trace([since]): answers a struct with what this process did after the event with this number: v, \
        process, cluster, n, f, version, life (how often it had started before), next (the number to ask with next time), more, \
        pushed_out (how many of these events it keeps no longer), events (at most 500, as docs/trace.md tells them). Of a server \
        with --trace.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["struct"], &["struct", "int"]];
    const FAULTS: &'static [i32] = &[Fault::NO_TRACE];
    const CHANGES_NOTHING: bool = true;
    type Answer = View;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        let mut params = Parameters::of::<Self>(params, 0..=1, "[since]")?;
        Ok(Self {
            since: params.at_least_0("since")?,
        })
    }

    fn into_params(self) -> Vec<Value> {
        self.since.map(from_number).into_iter().collect()
    }

    fn answer_into_value(answer: View) -> Value {
        answer.into_value()
    }

    fn answer_from_value(value: Value) -> Result<View, String> {
        Ok(View::from_value(value))
    }
}
