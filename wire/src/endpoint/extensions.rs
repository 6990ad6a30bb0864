//! Values that XML-RPC has only by extension, or that have no agreed form. Many clients cannot read them.

use dxr::Value;

use crate::Fault;

/// The extensions that occur in some values.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extensions {
    nil: bool,
    i8: bool,
    not_finite: bool,
}

impl Extensions {
    /// The extensions in these values and in the values inside them.
    pub(super) fn of<'a>(values: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut found = Self::default();
        for value in values {
            let inner = match value {
                Value::Array(values) => Self::of(values),
                Value::Struct(members) => Self::of(members.values()),
                Value::Nil => Self {
                    nil: true,
                    ..Self::default()
                },
                Value::Long(_) => Self {
                    i8: true,
                    ..Self::default()
                },
                Value::Double(double) => Self {
                    not_finite: !double.is_finite(),
                    ..Self::default()
                },
                _ => continue,
            };
            found = Self {
                nil: found.nil || inner.nil,
                i8: found.i8 || inner.i8,
                not_finite: found.not_finite || inner.not_finite,
            };
        }
        found
    }

    /// Passes an answer on if it uses only these extensions.
    ///
    /// # Errors
    /// Fault -32603: a caller that sent no such value might not be able to read one.
    pub(super) fn allow(self, answer: Value) -> Result<Value, Fault> {
        let there = Self::of([&answer]);
        for (is_there, was_sent, what) in [
            (there.nil, self.nil, "nil"),
            (there.i8, self.i8, "an i8"),
            (
                there.not_finite,
                self.not_finite,
                "a double that is not finite",
            ),
        ] {
            if is_there && !was_sent {
                return Err(Fault::internal(format!(
                    "the answer has {what}, which not every client reads, and the call had none"
                )));
            }
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use dxr::Value;

    use super::Extensions;

    #[test]
    fn point_4_an_answer_has_no_extension_that_the_call_did_not_have() {
        let uncommon = [
            Value::Nil,
            Value::Long(1),
            Value::Double(f64::NAN),
            Value::Double(f64::NEG_INFINITY),
        ];
        let common = [
            Value::Integer(1),
            Value::Double(1.0),
            Value::String("nil".into()),
        ];
        let within = |value: &Value| {
            let members = BTreeMap::from([("a".to_owned(), value.clone())]);
            Value::Array(vec![Value::Integer(1), Value::Struct(members)])
        };
        let may_answer = |sent: &[Value], answer: Value| {
            Extensions::of(sent)
                .allow(answer)
                .map_err(|fault| fault.code())
        };
        for value in &common {
            assert!(may_answer(&[], within(value)).is_ok(), "{value:?}");
        }
        for value in &uncommon {
            assert_eq!(may_answer(&common, within(value)), Err(-32603), "{value:?}");
            assert!(
                may_answer(&[within(value)], value.clone()).is_ok(),
                "{value:?}"
            );
            assert!(
                may_answer(std::slice::from_ref(value), within(value)).is_ok(),
                "{value:?}"
            );
        }
        assert!(may_answer(&uncommon[..1], uncommon[1].clone()).is_err());
    }
}
