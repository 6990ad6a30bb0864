//! Reads calls and answers. Their XML is known to be well-formed.
//!
//! dxr's own reader does not accept struct members without a name, nor the dates and booleans that many clients send.
//! It also does not say what it could not read.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use dxr::Value;
use quick_xml::NsReader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};

use crate::spelling::{EXTENSIONS, Spelling};
use crate::xml;

/// Base64 with or without padding. Surplus bits at the end may have any value.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What is wrong with a document. It never quotes the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    expected: &'static str,
    at: u64,
}

impl fmt::Display for Wrong {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "expected {} before byte {}",
            self.expected, self.at
        )
    }
}

/// The elements of XML-RPC.
const ELEMENTS: [&str; 21] = [
    "array",
    "base64",
    "boolean",
    "data",
    "dateTime.iso8601",
    "double",
    "fault",
    "i4",
    "i8",
    "int",
    "member",
    "methodCall",
    "methodName",
    "methodResponse",
    "name",
    "nil",
    "param",
    "params",
    "string",
    "struct",
    "value",
];

/// The types of the namespace [`EXTENSIONS`]. They are named with `ex:` here, whatever prefix the document uses.
const EXTENSION_TYPES: [&str; 10] = [
    "ex:bigdecimal",
    "ex:biginteger",
    "ex:dateTime",
    "ex:dom",
    "ex:float",
    "ex:i1",
    "ex:i2",
    "ex:i8",
    "ex:nil",
    "ex:serializable",
];
/// The name for elements that XML-RPC does not have, and for elements with an unbound prefix.
const UNKNOWN: &str = "";
const UNBOUND: &str = ":";

/// A call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    /// The method's name.
    pub(crate) name: String,
    pub(crate) params: Vec<Value>,
    /// How the caller writes nil and i8: with Apache's types if the call contains any of them.
    pub(crate) spelling: Spelling,
}

/// Reads a call.
pub(crate) fn call(text: &str) -> Result<Call, Wrong> {
    let mut document = Document::new(text);
    document.open("methodCall", "a methodCall")?;
    document.open("methodName", "a methodName")?;
    let name = document.text()?.trim().to_owned();
    let mut params = Vec::new();
    match document.child("params")? {
        None => return Ok(document.call(name, params)),
        Some("params") => {}
        Some(_) => return Err(document.wrong("params")),
    }
    while let Some(child) = document.child("a param")? {
        if child != "param" {
            return Err(document.wrong("a param"));
        }
        params.push(document.one_value()?);
    }
    document.close()?;
    Ok(document.call(name, params))
}

/// The value of an answer, or the value of its fault.
pub(crate) fn answer(text: &str) -> Result<Result<Value, Value>, Wrong> {
    let mut document = Document::new(text);
    document.open("methodResponse", "a methodResponse")?;
    match document.child("params or a fault")? {
        Some("fault") => document.one_value().map(Err),
        Some("params") => {
            document.open("param", "a param")?;
            let value = document.one_value()?;
            document.close()?;
            Ok(Ok(value))
        }
        _ => Err(document.wrong("params or a fault")),
    }
}

struct Document<'a> {
    reader: NsReader<&'a [u8]>,
    /// The text before the latest tag.
    text: String,
    spelling: Spelling,
}

impl<'a> Document<'a> {
    fn new(text: &'a str) -> Self {
        let mut reader = NsReader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Self {
            reader,
            text: String::new(),
            spelling: Spelling::Plain,
        }
    }

    fn call(&self, name: String, params: Vec<Value>) -> Call {
        Call {
            name,
            params,
            spelling: self.spelling,
        }
    }

    /// The content of an open `<value>`, up to its end.
    fn value(&mut self) -> Result<Value, Wrong> {
        let Some(kind) = self.tag()? else {
            return Ok(Value::String(std::mem::take(&mut self.text)));
        };
        self.must_be_blank("a value with one type")?;
        let value = match kind {
            "array" => Value::Array(self.array()?),
            "struct" => Value::Struct(self.members()?),
            "nil" => self.text().map(|_| Value::Nil)?,
            "string" => Value::String(self.text()?),
            "int" | "i4" => self.scalar("an int of 32 bits", |text| {
                text.parse().ok().map(Value::Integer)
            })?,
            "i8" => self.scalar("an i8", |text| text.parse().ok().map(Value::Long))?,
            "double" => self.scalar("a double", |text| text.parse().ok().map(Value::Double))?,
            "boolean" => self.scalar("a boolean, 0 or 1", boolean)?,
            "dateTime.iso8601" => self.scalar("a date such as 20260102T03:04:05", date)?,
            "base64" => self.scalar("base64", base64)?,
            extension if EXTENSION_TYPES.contains(&extension) => self.extension(extension)?,
            UNBOUND => return Err(self.wrong("a type whose prefix is bound to a namespace")),
            _ => return Err(self.wrong("a type")),
        };
        self.close()?;
        Ok(value)
    }

