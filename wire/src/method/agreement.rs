use dxr::Value;

use super::Method;
use super::parameters::Parameters;
use crate::{Fault, View};

/// Asks what the members agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement;

impl Method for Agreement {
    const NAME: &'static str = "agreement";
    const HELP: &'static str = "agreement(): answers a struct with what the members agreed on: v, epoch, slot, chosen, members, \
        numbers, standings (activity, offered_by, members, feasible, points).";
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
