use dxr::Value;

use super::Method;
use super::parameters::Parameters;
use crate::{Fault, View};

/// Asks for the offers of this epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    /// The member whose offer is wanted. `None`: those of all.
    pub member: Option<String>,
}

impl Method for Offers {
    const NAME: &'static str = "offers";
    const HELP: &'static str = "offers([member]): answers a struct with the offers of this epoch, or with that of one member: \
        v, epoch, closing (closed, asked, needed), offers (member, slot, services, can, needs, least, \
        most, without, deadline_slots, prefers), contradictions (member, first_slot, first, \
        second_slot, second).";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["struct"], &["struct", "string"]];
    const FAULTS: &'static [i32] = &[Fault::NO_QUORUM, Fault::GATHERING];
    const CHANGES_NOTHING: bool = true;
    type Answer = View;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        let mut params = Parameters::of::<Self>(params, 0..=1, "[member]")?;
        Ok(Self {
            member: params.optional_text("member")?,
        })
    }

    fn into_params(self) -> Vec<Value> {
        self.member.map(Value::String).into_iter().collect()
    }

    fn answer_into_value(answer: View) -> Value {
        answer.into_value()
    }

    fn answer_from_value(value: Value) -> Result<View, String> {
        Ok(View::from_value(value))
    }
}
