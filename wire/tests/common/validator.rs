//! UserLand's `validator1` suite, which XML-RPC implementations commonly test against.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "a test and an example use a part each"
)]

use std::collections::BTreeMap;

use quorate_wire::{Endpoint, Fault, Method, Value};

/// Declares a method whose parameters and answer are plain values.
macro_rules! value_method {
    ($type:ident, $name:literal, $signature:expr, $help:literal) => {
        #[derive(Clone, Debug, PartialEq)]
        pub struct $type(pub Vec<Value>);

        impl Method for $type {
            const NAME: &'static str = concat!("validator1.", $name);
            const HELP: &'static str = $help;
            const SIGNATURES: &'static [&'static [&'static str]] = &[&$signature];
            type Answer = Value;

            fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
                Ok(Self(params))
            }
            fn into_params(self) -> Vec<Value> {
                self.0
            }
            fn answer_into_value(answer: Value) -> Value {
                answer
            }
            fn answer_from_value(value: Value) -> Result<Value, String> {
                Ok(value)
            }
        }
    };
}

value_method!(
    ArrayOfStructs,
    "arrayOfStructsTest",
    ["int", "array"],
    "The sum of the members curly."
);
value_method!(
    CountTheEntities,
    "countTheEntities",
    ["struct", "string"],
    "How many there are of each of < > & ' and \"."
);
value_method!(
    EasyStruct,
    "easyStructTest",
    ["int", "struct"],
    "The sum of moe, larry and curly."
);
value_method!(
    EchoStruct,
    "echoStructTest",
    ["struct", "struct"],
    "The same struct."
);
value_method!(
    ManyTypes,
    "manyTypesTest",
    [
        "array",
        "int",
        "boolean",
        "string",
        "double",
        "dateTime.iso8601",
        "base64"
    ],
    "An array of the six parameters."
);
value_method!(
    ModerateSizeArray,
    "moderateSizeArrayCheck",
    ["string", "array"],
    "The first and the last text, joined."
);
value_method!(
    NestedStruct,
    "nestedStructTest",
    ["int", "struct"],
    "The sum of moe, larry and curly on 1 April 2000."
);
value_method!(
    SimpleStructReturn,
    "simpleStructReturnTest",
    ["struct", "int"],
    "A struct: times10, times100 and times1000."
);

/// An endpoint with the eight methods.
pub fn endpoint() -> Endpoint {
    Endpoint::new()
        .method(|ArrayOfStructs(params)| async move { array_of_structs(params) })
        .method(|CountTheEntities(params)| async move { count_the_entities(params) })
        .method(
            |EasyStruct(params)| async move { stooges(&structure(params)?).map(Value::Integer) },
        )
        .method(|EchoStruct(params)| async move { structure(params).map(Value::Struct) })
        .method(|ManyTypes(params)| async move { many_types(params) })
        .method(|ModerateSizeArray(params)| async move { moderate_size_array(params) })
        .method(|NestedStruct(params)| async move { nested_struct(params) })
        .method(|SimpleStructReturn(params)| async move { simple_struct_return(params) })
}

fn array_of_structs(params: Vec<Value>) -> Result<Value, Fault> {
    let sum = array(params)?
        .iter()
        .map(|value| match value {
            Value::Struct(members) => integer(members, "curly"),
            _ => Err(wrong("an array of structs")),
        })
        .sum::<Result<i32, Fault>>()?;
    Ok(Value::Integer(sum))
}

fn count_the_entities(params: Vec<Value>) -> Result<Value, Fault> {
    let text = text(one(params)?)?;
    let count = |name: &str, wanted| {
        let count = text.chars().filter(|&found| found == wanted).count();
        // Cannot overflow: a body has a few million characters at most.
        (
            name.to_owned(),
            Value::Integer(i32::try_from(count).unwrap_or(i32::MAX)),
        )
    };
    Ok(Value::Struct(BTreeMap::from([
        count("ctLeftAngleBrackets", '<'),
        count("ctRightAngleBrackets", '>'),
        count("ctAmpersands", '&'),
        count("ctApostrophes", '\''),
        count("ctQuotes", '"'),
    ])))
}

fn many_types(params: Vec<Value>) -> Result<Value, Fault> {
    match params[..] {
        [
            Value::Integer(_),
            Value::Boolean(_),
            Value::String(_),
            Value::Double(_),
            Value::DateTime(_),
            Value::Base64(_),
        ] => Ok(Value::Array(params)),
        _ => Err(wrong("int, boolean, string, double, date and base64")),
    }
}

fn moderate_size_array(params: Vec<Value>) -> Result<Value, Fault> {
    let texts = array(params)?
        .into_iter()
        .map(text)
        .collect::<Result<Vec<_>, _>>()?;
    match &texts[..] {
        [first, .., last] => Ok(Value::String(format!("{first}{last}"))),
        _ => Err(wrong("an array of 2 or more strings")),
    }
}

fn nested_struct(params: Vec<Value>) -> Result<Value, Fault> {
    let mut calendar = structure(params)?;
    for part in ["2000", "04", "01"] {
        let Some(Value::Struct(inner)) = calendar.remove(part) else {
            return Err(wrong("a struct of years of months of days"));
        };
        calendar = inner;
    }
    stooges(&calendar).map(Value::Integer)
}

fn simple_struct_return(params: Vec<Value>) -> Result<Value, Fault> {
    let Value::Integer(number) = one(params)? else {
        return Err(wrong("an int"));
    };
    let times = |name: &str, factor| {
        let product: Option<i32> = number.checked_mul(factor);
        product
            .map(|product| (name.to_owned(), Value::Integer(product)))
            .ok_or_else(|| wrong("a smaller int"))
    };
    Ok(Value::Struct(BTreeMap::from([
        times("times10", 10)?,
        times("times100", 100)?,
        times("times1000", 1000)?,
    ])))
}

fn stooges(members: &BTreeMap<String, Value>) -> Result<i32, Fault> {
    ["moe", "larry", "curly"]
        .iter()
        .map(|name| integer(members, name))
        .sum()
}

fn integer(members: &BTreeMap<String, Value>, name: &str) -> Result<i32, Fault> {
    match members.get(name) {
        Some(Value::Integer(number)) => Ok(*number),
        _ => Err(wrong("structs whose members moe, larry and curly are ints")),
    }
}

fn structure(params: Vec<Value>) -> Result<BTreeMap<String, Value>, Fault> {
    match one(params)? {
        Value::Struct(members) => Ok(members),
        _ => Err(wrong("a struct")),
    }
}

fn array(params: Vec<Value>) -> Result<Vec<Value>, Fault> {
    match one(params)? {
        Value::Array(values) => Ok(values),
        _ => Err(wrong("an array")),
    }
}

fn text(value: Value) -> Result<String, Fault> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(wrong("a string")),
    }
}

fn one(params: Vec<Value>) -> Result<Value, Fault> {
    <[Value; 1]>::try_from(params)
        .map(|[value]| value)
        .map_err(|_| wrong("1 parameter"))
}

fn wrong(expected: &str) -> Fault {
    Fault::wrong_parameters(format!("expected {expected}"))
}
