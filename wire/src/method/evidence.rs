use dxr::Value;

use super::Method;
use super::answer::{self, Members, from_each, from_members};
use super::parameters::Parameters;
use crate::Fault;

/// Asks a process whom it can prove faulty.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence;

/// A proof that a process is faulty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofShown {
    /// The process that is proved faulty.
    pub accused: String,
    /// The kind of the proof: `E1` to `E7`.
    pub kind: String,
    /// What it did, in words.
    pub what: String,
    /// Whether this process's operator has pardoned the process, so that the proof counts no more.
    pub pardoned: bool,
    /// The messages that prove it, as they travel. Empty if they are too long for one answer.
    pub messages: Vec<Vec<u8>>,
}

impl ProofShown {
    fn into_value(self) -> Value {
        let messages = self.messages.into_iter().map(Value::Base64).collect();
        from_members([
            ("accused", Value::String(self.accused)),
            ("kind", Value::String(self.kind)),
            ("what", Value::String(self.what)),
            ("pardoned", Value::Boolean(self.pardoned)),
            ("messages", Value::Array(messages)),
        ])
    }

    fn from_value(value: Value) -> Result<Self, String> {
        let mut members = Members::of(value)?;
        let message = |value| match value {
            Value::Base64(bytes) => Ok(bytes),
            other => Err(answer::expected("a base64", &other)),
        };
        Ok(Self {
            accused: members.text("accused")?,
            kind: members.text("kind")?,
            what: members.text("what")?,
            pardoned: members.boolean("pardoned")?,
            messages: match members.value("messages")? {
                Value::Array(messages) => messages
                    .into_iter()
                    .map(message)
                    .collect::<Result<_, _>>()?,
                other => return Err(answer::expected("an array", &other)),
            },
        })
    }
}

impl Method for Evidence {
    const NAME: &'static str = "evidence";
    const HELP: &'static str = "evidence(): answers an array of structs with the proofs that this process keeps, at most one of each \
        kind against each process: accused, kind (E1 to E7, as docs/evidence.md tells them), what (in words), pardoned (a boolean: whether \
        fault.pardon has ended what follows from the proof) and messages (base64, the signed messages that prove it; none if they are too \
        long for one answer).";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["array"]];
    const CHANGES_NOTHING: bool = true;
    type Answer = Vec<ProofShown>;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        Parameters::of::<Self>(params, 0..=0, "").map(|_| Self)
    }

    fn into_params(self) -> Vec<Value> {
        Vec::new()
    }

    fn answer_into_value(answer: Vec<ProofShown>) -> Value {
        from_each(answer, ProofShown::into_value)
    }

    fn answer_from_value(value: Value) -> Result<Vec<ProofShown>, String> {
        match value {
            Value::Array(proofs) => proofs.into_iter().map(ProofShown::from_value).collect(),
            other => Err(answer::expected("an array", &other)),
        }
    }
}
