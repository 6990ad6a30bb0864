//! What dxr does not do: decode XML and check it before it is parsed, and write only legal characters.

use std::borrow::Cow;

use encoding_rs::mem::decode_latin1;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use http::header::{CONTENT_TYPE, HeaderMap};
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, Event};

use crate::Fault;

/// The limits of a document's tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) depth: usize,
    pub(crate) elements: usize,
}

/// The supported encodings, for fault messages.
const ENCODINGS: &str = "use UTF-8, UTF-16, ISO-8859-1 or US-ASCII";
/// The names of ISO-8859-1. Browsers read them as windows-1252, in which some bytes are other characters.
const LATIN_1: [&str; 6] = [
    "iso-8859-1",
    "iso8859-1",
    "iso_8859-1",
    "latin1",
    "latin-1",
    "l1",
];

/// The text of a body in UTF-8, UTF-16, ISO-8859-1 or US-ASCII. A body that is pure ASCII is read whatever encoding it
/// declares.
///
/// `charset` comes from the HTTP header, if it has one. A byte order mark overrides it, and it overrides the XML
/// declaration.
pub(crate) fn decode<'a>(body: &'a [u8], charset: Option<&str>) -> Result<Cow<'a, str>, Fault> {
    let unicode = match body {
        [0, 0, ..] | [0xFF, 0xFE, 0, 0, ..] | [b'<', 0, 0, ..] => {
            return Err(Fault::encoding(format!("UTF-32 is not read; {ENCODINGS}")));
        }
        [0xEF, 0xBB, 0xBF, text @ ..] => Some((UTF_8, text)),
        [0xFE, 0xFF, text @ ..] => Some((UTF_16BE, text)),
        [0xFF, 0xFE, text @ ..] => Some((UTF_16LE, text)),
        [0, b'<', ..] => Some((UTF_16BE, body)),
        [b'<', 0, ..] => Some((UTF_16LE, body)),
        _ if body.is_ascii() => Some((UTF_8, body)),
        _ => match charset.or_else(|| declared_encoding(body)) {
            None => Some((UTF_8, body)),
            Some(name) if LATIN_1.iter().any(|latin| latin.eq_ignore_ascii_case(name)) => None,
            // Browsers, whose names these are, have characters beyond ASCII in US-ASCII.
            Some(name) => match Encoding::for_label(name.as_bytes()) {
                Some(found) if [UTF_8, UTF_16BE, UTF_16LE].contains(&found) => Some((found, body)),
                _ => {
                    return Err(Fault::encoding(format!(
                        "the body is in another encoding; {ENCODINGS}"
                    )));
                }
            },
        },
    };
    let Some((encoding, text)) = unicode else {
        return Ok(decode_latin1(body));
    };
    encoding
        .decode_without_bom_handling_and_without_replacement(text)
        .ok_or_else(|| {
            let at = match std::str::from_utf8(text) {
                Err(error) if encoding == UTF_8 => {
                    format!(": byte {} is wrong", error.valid_up_to())
                }
                _ => String::new(),
            };
            Fault::encoding(format!(
                "the body is taken for {} and is not{at}",
                encoding.name()
            ))
        })
}

/// The encoding that the XML declaration names, if the body's ASCII characters are plain bytes.
fn declared_encoding(body: &[u8]) -> Option<&str> {
    let ascii = body.split(|byte| !byte.is_ascii()).next()?;
    let declaration = std::str::from_utf8(ascii)
        .ok()?
        .strip_prefix("<?xml")?
        .split_once("?>")?
        .0;
    let value = declaration
        .split_once("encoding")?
        .1
        .trim_start()
        .strip_prefix('=')?
        .trim_start();
    let quote = value
        .chars()
        .next()
        .filter(|quote| matches!(quote, '"' | '\''))?;
    value.get(1..)?.split_once(quote).map(|(name, _)| name)
}

/// The charset that a Content-Type names.
pub(crate) fn charset(headers: &HeaderMap) -> Option<&str> {
    let parameters = headers.get(CONTENT_TYPE)?.to_str().ok()?.split(';').skip(1);
    parameters
        .filter_map(|parameter| parameter.split_once('='))
        .find_map(|(name, value)| {
            name.trim()
                .eq_ignore_ascii_case("charset")
                .then(|| value.trim().trim_matches(['"', '\'']))
        })
}

