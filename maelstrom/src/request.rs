//! The requests of clients, and their answers.

use quorate_service::{Answer, Operation, kv};
use serde_json::{Map, Value};

use crate::body::{Error, Rest};

/// A request that must be ordered or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `pbft_request`. It is answered as soon as its slot is known.
    Place,
    /// `read` of the workload lin-kv.
    Read,
    /// `write` of the workload lin-kv.
    Write,
    /// `cas` of the workload lin-kv.
    Cas,
}

impl Kind {
    /// The type of the answer.
    pub(crate) const fn answer_type(self) -> &'static str {
        match self {
            Self::Place => "pbft_request_ok",
            Self::Read => "read_ok",
            Self::Write => "write_ok",
            Self::Cas => "cas_ok",
        }
    }
}

/// The operation of a request.
pub(crate) fn operation(kind: Kind, body: &Map<String, Value>) -> Result<Operation, Error> {
    let text = |name| field(body, name).map(json_word);
    Ok(match kind {
        Kind::Place => Operation::Text(string(body, "operation")?.to_owned()),
        Kind::Read => Operation::KeyValue(format!("get {}", text("key")?)),
        Kind::Write => Operation::KeyValue(format!("set {}={}", text("key")?, text("value")?)),
        Kind::Cas => {
            if body.get("create_if_not_exists") == Some(&Value::Bool(true)) {
                return Err(Error::new(
                    Error::NOT_SUPPORTED,
                    "create_if_not_exists: a key must exist before it is compared; write it first",
                ));
            }
            let (key, from, to) = (text("key")?, text("from")?, text("to")?);
            Operation::KeyValue(format!("cas {key} {from} {to}"))
        }
    })
}

/// The answer of the workload lin-kv for an answer of the service.
pub(crate) fn outcome(kind: Kind, answer: &Answer) -> Result<Rest, Error> {
    match answer {
        Answer::KeyValue(kv::Answer::Ok) => Ok(Rest::Nothing {}),
        Answer::KeyValue(kv::Answer::Value(text)) if kind == Kind::Read => {
            serde_json::from_str(text)
                .map(|value| Rest::Value { value })
                // `pbft_request` may have set the value, to any text.
                .or_else(|_| {
                    Ok(Rest::Value {
                        value: Value::String(text.clone()),
                    })
                })
        }
        Answer::KeyValue(kv::Answer::NoSuchKey) => Err(Error::new(
            Error::KEY_DOES_NOT_EXIST,
            "nobody has written this key",
        )),
        Answer::KeyValue(kv::Answer::CasFailed { value, .. }) => Err(Error::new(
            Error::PRECONDITION_FAILED,
            format!("the value is {value}"),
        )),
        Answer::KeyValue(kv::Answer::Refused(refusal)) => {
            Err(Error::malformed(refusal.to_string()))
        }
        other => Err(Error::malformed(other.to_string())),
    }
}

/// A field of a body.
pub(crate) fn field<'a>(body: &'a Map<String, Value>, name: &str) -> Result<&'a Value, Error> {
    body.get(name)
        .ok_or_else(|| Error::malformed(format!("the field '{name}' is missing")))
}

/// A field that is text.
pub(crate) fn string<'a>(body: &'a Map<String, Value>, name: &str) -> Result<&'a str, Error> {
    let value = field(body, name)?;
    value
        .as_str()
        .ok_or_else(|| Error::malformed(format!("the field '{name}' must be text")))
}

/// A field that is a whole number from 0.
pub(crate) fn number(body: &Map<String, Value>, name: &str) -> Result<u64, Error> {
    let value = field(body, name)?;
    value.as_u64().ok_or_else(|| {
        Error::malformed(format!("the field '{name}' must be a whole number from 0"))
    })
}

/// A JSON value as one word of the store's grammar, which separates words by spaces and `=`. Both are escaped inside
/// strings; outside strings there are none.
fn json_word(value: &Value) -> String {
    let mut word = String::new();
    for c in value.to_string().chars() {
        if c.is_whitespace() || c.is_control() || c == '=' {
            for unit in c.encode_utf16(&mut [0; 2]) {
                word.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            word.push(c);
        }
    }
    word
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Kind, json_word, operation};
    use quorate_service::{Operation, kv};

    #[test]
    fn any_json_value_becomes_one_word_and_is_restored() {
        for value in [
            json!(1),
            json!("a b=c\u{a0}\n\u{2003}"),
            json!([1, {"x": " "}]),
            json!(null),
        ] {
            let word = json_word(&value);
            assert!(
                !word.contains(|c: char| c.is_whitespace() || c == '='),
                "{word}"
            );
            assert_eq!(serde_json::from_str::<Value>(&word).unwrap(), value);
        }
    }

    #[test]
    fn the_store_takes_what_the_workload_asks() {
        let body = json!({"key": "a b", "value": {"x": 1}, "from": [1, 2], "to": "="});
        let body = body.as_object().unwrap();
        for kind in [Kind::Read, Kind::Write, Kind::Cas] {
            let Operation::KeyValue(text) = operation(kind, body).unwrap() else {
                panic!("{kind:?} must be an operation on the store");
            };
            assert!(kv::Command::parse(&text).is_ok(), "{text}");
        }
    }
}
