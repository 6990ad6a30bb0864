//! Output as JSON: what the objects of all commands share.

use std::time::Duration;

use quorate_cli::json::{Failed, VERSION};
use serde::Serialize;

#[derive(Serialize)]
struct Versioned<'a, T> {
    v: u32,
    #[serde(flatten)]
    members: &'a T,
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
    Ok(serde_json::to_string_pretty(&Failed::new(message, exit_status))? + "\n")
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
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_begins_with_its_version() {
        assert_eq!(
            text(&json!({"a": 1})).unwrap(),
            "{\n  \"v\": 1,\n  \"a\": 1\n}\n"
        );
    }

    #[test]
    fn milliseconds_have_three_decimals() {
        assert_eq!(millis(Duration::from_nanos(1_771_532)).to_string(), "1.772");
        assert_eq!(rounded(40.0).to_string(), "40");
    }
}