/// Checks that the text is a single well-formed document within the limits, with this root and without DOCTYPE.
pub(crate) fn check(text: &str, root: &str, bounds: Bounds) -> Result<(), Fault> {
    let mut reader = Reader::from_str(text);
    let (mut depth, mut elements) = (0_usize, 0_usize);
    loop {
        let at = reader.buffer_position();
        let event = reader
            .read_event()
            .map_err(|_| malformed(reader.error_position()))?;
        match event {
            Event::Start(ref tag) | Event::Empty(ref tag) => {
                if depth == 0 && elements > 0 {
                    return Err(Fault::parse(format!("a second root element at byte {at}")));
                }
                if elements == 0 && tag.name().as_ref() != root {
                    return Err(Fault::not_xml_rpc(format!(
                        "the root element must be {root}"
                    )));
                }
                elements += 1;
                if elements > bounds.elements {
                    return Err(Fault::not_xml_rpc(format!(
                        "more than {} elements",
                        bounds.elements
                    )));
                }
                if depth >= bounds.depth {
                    return Err(Fault::not_xml_rpc(format!(
                        "elements nested deeper than {}",
                        bounds.depth
                    )));
                }
                depth += usize::from(matches!(event, Event::Start(_)));
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Text(text)
                if depth == 0 && !text.bytes().all(|byte| byte.is_ascii_whitespace()) =>
            {
                return Err(malformed(at));
            }
            Event::CData(_) if depth == 0 => return Err(malformed(at)),
            Event::GeneralRef(ref reference) if depth == 0 || resolve(reference).is_none() => {
                return Err(malformed(at));
            }
            Event::DocType(_) => return Err(Fault::parse("a DOCTYPE is not accepted")),
            Event::Eof if depth > 0 => {
                return Err(Fault::parse(format!(
                    "the document ends at byte {at} with an element still open"
                )));
            }
            Event::Eof if elements == 0 => return Err(Fault::parse("the document is empty")),
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

fn malformed(at: u64) -> Fault {
    Fault::parse(format!(
        "not well-formed XML at byte {at}; the body must be an XML-RPC document"
    ))
}

/// The text of a reference. `None` if XML without a DOCTYPE does not have this reference.
pub(crate) fn resolve(reference: &BytesRef<'_>) -> Option<Cow<'static, str>> {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => Some(character.to_string().into()),
        Ok(None) => resolve_predefined_entity(reference).map(Cow::Borrowed),
        Err(_) => None,
    }
}

/// Replaces characters that XML 1.0 forbids by U+FFFD. Writes carriage returns so that parsers keep them.
pub(crate) fn legal(xml: String) -> String {
    // Most answers need no change. One look at each byte finds them: nothing forbidden, and nothing that begins like
    // U+FFFE and U+FFFF.
    let plain = |byte| (byte >= b' ' && byte != 0xEF) || byte == b'\t' || byte == b'\n';
    if xml.bytes().all(plain) {
        return xml;
    }
    let mut clean = String::with_capacity(xml.len() + 16);
    for character in xml.chars() {
        match character {
            '\r' => clean.push_str("&#13;"),
            '\t' | '\n' => clean.push(character),
            '\0'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => clean.push('\u{FFFD}'),
            _ => clean.push(character),
        }
    }
    clean
}

/// Escapes text for an HTML or XML page.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    quick_xml::escape::escape(text)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::{Bounds, check, decode, legal};

    const BOUNDS: Bounds = Bounds {
        depth: 4,
        elements: 6,
    };

    fn code(text: &str) -> i32 {
        check(text, "a", BOUNDS).map_or_else(|fault| fault.code(), |()| 0)
    }

    #[test]
    fn only_one_well_formed_document_within_bounds_passes() {
        assert_eq!(
            code("<?xml version='1.0'?>\n<a><b/><b>x &amp; y</b></a>\n"),
            0
        );
        assert_eq!(code("<a><b><c><d/></c></b></a>"), 0);
        assert_eq!(code("<a><b><c><d><e/></d></c></b></a>"), -32600);
        assert_eq!(code("<a><b/><b/><b/><b/><b/><b/></a>"), -32600);
        assert_eq!(code("<x/>"), -32600);
        for wrong in [
            "",
            "  ",
            "hello",
            "<a>",
            "<a></b>",
            "<a/><a/>",
            "<a/>x",
            "<!DOCTYPE a><a/>",
            "</a>",
            "<a",
            "<a/>&amp;",
        ] {
            assert_eq!(code(wrong), -32700, "{wrong}");
        }
    }

    fn encoding(body: &[u8], charset: Option<&str>) -> Result<String, i32> {
        decode(body, charset)
            .map(Cow::into_owned)
            .map_err(|fault| fault.code())
    }

    #[test]
    fn point_2_bodies_are_utf_8_utf_16_latin_1_or_ascii_by_declaration_or_mark() {
        let text = "<?xml version='1.0' encoding='ISO-8859-1'?><a>\u{80}é\u{FF}</a>";
        let latin_1: Vec<u8> = text
            .chars()
            .map(|character| u8::try_from(u32::from(character)).expect("Latin-1"))
            .collect();
        assert_eq!(encoding(&latin_1, None), Ok(text.to_owned()));
        assert_eq!(encoding(b"\xE9", Some("Latin1")), Ok("é".to_owned()));
        assert_eq!(encoding("é".as_bytes(), Some("utf8")), Ok("é".to_owned()));
        // The header overrides the declaration, and a byte order mark overrides both.
        assert_eq!(
            encoding(text.as_bytes(), Some("utf-8")),
            Ok(text.to_owned())
        );
        let marked = [b"\xEF\xBB\xBF", text.as_bytes()].concat();
        assert_eq!(encoding(&marked, Some("latin-1")), Ok(text.to_owned()));

        let text = "<a>é\u{1F600}</a>";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (mark, body) in [(b"\xFF\xFE", &little), (b"\xFE\xFF", &big)] {
            let marked = [mark.as_slice(), body].concat();
            for charset in [None, Some("utf-16"), Some("utf-8")] {
                assert_eq!(encoding(&marked, charset), Ok(text.to_owned()));
                assert_eq!(encoding(body, charset), Ok(text.to_owned()));
            }
        }
        assert_eq!(encoding(b"<a/>", Some("koi8-r")), Ok("<a/>".to_owned()));
    }

    #[test]
    fn point_5_a_body_that_is_not_in_its_encoding_is_fault_32701() {
        let lone_surrogate = b"\xFF\xFE<\0a\0>\0\0\xD8<\0/\0a\0>\0";
        for (body, charset) in [
            (b"\xE9".as_slice(), None),
            (b"\xED\xA0\x80", None),
            (b"\xC3\xA9", Some("us-ascii")),
            (b"\xC3\xA9", Some("koi8-r")),
            (b"\xC3\xA9", Some("windows-1252")),
            (b"\xFF\xFE\0\0<\0\0\0", None),
            (b"<\0\0\0", None),
            (b"\0\0\0<", None),
            (b"\xFF\xFE<", None),
            (lone_surrogate, None),
        ] {
            assert_eq!(encoding(body, charset), Err(-32701), "{body:?}");
        }
    }

    #[test]
    fn point_5_undefined_references_are_not_well_formed() {
        for wrong in ["&nbsp;", "&#xD800;", "&#0;", "&#x110000;", "&#;", "&a", "&"] {
            assert_eq!(code(&format!("<a>{wrong}</a>")), -32700, "{wrong}");
        }
        assert_eq!(code("<a>&lt;&gt;&amp;&apos;&quot;&#65;&#x1F600;</a>"), 0);
    }

    #[test]
    fn forbidden_characters_are_replaced_and_carriage_returns_kept() {
        assert_eq!(
            legal("a\u{1}\tb\r\n\u{FFFF}é".into()),
            "a\u{FFFD}\tb&#13;\n\u{FFFD}é"
        );
    }
}
