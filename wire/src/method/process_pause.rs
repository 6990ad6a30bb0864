use dxr::Value;

use super::Method;
use super::answer::from_number;
use super::parameters::Parameters;
use super::process_list::Supervised;
use crate::Fault;

/// Has a server stop one of its processes for a while.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessPause {
    /// P, Q, ...
    pub process: String,
    /// For how long, in milliseconds; `None`: until it is resumed.
    pub milliseconds: Option<u64>,
}

impl Method for ProcessPause {
    const NAME: &'static str = "process.pause";
    const HELP: &'static str = "process.pause(process[, milliseconds]): holds the process up, by SIGSTOP, for so long or until process.resume. Answers its \
        struct of process.list.";
    const SIGNATURES: &'static [&'static [&'static str]] =
        &[&["struct", "string"], &["struct", "string", "int"]];
    const FAULTS: &'static [i32] = &[Fault::UNKNOWN_PROCESS, Fault::WRONG_STATE];
    type Answer = Supervised;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        let mut params = Parameters::of::<Self>(params, 1..=2, "process[, milliseconds]")?;
        Ok(Self {
            process: params.text("process")?,
            milliseconds: params.at_least_1("milliseconds")?,
        })
    }

    fn into_params(self) -> Vec<Value> {
        let milliseconds = self.milliseconds.map(from_number);
        [Value::String(self.process)]
            .into_iter()
            .chain(milliseconds)
            .collect()
    }

    fn answer_into_value(answer: Supervised) -> Value {
        answer.into_value()
    }

    fn answer_from_value(value: Value) -> Result<Supervised, String> {
        Supervised::from_value(value)
    }
}
