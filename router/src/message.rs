//! The messages of nodes and clients: one JSON object a line, in Maelstrom's format.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

/// How many characters of a wrong line are shown.
const SHOWN: usize = 160;

/// The body of a message.
pub type Body = Map<String, Value>;

/// A message.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Message {
    /// The sender.
    pub src: String,
    /// The recipient.
    pub dest: String,
    /// The body.
    pub body: Body,
}

/// Why a line is not a message. The text is for the author of the node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}, in the line: {line}")]
pub struct NoMessage {
    what: String,
    line: String,
}

impl Message {
    /// Reads a line of a node.
    ///
    /// # Errors
    /// The line is not a message.
    pub fn parse(line: &str) -> Result<Self, NoMessage> {
        read(line).map_err(|what| NoMessage {
            what,
            line: excerpt(line),
        })
    }

    /// The message's type.
    #[must_use]
    pub fn kind(&self) -> &str {
        kind(&self.body)
    }

    /// The id of the recipient's message that this one answers, if it says so.
    #[must_use]
    pub fn in_reply_to(&self) -> Option<&Value> {
        self.body.get("in_reply_to").filter(|id| !id.is_null())
    }

    /// The line for the node's standard input, with its end.
    #[must_use]
    pub fn line(&self) -> String {
        // Strings and JSON values can always be written as JSON.
        let mut line = serde_json::to_string(self).unwrap_or_default();
        line.push('\n');
        line
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = serde_json::to_string(&self.body).unwrap_or_default();
        write!(f, "{} -> {} {}", self.src, self.dest, excerpt(&body))
    }
}

/// The type of a body.
#[must_use]
pub fn kind(body: &Body) -> &str {
    body.get("type").and_then(Value::as_str).unwrap_or_default()
}

/// The beginning of a text that may be long or contain control characters.
#[must_use]
pub fn excerpt(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(SHOWN)
        .map(|one| if one.is_control() { ' ' } else { one })
        .collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push_str("...");
    }
    shown
}

fn read(line: &str) -> Result<Message, String> {
    let value: Value = serde_json::from_str(line).map_err(|error| {
        format!(
            "standard output is for messages, one JSON object a line, and logs go to standard error: {error}"
        )
    })?;
    let Value::Object(mut fields) = value else {
        return Err(r#"a message is a JSON object with "src", "dest" and "body""#.to_owned());
    };
    let src = name(&mut fields, "src")?;
    let dest = name(&mut fields, "dest")?;
    let Some(Value::Object(body)) = fields.remove("body") else {
        return Err(r#""body" must be a JSON object"#.to_owned());
    };
    if kind(&body).is_empty() {
        return Err(r#"a body needs a "type", which is a string"#.to_owned());
    }
    Ok(Message { src, dest, body })
}

fn name(fields: &mut Body, field: &str) -> Result<String, String> {
    match fields.remove(field) {
        Some(Value::String(name)) => Ok(name),
        Some(other) => Err(format!(
            r#""{field}" must be a string such as "n1", and is {other}"#
        )),
        None => Err(format!(r#""{field}" is missing"#)),
    }
}

#[cfg(test)]
mod tests {
    use super::Message;

    #[test]
    fn a_message_is_read_and_written() {
        let line = r#"{"src":"n1","dest":"c0","body":{"in_reply_to":1,"type":"init_ok"}}"#;
        let message = Message::parse(line).expect("it is one");
        assert_eq!(message.kind(), "init_ok");
        assert_eq!(
            message.in_reply_to().and_then(serde_json::Value::as_u64),
            Some(1)
        );
        assert_eq!(message.line(), format!("{line}\n"));
    }

    #[test]
    fn what_is_no_message_is_told_with_its_line() {
        let wrong = [
            ("committing 1", "logs go to standard error"),
            ("[1]", "is a JSON object with"),
            (
                r#"{"src": 1, "dest": "n1", "body": {}}"#,
                r#""src" must be a string"#,
            ),
            (r#"{"src": "n1", "body": {}}"#, r#""dest" is missing"#),
            (r#"{"src": "n1", "dest": "n2"}"#, r#""body" must be"#),
            (
                r#"{"src": "n1", "dest": "n2", "body": {"type": 7}}"#,
                r#"needs a "type""#,
            ),
        ];
        for (line, words) in wrong {
            let error = Message::parse(line).expect_err("it is none").to_string();
            assert!(error.contains(words) && error.contains(line), "{error}");
        }
    }
}
