//! Output as JSON: what the objects of all commands share.

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use serde::Serialize;

/// The version of the objects. It grows when a member goes, or means something else.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Versioned<'a, T> {
    v: u32,
    #[serde(flatten)]
    members: &'a T,
}

#[derive(Serialize)]
struct Failed<'a> {
    error: ErrorObject<'a>,
}

#[derive(Serialize)]
struct ErrorObject<'a> {
    message: &'a str,
    exit_status: u8,
}

/// The text of an object, with `"v": 1` before its own members and a newline at its end.
pub(crate) fn text(members: &impl Serialize) -> anyhow::Result<String> {
    let object = Versioned {
        v: VERSION,
        members,
    };
    Ok(serde_json::to_string_pretty(&object)? + "\n")
}

/// The object of a command that failed: `{"v": 1, "error": {"message": "...", "exit_status": 2}}`.
pub(crate) fn error(message: &str, exit_status: u8) -> anyhow::Result<String> {
    let error = ErrorObject {
        message,
        exit_status,
    };
    text(&Failed { error })
}

/// Whether these arguments ask for JSON. A command line that cannot be understood otherwise may still ask for it.
pub(crate) fn is_asked_for(arguments: impl IntoIterator<Item = OsString>) -> bool {
    let mut arguments = arguments.into_iter().take_while(|word| word != "--");
    let mut format = None;
    while let Some(word) = arguments.next() {
        if word == "--format" {
            format = arguments.next();
        } else if let Some(value) = word
            .to_str()
            .and_then(|word| word.strip_prefix("--format="))
        {
            format = Some(value.into());
        }
    }
    format.as_deref() == Some(OsStr::new("json"))
}

/// Rounded to 3 decimals.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

/// A time in milliseconds, rounded to 3 decimals.
pub(crate) fn millis(time: Duration) -> f64 {
    rounded(time.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn an_object_begins_with_its_version() {
        assert_eq!(
            text(&json!({"a": 1})).unwrap(),
            "{\n  \"v\": 1,\n  \"a\": 1\n}\n"
        );
    }

    #[test]
    fn a_failure_has_its_message_and_its_exit_status() {
        let object: Value = serde_json::from_str(&error("no \"server\"", 2).unwrap()).unwrap();
        assert_eq!(
            object,
            json!({"v": 1, "error": {"message": "no \"server\"", "exit_status": 2}})
        );
    }

    #[test]
    fn the_last_format_counts_and_what_follows_two_dashes_is_no_option() {
        let asked = |line: &str| is_asked_for(line.split(' ').map(OsString::from));
        assert!(asked("client --format json"));
        assert!(asked("client read x --format=json --nonsense"));
        assert!(asked("client --format table --format json"));
        assert!(!asked("client --format json --format=table"));
        assert!(!asked("client submit -- --format json"));
        assert!(!asked("client --format"));
    }

    #[test]
    fn milliseconds_have_three_decimals() {
        assert_eq!(millis(Duration::from_nanos(1_771_532)).to_string(), "1.772");
        assert_eq!(rounded(40.0).to_string(), "40");
    }
}
