use dxr::Value;

use super::Method;
use super::answer::from_texts;
use super::link_get::{LinkStatus, from_value, into_value};
use super::parameters::Parameters;
use crate::Fault;

/// Gives a process's links other rules while it runs.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkSet {
    /// The rules, in the words of `--link`; the first that fits a message decides. None: the links are as the network has them.
    pub rules: Vec<String>,
}

impl Method for LinkSet {
    const NAME: &'static str = "link.set";
    const HELP: &'static str = "link.set(rules): from now on these rules hold for what this process sends to the others. The rules \
        are an array, each written as for the server's --link, such as 'P->Q: cut' or '*->*: delay 10ms, loss 5% @2s-6s'; their times \
        count from now. The first rule that fits a message decides. Rules about what others send are for these, so give all \
        processes the same rules. An empty array takes the rules away. Answers as link.get does. The new rules replace the old ones, \
        and a restart of the process loses them.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["array", "array"]];
    const FAULTS: &'static [i32] = &[Fault::NOT_FROM_ELSEWHERE, Fault::BAD_LINK];
    type Answer = Vec<LinkStatus>;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        Ok(Self {
            rules: Parameters::of::<Self>(params, 1..=1, "rules")?.texts("rules")?,
        })
    }

    fn into_params(self) -> Vec<Value> {
        vec![from_texts(self.rules)]
    }

    fn answer_into_value(answer: Vec<LinkStatus>) -> Value {
        into_value(answer)
    }

    fn answer_from_value(value: Value) -> Result<Vec<LinkStatus>, String> {
        from_value(value)
    }
}