    /// The content of an open element of Apache's namespace.
    fn extension(&mut self, kind: &str) -> Result<Value, Wrong> {
        self.spelling = Spelling::Extensions;
        match kind {
            "ex:nil" => self.text().map(|_| Value::Nil),
            "ex:i1" => self.scalar("an i1 of 8 bits", |text| {
                text.parse::<i8>()
                    .ok()
                    .map(|one| Value::Integer(one.into()))
            }),
            "ex:i2" => self.scalar("an i2 of 16 bits", |text| {
                text.parse::<i16>()
                    .ok()
                    .map(|one| Value::Integer(one.into()))
            }),
            "ex:i8" => self.scalar("an i8", |text| text.parse().ok().map(Value::Long)),
            "ex:biginteger" => self.scalar("a biginteger of at most 64 bits", |text| {
                text.parse().ok().map(Value::Long)
            }),
            "ex:float" => self.scalar("a float", |text| text.parse().ok().map(Value::Double)),
            "ex:dateTime" => self.scalar("a date in UTC such as 2026-01-02T03:04:05Z", date),
            // A decimal may have more digits than any value here, and this program does not use Java's objects or XML
            // values.
            _ => Err(self.wrong("a type other than bigdecimal, dom and serializable")),
        }
    }

    fn scalar(
        &mut self,
        expected: &'static str,
        read: impl FnOnce(&str) -> Option<Value>,
    ) -> Result<Value, Wrong> {
        let text = self.text()?;
        read(text.trim()).ok_or_else(|| self.wrong(expected))
    }

    /// The values of an open array, up to its end.
    fn array(&mut self) -> Result<Vec<Value>, Wrong> {
        let mut values = Vec::new();
        match self.child("data")? {
            None => return Ok(values),
            Some("data") => {}
            Some(_) => return Err(self.wrong("data")),
        }
        while let Some(child) = self.child("a value")? {
            if child != "value" {
                return Err(self.wrong("a value"));
            }
            values.push(self.value()?);
        }
        self.close()?;
        Ok(values)
    }

    /// The members of an open struct, up to its end.
    fn members(&mut self) -> Result<BTreeMap<String, Value>, Wrong> {
        let mut members = BTreeMap::new();
        while let Some(child) = self.child("a member")? {
            if child != "member" {
                return Err(self.wrong("a member"));
            }
            let (mut name, mut value) = (None, None);
            while let Some(child) = self.child("a name and a value")? {
                match child {
                    "name" => name = Some(self.text()?),
                    "value" => value = Some(self.value()?),
                    _ => return Err(self.wrong("a name and a value")),
                }
            }
            match (name, value) {
                (Some(name), Some(value)) => members.insert(name, value),
                _ => return Err(self.wrong("a name and a value")),
            };
        }
        Ok(members)
    }

    /// The single value in an open element.
    fn one_value(&mut self) -> Result<Value, Wrong> {
        self.open("value", "a value")?;
        let value = self.value()?;
        self.close()?;
        Ok(value)
    }

    /// The text of an open element that contains nothing else.
    fn text(&mut self) -> Result<String, Wrong> {
        match self.tag()? {
            None => Ok(std::mem::take(&mut self.text)),
            Some(_) => Err(self.wrong("text")),
        }
    }

    fn open(&mut self, name: &str, expected: &'static str) -> Result<(), Wrong> {
        match self.child(expected)? {
            Some(child) if child == name => Ok(()),
            _ => Err(self.wrong(expected)),
        }
    }

    fn close(&mut self) -> Result<(), Wrong> {
        match self.child("the end of an element")? {
            None => Ok(()),
            Some(_) => Err(self.wrong("the end of an element")),
        }
    }

