//! What a process knows of the gathering, as it travels: the members of a JSON object, in a struct.

use std::collections::BTreeMap;
use std::fmt;

use dxr::Value;
use serde::de::value::{MapDeserializer, SeqDeserializer, StringDeserializer};
use serde::de::{self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde_json::Value as Json;

use super::answer::{from_number, number, type_name};

/// An object of `docs/json.md` as an XML-RPC struct. A member without a value is left out, since many clients do not read `nil`;
/// numbers over 31 bits are decimal strings.
#[derive(Clone, Debug, PartialEq)]
pub struct View(Value);

impl View {
    /// The view of a JSON object.
    #[must_use]
    pub fn of(json: Json) -> Self {
        Self(from_json(json))
    }

    /// The object that a process has answered.
    ///
    /// # Errors
    /// It has other members than the object. The text says which, without quoting their values.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, String> {
        T::deserialize(Reader(self.0)).map_err(|bad| bad.0)
    }

    pub(crate) fn into_value(self) -> Value {
        self.0
    }

    pub(crate) const fn from_value(value: Value) -> Self {
        Self(value)
    }
}

fn from_json(json: Json) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(flag) => Value::Boolean(flag),
        Json::Number(one) => one
            .as_u64()
            .map_or_else(|| Value::String(one.to_string()), from_number),
        Json::String(text) => Value::String(text),
        Json::Array(values) => Value::Array(values.into_iter().map(from_json).collect()),
        Json::Object(members) => {
            let known = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Struct(
                known
                    .map(|(name, value)| (name, from_json(value)))
                    .collect(),
            )
        }
    }
}

/// Reads an answer as what its reader expects: a number may be a decimal string, and what is missing has no value.
struct Reader(Value);

/// Why an answer cannot be read.
#[derive(Debug)]
struct Bad(String);

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Bad {}

impl de::Error for Bad {
    fn custom<T: fmt::Display>(cause: T) -> Self {
        Self(cause.to_string())
    }
}

impl IntoDeserializer<'_, Bad> for Reader {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl Reader {
    fn members(members: BTreeMap<String, Value>) -> MapDeserializer<'static, Members, Bad> {
        let read: fn((String, Value)) -> (String, Self) = |(name, value)| (name, Self(value));
        MapDeserializer::new(members.into_iter().map(read))
    }

    fn number(&self) -> Result<u64, Bad> {
        let expected = || Bad("expected a number of at least 0".to_owned());
        number(&self.0).ok_or_else(expected)
    }
}

type Members = std::iter::Map<
    std::collections::btree_map::IntoIter<String, Value>,
    fn((String, Value)) -> (String, Reader),
>;

impl<'de> Deserializer<'de> for Reader {
    type Error = Bad;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Bad> {
        match self.0 {
            Value::Boolean(flag) => visitor.visit_bool(flag),
            Value::Integer(number) => visitor.visit_i32(number),
            Value::String(text) => visitor.visit_string(text),
            Value::Array(values) => {
                visitor.visit_seq(SeqDeserializer::new(values.into_iter().map(Self)))
            }
            Value::Struct(members) => visitor.visit_map(Self::members(members)),
            other => Err(Bad(format!(
                "{} has no place in this answer",
                type_name(&other)
            ))),
        }
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Bad> {
        visitor.visit_u64(self.number()?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Bad> {
        visitor.visit_u64(self.number()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Bad> {
        visitor.visit_some(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Bad> {
        match self.0 {
            Value::String(text) => {
                StringDeserializer::new(text).deserialize_enum(name, variants, visitor)
            }
            other => Err(Bad(format!("expected a string, got {}", type_name(&other)))),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Stage {
        Bidding,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Report {
        stage: Stage,
        amounts: BTreeMap<String, u64>,
        winner: Option<String>,
        bidders: Vec<String>,
        ended: bool,
    }

    fn report() -> Json {
        json!({
            "stage": "bidding",
            "amounts": {"P": 40, "Q": 1_000_000_000_000_000u64},
            "winner": null,
            "bidders": ["P", "Q"],
            "ended": false,
        })
    }

    #[test]
    fn an_object_comes_back_as_it_was_and_what_is_null_does_not_travel() {
        let view = View::of(report());
        let Value::Struct(members) = view.clone().into_value() else {
            panic!("it is a struct");
        };
        assert!(!members.contains_key("winner"));
        let amounts = [("P", 40), ("Q", 1_000_000_000_000_000)];
        let expected = Report {
            stage: Stage::Bidding,
            amounts: amounts.map(|(who, amount)| (who.to_owned(), amount)).into(),
            winner: None,
            bidders: vec!["P".to_owned(), "Q".to_owned()],
            ended: false,
        };
        assert_eq!(view.read(), Ok(expected));
    }

    #[test]
    fn an_answer_that_is_another_object_says_which_member_is_wrong() {
        for (member, value, complaint) in [
            (
                "amounts",
                json!({"P": "forty"}),
                "expected a number of at least 0",
            ),
            ("stage", json!("selling"), "unknown variant `selling`"),
            ("ended", json!("no"), "expected a boolean"),
        ] {
            let mut report = report();
            report[member] = value;
            let read = View::of(report).read::<Report>();
            assert!(
                read.is_err_and(|error| error.contains(complaint)),
                "{member}"
            );
        }
    }
}
