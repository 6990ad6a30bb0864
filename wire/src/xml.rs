//! What dxr does not do to XML: decode and check it before it is parsed, and keep it legal when it is written.

use std::borrow::Cow;

use http::header::{CONTENT_TYPE, HeaderMap};
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::Fault;

/// How large a document's tree may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) depth: usize,
    pub(crate) elements: usize,
}

/// The text of a body. UTF-8 is understood, and whatever else is ASCII throughout.
///
/// `charset` is what the HTTP header said, if it did.
pub(crate) fn decode<'a>(body: &'a [u8], charset: Option<&str>) -> Result<&'a str, Fault> {
    if body.starts_with(&[0xFE, 0xFF]) || body.starts_with(&[0xFF, 0xFE]) || body.contains(&0) {
        return Err(Fault::encoding(
            "the body must be UTF-8, not UTF-16 or UTF-32",
        ));
    }
    if body.is_ascii() {
        return std::str::from_utf8(body).map_err(|_| Fault::encoding("the body is not UTF-8"));
    }
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let text = std::str::from_utf8(body).map_err(|error| {
        Fault::encoding(format!(
            "the body must be UTF-8; byte {} is not",
            error.valid_up_to()
        ))
    })?;
    let declared = charset
        .or_else(|| declared_encoding(text))
        .unwrap_or("utf-8");
    if declared.eq_ignore_ascii_case("utf-8") || declared.eq_ignore_ascii_case("utf8") {
        Ok(text)
    } else {
        Err(Fault::encoding(
            "the body must be UTF-8; it is declared to be in another encoding",
        ))
    }
}

/// The encoding that the XML declaration names.
fn declared_encoding(text: &str) -> Option<&str> {
    let declaration = text.strip_prefix("<?xml")?.split_once("?>")?.0;
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

/// Checks that the text is one well-formed document within bounds, with this root and without DOCTYPE.
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
            Event::CData(_) | Event::GeneralRef(_) if depth == 0 => return Err(malformed(at)),
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

/// Replaces what XML 1.0 forbids by U+FFFD, and writes carriage returns so that parsers keep them.
pub(crate) fn legal(xml: String) -> String {
    if !xml
        .bytes()
        .any(|byte| byte < b' ' && byte != b'\t' && byte != b'\n')
        && !xml.contains(['\u{FFFE}', '\u{FFFF}'])
    {
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

/// Text for an HTML or XML page.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    quick_xml::escape::escape(text)
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn utf_8_is_understood_and_other_encodings_are_only_as_far_as_they_are_ascii() {
        fn encoding<'a>(body: &'a [u8], charset: Option<&str>) -> Result<&'a str, i32> {
            decode(body, charset).map_err(|fault| fault.code())
        }
        assert_eq!(encoding("é".as_bytes(), None), Ok("é"));
        assert_eq!(encoding(b"\xEF\xBB\xBF\xC3\xA9", None), Ok("é"));
        assert_eq!(
            encoding(b"<?xml version='1.0' encoding='latin-1'?>", None).map(str::len),
            Ok(40)
        );
        assert_eq!(encoding(b"\xE9", None), Err(-32701));
        assert_eq!(encoding("é".as_bytes(), Some("iso-8859-1")), Err(-32701));
        assert_eq!(
            encoding("<?xml version='1.0' encoding='latin-1'?>é".as_bytes(), None),
            Err(-32701)
        );
        assert_eq!(encoding(b"\xFF\xFE<\0", None), Err(-32701));
    }

    #[test]
    fn forbidden_characters_are_replaced_and_carriage_returns_kept() {
        assert_eq!(
            legal("a\u{1}\tb\r\n\u{FFFF}é".into()),
            "a\u{FFFD}\tb&#13;\n\u{FFFD}é"
        );
    }
}
