use dxr::Value;

use super::Method;
use super::answer::{self, from_number};
use super::parameters::Parameters;
use crate::Fault;

/// Asks for the bytes of an item that [`super::Audit`] has named.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditItem {
    /// The item.
    pub item: String,
    /// The first byte that is wanted. `None`: 0.
    pub offset: Option<u64>,
}

impl Method for AuditItem {
    const NAME: &'static str = "audit.item";
    const HELP: &'static str = "audit.item(item[, offset]): answers the bytes of an item of audit() from this byte on, as base64: at \
        most 262,144. No bytes are left, or the process has the item no longer, if there are none. docs/evidence.md tells what they are.";
    const SIGNATURES: &'static [&'static [&'static str]] =
        &[&["base64", "string"], &["base64", "string", "int"]];
    const CHANGES_NOTHING: bool = true;
    type Answer = Vec<u8>;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        let mut params = Parameters::of::<Self>(params, 1..=2, "item[, offset]")?;
        Ok(Self {
            item: params.text("item")?,
            offset: params.at_least_0("offset")?,
        })
    }

    fn into_params(self) -> Vec<Value> {
        let offset = self.offset.map(from_number);
        std::iter::once(Value::String(self.item))
            .chain(offset)
            .collect()
    }

    fn answer_into_value(answer: Vec<u8>) -> Value {
        Value::Base64(answer)
    }

    fn answer_from_value(value: Value) -> Result<Vec<u8>, String> {
        match value {
            Value::Base64(bytes) => Ok(bytes),
            other => Err(answer::expected("a base64", &other)),
        }
    }
}