    /// The next element inside the open one, or `None` at the end of the open one.
    fn child(&mut self, expected: &'static str) -> Result<Option<&'static str>, Wrong> {
        let tag = self.tag()?;
        self.must_be_blank(expected)?;
        Ok(tag)
    }

    /// Reads up to the next tag. Returns the name of the element that it opens (see [`Self::name`]), or `None` if it
    /// closes one.
    fn tag(&mut self) -> Result<Option<&'static str>, Wrong> {
        self.text.clear();
        loop {
            let event = self
                .reader
                .read_event()
                .map_err(|_| self.wrong("well-formed XML"))?;
            match event {
                Event::Start(tag) => return Ok(Some(self.name(&tag))),
                Event::End(_) => return Ok(None),
                Event::Text(text) => self.text.push_str(&text.xml10_content()),
                Event::CData(text) => self.text.push_str(&text.xml10_content()),
                Event::GeneralRef(reference) => match xml::resolve(&reference) {
                    Some(text) => self.text.push_str(&text),
                    None => return Err(self.wrong("a reference that XML has")),
                },
                Event::Eof => return Err(self.wrong("the end of an element")),
                _ => {}
            }
        }
    }

    /// The name of an element: one of XML-RPC's, one of [`EXTENSION_TYPES`], or [`UNKNOWN`].
    fn name(&self, tag: &BytesStart<'_>) -> &'static str {
        let name = tag.name();
        if let Some(known) = ELEMENTS.iter().find(|known| **known == name.as_ref()) {
            return known;
        }
        let (namespace, local) = self.reader.resolver().resolve_element(name);
        match namespace {
            ResolveResult::Bound(Namespace(EXTENSIONS)) => {
                let has_name = |known: &&&str| known.strip_prefix("ex:") == Some(local.as_ref());
                EXTENSION_TYPES
                    .iter()
                    .find(has_name)
                    .copied()
                    .unwrap_or(UNKNOWN)
            }
            ResolveResult::Unknown(_) => UNBOUND,
            ResolveResult::Bound(_) | ResolveResult::Unbound => UNKNOWN,
        }
    }

    fn must_be_blank(&self, expected: &'static str) -> Result<(), Wrong> {
        if self.text.trim().is_empty() {
            Ok(())
        } else {
            Err(self.wrong(expected))
        }
    }

    fn wrong(&self, expected: &'static str) -> Wrong {
        Wrong {
            expected,
            at: self.reader.buffer_position(),
        }
    }
}

fn boolean(text: &str) -> Option<Value> {
    match text {
        "1" | "true" => Some(Value::Boolean(true)),
        "0" | "false" => Some(Value::Boolean(false)),
        _ => None,
    }
}

/// A date with or without separators. The type has no fractions of a second and no time zone: fractions are dropped,
/// and the only accepted zone is UTC.
fn date(text: &str) -> Option<Value> {
    let (day, time) = text.split_once('T')?;
    let time = ["Z", "+00:00", "+0000"]
        .iter()
        .find_map(|utc| time.strip_suffix(utc))
        .unwrap_or(time);
    let time = time.split_once('.').map_or(time, |(seconds, _)| seconds);
    let day = day.replace('-', "");
    let time = time.replace(':', "");
    let (hours, minutes, seconds) = (time.get(..2)?, time.get(2..4)?, time.get(4..)?);
    format!("{day}T{hours}:{minutes}:{seconds}")
        .parse()
        .ok()
        .map(Value::DateTime)
}

fn base64(text: &str) -> Option<Value> {
    let text: String = text.split_ascii_whitespace().collect();
    BASE64.decode(text).ok().map(Value::Base64)
}

#[cfg(test)]
mod tests {
    use dxr::Value;

    use super::{Call, answer, call};
    use crate::spelling::{EXTENSIONS, Spelling};

    fn plain(name: &str, params: Vec<Value>) -> Call {
        Call {
            name: name.to_owned(),
            params,
            spelling: Spelling::Plain,
        }
    }

    /// The value in a call with one parameter.
    fn value(xml: &str) -> Option<Value> {
        let text = format!(
            "<methodCall><methodName>m</methodName><params><param><value>{xml}</value></param></params></methodCall>"
        );
        call(&text).ok().and_then(|mut call| call.params.pop())
    }

    #[test]
    fn calls_have_a_name_and_as_many_parameters_as_they_like() {
        let nothing = Ok(plain("a.b", vec![]));
        for text in [
            "<?xml version='1.0'?>\n<methodCall>\n <methodName> a.b\n</methodName>\n</methodCall>\n",
            "<methodCall><methodName>a.b</methodName><params/></methodCall>",
            "<methodCall><!-- c --><methodName>a.b</methodName><params>\n</params></methodCall>",
        ] {
            assert_eq!(call(text), nothing, "{text}");
        }
        let two = "<methodCall><methodName>m</methodName><params><param><value>1</value></param>\n\
            <param>\n<value>\n<i4>2</i4>\n</value></param></params></methodCall>";
        let params = vec![Value::String("1".into()), Value::Integer(2)];
        assert_eq!(call(two), Ok(plain("m", params)));
    }

