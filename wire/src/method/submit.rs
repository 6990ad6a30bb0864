use dxr::Value;

use super::Method;
use super::answer::{self, Members, from_members, from_number};
use super::parameters::Parameters;
use crate::Fault;

/// Orders and executes an operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Submit {
    /// The operation, in the key-value store's grammar.
    pub operation: String,
    /// The name of the request. Without one, the called process gives it a name, and two equal calls execute twice.
    pub request: Option<RequestName>,
}

/// The name of a request. A request executes once, however often and to whichever process it is submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestName {
    /// The client.
    pub client: String,
    /// The client's counter, from 1. It must grow with each request.
    pub timestamp: u64,
}

/// The result of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// The sequence number at which it executed.
    pub sequence_number: u64,
    /// The view in which it executed.
    pub view: u64,
    /// Whether the operation succeeded. It fails if the key has no value, or if `cas` found another value.
    pub done: bool,
    /// The store's answer.
    pub result: String,
}

impl Method for Submit {
    const NAME: &'static str = "submit";
    const HELP: &'static str = "submit(operation[, client, timestamp]): orders and executes the operation, once \
        per client and timestamp. Answers a struct: sequence_number, view, done, result. Operations are 'set \
        KEY=VALUE', 'get KEY', 'delete KEY' and 'cas KEY OLD NEW'. done is false if the key has no value, or if \
        cas found another value. A client's timestamps start at 1 and must grow.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[
        &["struct", "string"],
        &["struct", "string", "string", "int"],
    ];
    const FAULTS: &'static [i32] = &[
        Fault::BAD_OPERATION,
        Fault::TIMESTAMP_TOO_OLD,
        Fault::NO_QUORUM,
    ];
    type Answer = Submitted;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        let mut params = Parameters::of::<Self>(params, 1..=3, "operation[, client, timestamp]")?;
        let operation = params.text("operation")?;
        let client = params.optional_text("client")?;
        let timestamp = params.at_least_1("timestamp")?;
        let request = match (client, timestamp) {
            (Some(client), Some(timestamp)) => Some(RequestName { client, timestamp }),
            (None, None) => None,
            _ => {
                return Err(Fault::wrong_parameters(
                    "submit: client and timestamp go together: give both or neither",
                ));
            }
        };
        Ok(Self { operation, request })
    }

    fn into_params(self) -> Vec<Value> {
        let mut params = vec![Value::String(self.operation)];
        if let Some(RequestName { client, timestamp }) = self.request {
            params.extend([Value::String(client), answer::from_number(timestamp)]);
        }
        params
    }

    fn answer_into_value(answer: Submitted) -> Value {
        from_members([
            ("sequence_number", from_number(answer.sequence_number)),
            ("view", from_number(answer.view)),
            ("done", Value::Boolean(answer.done)),
            ("result", Value::String(answer.result)),
        ])
    }

    fn answer_from_value(value: Value) -> Result<Submitted, String> {
        let mut members = Members::of(value)?;
        Ok(Submitted {
            sequence_number: members.number("sequence_number")?,
            view: members.number("view")?,
            done: members.boolean("done")?,
            result: members.text("result")?,
        })
    }
}
