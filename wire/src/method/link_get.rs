use dxr::Value;

use super::Method;
use super::answer::{self, Members, from_each, from_members, from_number};
use super::parameters::Parameters;
use crate::Fault;

/// Asks a process for the rules of its links.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkGet;

/// A rule for what a process sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkStatus {
    /// The rule, in the words of `--link`.
    pub rule: String,
    /// How many messages the rule was the first to fit, since it was set.
    pub fitted: u64,
    /// How many of these it has lost.
    pub lost: u64,
}

impl LinkStatus {
    fn into_value(self) -> Value {
        from_members([
            ("rule", Value::String(self.rule)),
            ("fitted", from_number(self.fitted)),
            ("lost", from_number(self.lost)),
        ])
    }

    fn from_value(value: Value) -> Result<Self, String> {
        let mut members = Members::of(value)?;
        Ok(Self {
            rule: members.text("rule")?,
            fitted: members.number("fitted")?,
            lost: members.number("lost")?,
        })
    }
}

/// Writes the rules of a process's links.
pub(super) fn into_value(rules: Vec<LinkStatus>) -> Value {
    from_each(rules, LinkStatus::into_value)
}

/// Reads the rules of a process's links.
pub(super) fn from_value(value: Value) -> Result<Vec<LinkStatus>, String> {
    match value {
        Value::Array(rules) => rules.into_iter().map(LinkStatus::from_value).collect(),
        other => Err(answer::expected("an array", &other)),
    }
}

impl Method for LinkGet {
    const NAME: &'static str = "link.get";
    const HELP: &'static str = "link.get(): answers an array of structs with the rules of the links over which this process \
        sends, in their order: rule (written as for the server's --link), fitted (the messages that the rule was the first to fit) and \
        lost (those of them that it has lost). Numbers over 31 bits are decimal strings.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["array"]];
    const CHANGES_NOTHING: bool = true;
    type Answer = Vec<LinkStatus>;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        Parameters::of::<Self>(params, 0..=0, "").map(|_| Self)
    }

    fn into_params(self) -> Vec<Value> {
        Vec::new()
    }

    fn answer_into_value(answer: Vec<LinkStatus>) -> Value {
        into_value(answer)
    }

    fn answer_from_value(value: Value) -> Result<Vec<LinkStatus>, String> {
        from_value(value)
    }
}