    #[test]
    fn a_document_that_is_not_a_call_is_refused_with_what_was_expected() {
        for (text, expected) in [
            (
                "<methodCall><params/></methodCall>",
                "expected a methodName before byte 21",
            ),
            (
                "<methodCall><methodName>m</methodName><x/></methodCall>",
                "expected params before byte 42",
            ),
            (
                "<methodCall><methodName>m</methodName><params><value/></params></methodCall>",
                "expected a param before byte 54",
            ),
            (
                "<methodCall><methodName>m</methodName><params><param/></params></methodCall>",
                "expected a value before byte 54",
            ),
        ] {
            assert_eq!(
                call(text).map_err(|wrong| wrong.to_string()),
                Err(expected.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn texts_keep_their_white_space() {
        for (xml, text) in [
            ("", ""),
            (" ", " "),
            (" a\r\nb\n", " a\nb\n"),
            ("<string/>", ""),
            ("<string> </string>", " "),
            (
                "<string>&lt;&#13;<![CDATA[<&]]>&#x1F600;</string>",
                "<\r<&\u{1F600}",
            ),
        ] {
            assert_eq!(value(xml), Some(Value::String(text.into())), "{xml}");
        }
        assert_eq!(value("<string>&nbsp;</string>"), None);
        assert_eq!(value("a<string>b</string>"), None);
    }

    #[test]
    fn members_have_any_name_in_any_order_of_their_parts() {
        let xml = "<struct>\n<member><name></name><value>1</value></member>\n\
            <member><value><int>2</int></value><name> </name></member></struct>";
        let Some(Value::Struct(members)) = value(xml) else {
            panic!("no struct");
        };
        assert_eq!(members[""], Value::String("1".into()));
        assert_eq!(members[" "], Value::Integer(2));
        assert_eq!(
            value("<struct><member><name>a</name></member></struct>"),
            None
        );
        assert_eq!(
            value("<struct><member><value>a</value></member></struct>"),
            None
        );
    }

    #[test]
    fn arrays_may_be_empty_or_nested() {
        for xml in [
            "<array/>",
            "<array><data/></array>",
            "<array>\n<data>\n</data>\n</array>",
        ] {
            assert_eq!(value(xml), Some(Value::Array(vec![])), "{xml}");
        }
        assert_eq!(
            value("<array><data><value><array/></value>\n<value/></data></array>"),
            Some(Value::Array(vec![
                Value::Array(vec![]),
                Value::String(String::new())
            ]))
        );
        assert_eq!(value("<array><data><int>1</int></data></array>"), None);
        assert_eq!(value("<array><value/></array>"), None);
    }

    #[test]
    fn dates_have_separators_or_none() {
        let date = "20260228T23:59:58".parse().ok().map(Value::DateTime);
        assert!(date.is_some());
        for text in [
            "20260228T23:59:58",
            " 20260228T235958\n",
            "2026-02-28T23:59:58",
            "2026-02-28T23:59:58.123Z",
            "20260228T23:59:58Z",
            "20260228T235958.000+0000",
            "2026-02-28T23:59:58+00:00",
        ] {
            let xml = format!("<dateTime.iso8601>{text}</dateTime.iso8601>");
            assert_eq!(value(&xml), date, "{text}");
        }
        for text in [
            "",
            "T",
            "20260228",
            "20260229T23:59:58",
            "20260228T2359",
            "20260228T23:59:58+0100",
            "20260228Té3:59:58",
        ] {
            let xml = format!("<dateTime.iso8601>{text}</dateTime.iso8601>");
            assert_eq!(value(&xml), None, "{text}");
        }
    }

    #[test]
    fn scalars_may_be_padded_and_booleans_words() {
        for (xml, expected) in [
            ("<boolean> 1 </boolean>", Value::Boolean(true)),
            ("<boolean>false</boolean>", Value::Boolean(false)),
            ("<int> +7\n</int>", Value::Integer(7)),
            ("<i4>-2147483648</i4>", Value::Integer(i32::MIN)),
            ("<i8>2147483648</i8>", Value::Long(2_147_483_648)),
            ("<double> -1e-3 </double>", Value::Double(-0.001)),
            ("<nil/>", Value::Nil),
            ("<base64>AAE</base64>", Value::Base64(vec![0, 1])),
            ("<base64>\nAA\nE=\n</base64>", Value::Base64(vec![0, 1])),
            ("<base64/>", Value::Base64(vec![])),
        ] {
            assert_eq!(value(xml), Some(expected), "{xml}");
        }
        for xml in [
            "<boolean>2</boolean>",
            "<int/>",
            "<int>2147483648</int>",
            "<int>1.0</int>",
            "<double>x</double>",
            "<base64>*</base64>",
            "<int>1<x/></int>",
            "<int>1</int><int>2</int>",
            "<word>1</word>",
        ] {
            assert_eq!(value(xml), None, "{xml}");
        }
    }

    /// A call with one parameter. `prefix` is bound to Apache's namespace.
    fn extended(prefix: &str, xml: &str) -> Result<Call, String> {
        let text = format!(
            "<methodCall xmlns:{prefix}=\"{EXTENSIONS}\"><methodName>m</methodName><params><param><value>{xml}</value>\
             </param></params></methodCall>"
        );
        call(&text).map_err(|wrong| wrong.to_string())
    }

    #[test]
    fn apaches_types_are_read_under_any_prefix_bound_to_their_namespace() {
        let date = "20260228T23:59:58".parse().ok().map(Value::DateTime);
        for (kind, text, expected) in [
            ("nil", "", Value::Nil),
            ("i1", "-128", Value::Integer(-128)),
            ("i2", " 32767 ", Value::Integer(32_767)),
            ("i8", "-9223372036854775808", Value::Long(i64::MIN)),
            ("biginteger", "4294967296", Value::Long(4_294_967_296)),
            ("float", "1.5E-3", Value::Double(0.0015)),
            (
                "dateTime",
                "2026-02-28T23:59:58.000Z",
                date.expect("it is one"),
            ),
        ] {
            for prefix in ["ex", "a", "nil"] {
                let xml = format!("<{prefix}:{kind}>{text}</{prefix}:{kind}>");
                let read = extended(prefix, &xml).expect("it is a call");
                assert_eq!(read.params, std::slice::from_ref(&expected), "{xml}");
                assert_eq!(read.spelling, Spelling::Extensions, "{xml}");
            }
        }
        let here =
            format!("<array><data><value><nil xmlns='{EXTENSIONS}'/></value></data></array>");
        assert_eq!(value(&here), Some(Value::Array(vec![Value::Nil])));
        assert_eq!(
            value(&format!("<x:i1 xmlns:x='{EXTENSIONS}'>7</x:i1>")),
            Some(Value::Integer(7))
        );
        let plain = extended("ex", "<i8>1</i8>").expect("it is a call");
        assert_eq!(plain.spelling, Spelling::Plain);
    }

    #[test]
    fn apaches_types_without_a_counterpart_are_refused_by_name() {
        let unread = "expected a type other than bigdecimal, dom and serializable";
        for (xml, expected) in [
            ("<ex:bigdecimal>1.5</ex:bigdecimal>", unread),
            ("<ex:dom><a/></ex:dom>", unread),
            ("<ex:serializable>AAAA</ex:serializable>", unread),
            ("<ex:i1>128</ex:i1>", "expected an i1 of 8 bits"),
            ("<ex:i2>32768</ex:i2>", "expected an i2 of 16 bits"),
            (
                "<ex:biginteger>9223372036854775808</ex:biginteger>",
                "expected a biginteger of at most 64 bits",
            ),
            (
                "<ex:dateTime>2026-02-28T23:59:58+01:00</ex:dateTime>",
                "expected a date in UTC",
            ),
            ("<ex:i4>1</ex:i4>", "expected a type before"),
            ("<ey:i8>1</ey:i8>", "expected a type whose prefix is bound"),
            (
                "<ey:i8 xmlns:ey='urn:x'>1</ey:i8>",
                "expected a type before",
            ),
        ] {
            let error = extended("ex", xml).expect_err(xml);
            assert!(error.contains(expected), "{xml}: {error}");
        }
    }

    #[test]
    fn answers_have_one_value_or_a_fault() {
        assert_eq!(
            answer(
                "<methodResponse><params><param><value>a</value></param></params></methodResponse>"
            ),
            Ok(Ok(Value::String("a".into())))
        );
        assert_eq!(
            answer("<methodResponse>\n<fault>\n<value>a</value></fault></methodResponse>"),
            Ok(Err(Value::String("a".into())))
        );
        for wrong in [
            "<methodResponse/>",
            "<methodResponse><params/></methodResponse>",
            "<methodResponse><fault/></methodResponse>",
            "<methodResponse><params><param><value/></param><param><value/></param></params></methodResponse>",
        ] {
            assert!(answer(wrong).is_err(), "{wrong}");
        }
    }
}
