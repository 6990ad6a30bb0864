//! Reads parameters one after another. Every fault names the parameter and what is expected.

use std::ops::RangeInclusive;
use std::vec::IntoIter;

use dxr::Value;

use super::{Method, answer};
use crate::Fault;

/// The parameters of one call, taken from the front.
pub(super) struct Parameters {
    method: &'static str,
    position: usize,
    rest: IntoIter<Value>,
}

impl Parameters {
    /// Checks the number of parameters. `names` is the list as the help shows it, such as `recipient, decision[,
    /// round]`.
    pub(super) fn of<M: Method>(
        params: Vec<Value>,
        count: RangeInclusive<usize>,
        names: &str,
    ) -> Result<Self, Fault> {
        if !count.contains(&params.len()) {
            let (least, most) = (count.start(), count.end());
            let wanted = if least == most {
                least.to_string()
            } else {
                format!("{least} to {most}")
            };
            return Err(Fault::wrong_parameters(format!(
                "{}({names}): expected {wanted} parameters, got {}",
                M::NAME,
                params.len()
            )));
        }
        Ok(Self {
            method: M::NAME,
            position: 0,
            rest: params.into_iter(),
        })
    }

    pub(super) fn text(&mut self, name: &str) -> Result<String, Fault> {
        match self.next() {
            Value::String(text) => Ok(text),
            other => Err(self.wrong(name, &answer::expected("a string", &other))),
        }
    }

    pub(super) fn bytes(&mut self, name: &str) -> Result<Vec<u8>, Fault> {
        match self.next() {
            Value::Base64(bytes) => Ok(bytes),
            other => Err(self.wrong(name, &answer::expected("base64", &other))),
        }
    }

    pub(super) fn optional_bytes(&mut self, name: &str) -> Result<Option<Vec<u8>>, Fault> {
        match self.next() {
            Value::Nil => Ok(None),
            Value::Base64(bytes) => Ok(Some(bytes)),
            other => Err(self.wrong(name, &answer::expected("base64", &other))),
        }
    }

    pub(super) fn optional_text(&mut self, name: &str) -> Result<Option<String>, Fault> {
        match self.next() {
            Value::Nil => Ok(None),
            Value::String(text) => Ok(Some(text)),
            other => Err(self.wrong(name, &answer::expected("a string", &other))),
        }
    }

    pub(super) fn texts(&mut self, name: &str) -> Result<Vec<String>, Fault> {
        let expected = "expected an array of strings";
        match self.next() {
            Value::Array(values) => {
                let texts: Result<Vec<_>, _> = values.into_iter().map(answer::text).collect();
                texts.map_err(|_| self.wrong(name, expected))
            }
            _ => Err(self.wrong(name, expected)),
        }
    }

    /// A number, as int, i8 or decimal string.
    pub(super) fn number(&mut self, name: &str) -> Result<u64, Fault> {
        let expected = "expected a number of at least 0, as int, i8 or decimal string";
        answer::number(&self.next()).ok_or_else(|| self.wrong(name, expected))
    }

    /// The optional round, counted from 1.
    pub(super) fn round(&mut self) -> Result<Option<u64>, Fault> {
        self.at_least_1("round")
    }

    /// An optional number of at least 1, as int, i8 or decimal string.
    pub(super) fn at_least_1(&mut self, name: &str) -> Result<Option<u64>, Fault> {
        self.at_least(1, name)
    }

    /// An optional number, as int, i8 or decimal string.
    pub(super) fn at_least_0(&mut self, name: &str) -> Result<Option<u64>, Fault> {
        self.at_least(0, name)
    }

    fn at_least(&mut self, least: u64, name: &str) -> Result<Option<u64>, Fault> {
        match self.next() {
            Value::Nil => Ok(None),
            value => match answer::number(&value) {
                Some(number) if number >= least => Ok(Some(number)),
                _ => Err(self.wrong(
                    name,
                    &format!("expected a number of at least {least}, as int, i8 or decimal string"),
                )),
            },
        }
    }

    /// The next parameter. A missing one reads as nil.
    fn next(&mut self) -> Value {
        self.position += 1;
        self.rest.next().unwrap_or(Value::Nil)
    }

    fn wrong(&self, name: &str, what: &str) -> Fault {
        Fault::wrong_parameters(format!(
            "{}: parameter {} ({name}): {what}",
            self.method, self.position
        ))
    }
}

/// `required`, then the round if there is one.
pub(super) fn with_round(mut required: Vec<Value>, round: Option<u64>) -> Vec<Value> {
    required.extend(round.map(answer::from_number));
    required
}
