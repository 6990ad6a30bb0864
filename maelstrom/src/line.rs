//! Maelstrom's messages, written as in its documents: with a space after each colon and comma.

use std::io;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};

/// A message that has arrived.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Incoming {
    /// The sender.
    pub src: String,
    /// The recipient.
    pub dest: String,
    /// The body.
    pub body: serde_json::Map<String, Value>,
}

/// Parses a line.
///
/// # Errors
/// The line is not JSON, or not a message.
pub fn read(line: &str) -> serde_json::Result<Incoming> {
    // Without this check, serde would also accept a list of the fields' values.
    let object: serde_json::Map<String, Value> = serde_json::from_str(line)?;
    serde_json::from_value(Value::Object(object))
}

#[derive(Serialize)]
struct Envelope<'a, T> {
    src: &'a str,
    dest: &'a str,
    body: &'a T,
}

/// A message as one line, without the line end.
#[must_use]
pub fn write<T: Serialize>(src: &str, dest: &str, body: &T) -> String {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, Spaced);
    let written = Envelope { src, dest, body }.serialize(&mut serializer);
    debug_assert!(written.is_ok(), "bodies are text and numbers");
    String::from_utf8(bytes).unwrap_or_default()
}

/// `{"a": 1, "b": [2, 3]}`.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        separate(writer, first)
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        separate(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

fn separate<W: ?Sized + io::Write>(writer: &mut W, first: bool) -> io::Result<()> {
    if first {
        Ok(())
    } else {
        writer.write_all(b", ")
    }
}
