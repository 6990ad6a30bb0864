use dxr::Value;

use super::Method;
use super::parameters::Parameters;
use crate::{Fault, View};

/// Asks for all jobs of this epoch, or for one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// The job. `None`: all jobs in short.
    pub job: Option<String>,
}

impl Method for Work {
    const NAME: &'static str = "work";
    const HELP: &'static str = "work([job]): answers a struct. Without a job, it has all jobs in short: v, epoch, jobs (job, \
        by, task, done, ended, total). With one, it has that job: v, epoch, slot, job (as above), parts \
        (part, from, to, assigned, value, results), closing.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["struct"], &["struct", "string"]];
    const FAULTS: &'static [i32] = &[Fault::NO_QUORUM, Fault::GATHERING];
    const CHANGES_NOTHING: bool = true;
    type Answer = View;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        let mut params = Parameters::of::<Self>(params, 0..=1, "[job]")?;
        Ok(Self {
            job: params.optional_text("job")?,
        })
    }

    fn into_params(self) -> Vec<Value> {
        self.job.map(Value::String).into_iter().collect()
    }

    fn answer_into_value(answer: View) -> Value {
        answer.into_value()
    }

    fn answer_from_value(value: Value) -> Result<View, String> {
        Ok(View::from_value(value))
    }
}
