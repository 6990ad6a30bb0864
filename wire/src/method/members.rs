use dxr::Value;

use super::Method;
use super::parameters::Parameters;
use crate::{Fault, View};

/// Asks who the members of the gathering are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Members;

impl Method for Members {
    const NAME: &'static str = "members";
    const HELP: &'static str = "members(): answers a struct that describes the members of the gathering: v, cluster, n, f, \
        founded, epoch, members (member, name, offered, takes_part, must_reveal, misdeeds).";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["struct"]];
    const FAULTS: &'static [i32] = &[Fault::NO_QUORUM];
    const CHANGES_NOTHING: bool = true;
    type Answer = View;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        Parameters::of::<Self>(params, 0..=0, "").map(|_| Self)
    }

    fn into_params(self) -> Vec<Value> {
        Vec::new()
    }

    fn answer_into_value(answer: View) -> Value {
        answer.into_value()
    }

    fn answer_from_value(value: Value) -> Result<View, String> {
        Ok(View::from_value(value))
    }
}
