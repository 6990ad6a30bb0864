use dxr::Value;

use super::Method;
use super::parameters::Parameters;
use crate::{Fault, View};

/// Asks a process what it has that others need to find out who is faulty.
#[derive(Clone, Debug, PartialEq)]
pub struct Audit;

impl Method for Audit {
    const NAME: &'static str = "audit";
    const HELP: &'static str = "audit(): answers a struct with what this process has to judge all by: process, cluster, n, f, \
        checkpoint_interval, public_keys (of all, hexadecimal), proofs (an array of structs: item, accused, kind), certificates (of the \
        slots that it executed last: item, slot, view, digest) and new_views (of the views that started last: item, view). Ask \
        audit.item for each item.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["struct"]];
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
