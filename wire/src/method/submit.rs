use dxr::Value;

use super::Method;
use super::answer::{self, Members, from_members, from_number};
use super::parameters::Parameters;
use crate::{Fault, hex};

/// Orders and executes an operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Submit {
    /// The operation, in the grammar of the key-value store or of the gathering.
    pub operation: String,
    /// The name of the request. Without one, the called process gives it a name, and two equal calls execute twice.
    pub request: Option<RequestName>,
}

/// The name of a request. A request executes once, however often it is submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestName {
    /// The client.
    pub client: Client,
    /// The client's counter, from 1. It must grow with each request.
    pub timestamp: u64,
}

/// A client that names its requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Client {
    /// A name. It belongs to the process that is called: the same name at another process is another client.
    Name(String),
    /// The owner of an Ed25519 key, who is the same at every process.
    Key {
        /// The public key.
        public_key: [u8; 32],
        /// The key's signature of this request. `docs/store.md` shows the signed bytes.
        signature: [u8; 64],
        /// The slot after which the request executes. It is one of the signed bytes.
        after: u64,
    },
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
    const HELP: &'static str = "submit(operation[, client, timestamp[, signature[, after]]]): orders and executes the \
        operation, once per client and timestamp. Answers a struct: sequence_number, view, done, result. An array of up to 512 \
        operations, without a client, orders them all at the same time, and answers an array in the same order; the struct of \
        an operation that is refused has faultCode and faultString. Operations are 'set KEY=VALUE', 'get KEY', 'delete KEY' and \
        'cas KEY OLD NEW'. A command of the gathering, such as \
        '1 bid LOT COMMITMENT', is ordered as this process's own word, and has no client. done is false if the key has no \
        value, if cas found another value, or if the gathering refused the command. A client's timestamps start at 1 and must grow. A client's name belongs to the called process. \
        A client with an Ed25519 key is the same at every process: client is then the public key, in 64 \
        hexadecimal digits, and signature is what the key signs: the request and after, a sequence number. The request \
        executes in a later slot than after. Without after, 0 is signed.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[
        &["struct", "string"],
        &["array", "array"],
        &["struct", "string", "string", "int"],
        &["struct", "string", "string", "int", "base64"],
        &["struct", "string", "string", "int", "base64", "int"],
    ];
    const FAULTS: &'static [i32] = &[
        Fault::BAD_SIGNATURE,
        Fault::BAD_OPERATION,
        Fault::NOT_FROM_ELSEWHERE,
        Fault::TIMESTAMP_TOO_OLD,
        Fault::NO_QUORUM,
        Fault::TIMESTAMP_TAKEN,
    ];
    type Answer = Submitted;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        let names = "operation[, client, timestamp[, signature[, after]]]";
        let mut params = Parameters::of::<Self>(params, 1..=5, names)?;
        let operation = params.text("operation")?;
        let client = params.optional_text("client")?;
        let timestamp = params.at_least_1("timestamp")?;
        let signature = params.optional_bytes("signature")?;
        let after = params.at_least_0("after")?;
        if after.is_some() && signature.is_none() {
            return Err(Fault::wrong_parameters(
                "submit: after needs the signature that signs it",
            ));
        }
        let request = match (client, timestamp) {
            (Some(client), Some(timestamp)) => Some(RequestName {
                client: caller(client, signature, after.unwrap_or_default())?,
                timestamp,
            }),
            (None, None) if signature.is_none() => None,
            (None, None) => {
                return Err(Fault::wrong_parameters(
                    "submit: a signature needs the client, which is its public key, and the timestamp",
                ));
            }
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
            let (client, sealed) = match client {
                Client::Name(name) => (name, None),
                Client::Key {
                    public_key,
                    signature,
                    after,
                } => (hex::of(&public_key), Some((signature, after))),
            };
            params.extend([Value::String(client), answer::from_number(timestamp)]);
            if let Some((signature, after)) = sealed {
                params.extend([
                    Value::Base64(signature.to_vec()),
                    answer::from_number(after),
                ]);
            }
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

/// The client: with a signature, its name must be a public key.
fn caller(client: String, signature: Option<Vec<u8>>, after: u64) -> Result<Client, Fault> {
    let Some(signature) = signature else {
        return Ok(Client::Name(client));
    };
    let signature = signature.try_into().map_err(|other: Vec<u8>| {
        Fault::wrong_parameters(format!(
            "submit: parameter 4 (signature): expected 64 bytes, got {}",
            other.len()
        ))
    })?;
    let public_key = hex::read(&client).ok_or_else(|| {
        Fault::wrong_parameters(
            "submit: parameter 2 (client): with a signature, expected a public key in 64 hexadecimal digits",
        )
    })?;
    Ok(Client::Key {
        public_key,
        signature,
        after,
    })
}
