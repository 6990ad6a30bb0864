//! Reading and writing answers.

use std::collections::BTreeMap;

use dxr::Value;

use crate::Fault;

/// The text of a string value.
pub(super) fn text(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(expected("a string", &other)),
    }
}

/// A number as int where 31 bits hold it, else as a decimal string.
pub(crate) fn from_number(number: u64) -> Value {
    match i32::try_from(number) {
        Ok(small) => Value::Integer(small),
        Err(_) => Value::String(number.to_string()),
    }
}

/// A number from an int, an i8 or a decimal string.
pub(crate) fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Integer(number) => u64::try_from(*number).ok(),
        Value::Long(number) => u64::try_from(*number).ok(),
        Value::String(digits) => decimal(digits),
        _ => None,
    }
}

fn decimal(digits: &str) -> Option<u64> {
    let digits = digits.trim();
    digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits.parse().ok())?
}

/// A struct to be taken apart member by member.
pub(super) struct Members(BTreeMap<String, Value>);

impl Members {
    pub(super) fn of(value: Value) -> Result<Self, String> {
        match value {
            Value::Struct(members) => Ok(Self(members)),
            other => Err(expected("a struct", &other)),
        }
    }

    pub(super) fn value(&mut self, name: &str) -> Result<Value, String> {
        self.0
            .remove(name)
            .ok_or_else(|| format!("member {name} is missing"))
    }

    pub(super) fn text(&mut self, name: &str) -> Result<String, String> {
        text(self.value(name)?).map_err(|cause| format!("member {name}: {cause}"))
    }

    pub(super) fn number(&mut self, name: &str) -> Result<u64, String> {
        number(&self.value(name)?)
            .ok_or_else(|| format!("member {name}: expected a number of at least 0"))
    }

    pub(super) fn boolean(&mut self, name: &str) -> Result<bool, String> {
        match self.value(name)? {
            Value::Boolean(flag) => Ok(flag),
            other => Err(format!("member {name}: {}", expected("a boolean", &other))),
        }
    }

    /// An array, each value of which `read` reads.
    pub(super) fn each<T>(
        &mut self,
        name: &str,
        read: impl Fn(Value) -> Result<T, String>,
    ) -> Result<Vec<T>, String> {
        let read = |value| read(value).map_err(|cause| format!("member {name}: {cause}"));
        self.array(name)?.into_iter().map(read).collect()
    }

    pub(super) fn texts(&mut self, name: &str) -> Result<Vec<String>, String> {
        self.each(name, text)
    }

    fn array(&mut self, name: &str) -> Result<Vec<Value>, String> {
        match self.value(name)? {
            Value::Array(values) => Ok(values),
            other => Err(format!("member {name}: {}", expected("an array", &other))),
        }
    }
}

/// A struct of these members.
pub(crate) fn from_members<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Struct(
        members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

/// The struct of a fault that takes the place of one answer among several.
pub(crate) fn from_fault(fault: &Fault) -> Value {
    from_members([
        ("faultCode", Value::Integer(fault.code())),
        ("faultString", Value::String(fault.message().to_owned())),
    ])
}

/// An array of these, each as `write` writes it.
pub(super) fn from_each<T>(all: Vec<T>, write: impl Fn(T) -> Value) -> Value {
    Value::Array(all.into_iter().map(write).collect())
}

/// An array of strings.
pub(super) fn from_texts(texts: Vec<String>) -> Value {
    from_each(texts, Value::String)
}

/// `expected ..., got ...`, naming types only.
pub(super) fn expected(what: &str, got: &Value) -> String {
    format!("expected {what}, got {}", type_name(got))
}

/// The XML-RPC name of a value's type.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Integer(_) => "int",
        Value::Long(_) => "i8",
        Value::Boolean(_) => "boolean",
        Value::String(_) => "string",
        Value::Double(_) => "double",
        Value::DateTime(_) => "dateTime.iso8601",
        Value::Base64(_) => "base64",
        Value::Struct(_) => "struct",
        Value::Array(_) => "array",
        Value::Nil => "nil",
        _ => "another type",
    }
}

#[cfg(test)]
mod tests {
    use super::{from_number, number};
    use dxr::Value;

    #[test]
    fn numbers_of_up_to_31_bits_are_ints_and_larger_ones_strings() {
        assert_eq!(from_number(2_147_483_647), Value::Integer(i32::MAX));
        assert_eq!(
            from_number(2_147_483_648),
            Value::String("2147483648".into())
        );
    }

    #[test]
    fn numbers_read_back_from_every_form() {
        for written in [
            Value::Integer(7),
            Value::Long(7),
            Value::String(" 7 ".into()),
        ] {
            assert_eq!(number(&written), Some(7));
        }
        for wrong in [
            Value::Integer(-1),
            Value::Long(-1),
            Value::String("+7".into()),
            Value::String(String::new()),
        ] {
            assert_eq!(number(&wrong), None);
        }
        assert_eq!(number(&from_number(u64::MAX)), Some(u64::MAX));
    }
}
