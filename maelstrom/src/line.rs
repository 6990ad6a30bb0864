//! Maelstrom's envelope, read and written as its documents write it: a space after each colon and comma.

use std::io;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};

/// A message that came in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Incoming {
    /// Who sent it.
    pub src: String,
    /// For whom it is.
    pub dest: String,
    /// What it says.
    pub body: serde_json::Map<String, Value>,
}

/// Reads a line.
///
/// # Errors
/// It is no JSON, or not a message.
pub fn read(line: &str) -> serde_json::Result<Incoming> {
    // Read as a struct, a list of the fields' values would do for the library.
    let object: serde_json::Map<String, Value> = serde_json::from_str(line)?;
    serde_json::from_value(Value::Object(object))
}

#[derive(Serialize)]
struct Envelope<'a, T> {
    src: &'a str,
    dest: &'a str,
    body: &'a T,
}

/// One message as a line, without its end.
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
