//! Output as JSON: what the objects of all programs share.

use std::ffi::{OsStr, OsString};

use serde::Serialize;

/// The version of the objects. It grows when a member goes, or means something else.
pub const VERSION: u32 = 1;

/// The object of a command that failed: `{"v":1,"error":{"message":"...","exit_status":2}}`.
#[derive(Debug, Serialize)]
pub struct Failed<'a> {
    v: u32,
    error: ErrorObject<'a>,
}

#[derive(Debug, Serialize)]
struct ErrorObject<'a> {
    message: &'a str,
    exit_status: u8,
}

impl<'a> Failed<'a> {
    /// A command that ends with this status for this reason.
    #[must_use]
    pub const fn new(message: &'a str, exit_status: u8) -> Self {
        Self {
            v: VERSION,
            error: ErrorObject {
                message,
                exit_status,
            },
        }
    }
}

/// Whether these arguments ask for JSON. A command line that cannot be understood otherwise may still ask for it.
pub fn is_asked_for(arguments: impl IntoIterator<Item = OsString>) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_has_its_version_its_message_and_its_exit_status() {
        assert_eq!(
            serde_json::to_string(&Failed::new("no \"server\"", 2)).unwrap(),
            r#"{"v":1,"error":{"message":"no \"server\"","exit_status":2}}"#
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
}
