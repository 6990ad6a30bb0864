//! Reads the fields of an answer. An error says what is wrong.

use serde_json::Value;

use super::message::Body;

/// A number that is not negative.
pub(super) fn number(body: &Body, field: &str) -> Result<u64, String> {
    get(body, field, "a number that is not negative", Value::as_u64)
}

/// A text.
pub(super) fn text<'a>(body: &'a Body, field: &str) -> Result<&'a str, String> {
    get(body, field, "a string", Value::as_str)
}

/// A boolean.
pub(super) fn truth(body: &Body, field: &str) -> Result<bool, String> {
    get(body, field, "true or false", Value::as_bool)
}

fn get<'a, T>(
    body: &'a Body,
    field: &str,
    expected: &str,
    read: impl FnOnce(&'a Value) -> Option<T>,
) -> Result<T, String> {
    let kind = super::message::kind(body);
    let value = body.get(field);
    let value = value.ok_or_else(|| format!("{kind} needs {field}, which is {expected}"))?;
    read(value).ok_or_else(|| format!("{field} of {kind} must be {expected}, and is {value}"))
}

#[cfg(test)]
mod tests {
    use super::{number, truth};

    #[test]
    fn a_missing_and_a_mistyped_field_are_told_apart() {
        let body = r#"{"type":"pbft_status_ok","executed":"yes"}"#;
        let body = serde_json::from_str(body).expect("it is JSON");
        let missing = number(&body, "commits_received").expect_err("it is missing");
        assert_eq!(
            missing,
            "pbft_status_ok needs commits_received, which is a number that is not negative"
        );
        let mistyped = truth(&body, "executed").expect_err("it is a string");
        assert_eq!(
            mistyped,
            r#"executed of pbft_status_ok must be true or false, and is "yes""#
        );
    }
}
