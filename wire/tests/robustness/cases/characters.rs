//! Every Unicode character, and code points that are not characters.

use quorate_wire::Fault;

use crate::common::call;
use crate::endpoint::Process;
use crate::http::{Answer, Connection, kept};

fn say(connection: &mut Connection, headers: &str, body: impl AsRef<[u8]>) -> Answer {
    connection.write(kept(headers, body));
    let answer = connection.answer().expect("an answer");
    answer.is_status(200);
    assert!(answer.body.chars().all(is_xml), "{:?}", answer.body);
    answer
}

/// Whether XML 1.0 allows the character.
fn is_xml(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

/// The text that `echo` returns for this character.
fn echoed(character: char) -> String {
    match character {
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '&' => "&amp;".to_owned(),
        '\'' => "&apos;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\r' => "&#13;".to_owned(),
        character if is_xml(character) => character.to_string(),
        _ => '\u{FFFD}'.to_string(),
    }
}

pub(super) fn control(process: &Process) {
    let mut connection = process.connect();
    for character in (0..=0x9F)
        .filter_map(char::from_u32)
        .filter(|c| c.is_control())
    {
        let number = u32::from(character);
        // XML reads a carriage return as the end of a line.
        let raw = match character {
            '\r' => "\n".to_owned(),
            character => echoed(character),
        };
        let answer = say(&mut connection, "", call("echo", &format!("a{character}b")));
        answer.is_text(&format!("a{raw}b"));
        for reference in [format!("&#{number};"), format!("&#x{number:X};")] {
            let answer = say(&mut connection, "", call("echo", &reference));
            if number == 0 {
                answer.is_fault(Fault::PARSE);
            } else {
                answer.is_text(&echoed(character));
            }
        }
        // In a name, in a fault's message and between elements.
        say(&mut connection, "", call(&character.to_string(), "x"));
        let refused = say(
            &mut connection,
            "",
            call("refuse", &format!("a{character}b")),
        );
        assert!(
            refused.body.contains(&format!("a{raw}b")),
            "{}",
            refused.body
        );
        say(
            &mut connection,
            "",
            call("echo", "x").replace("><", &format!(">{character}<")),
        );
    }
}

/// Half surrogate pairs, in every way that they can be written.
pub(super) fn surrogates(process: &Process) {
    let mut connection = process.connect();
    for number in 0xD800_u16..=0xDFFF {
        for reference in [format!("&#{number};"), format!("&#x{number:x};")] {
            say(&mut connection, "", call("echo", &reference)).is_fault(Fault::PARSE);
        }
        let (before, after) = ("a".repeat(3), "b".repeat(3));
        let text = call("echo", &format!("{before}{after}"));
        let at = text.find(&after).unwrap();
        // As UTF-8 would encode it, which is forbidden, and alone in UTF-16.
        let [high, low] = number.to_be_bytes();
        let utf_8 = [0xED, 0x80 | (number >> 6 & 0x3F) as u8, 0x80 | low & 0x3F];
        let body = [&text.as_bytes()[..at], &utf_8, &text.as_bytes()[at..]].concat();
        say(&mut connection, "", body).is_fault(Fault::ENCODING);
        let wide = |text: &str| {
            text.encode_utf16()
                .flat_map(u16::to_be_bytes)
                .collect::<Vec<_>>()
        };
        let body = [wide(&text[..at]), vec![high, low], wide(&text[at..])].concat();
        say(&mut connection, "", body).is_fault(Fault::ENCODING);
    }
    // Two halves make a character only in UTF-16, not as two references.
    say(&mut connection, "", call("echo", "&#xD83D;&#xDE00;")).is_fault(Fault::PARSE);
}

/// All characters, literally and as references, in UTF-8 and in UTF-16.
pub(super) fn unicode(process: &Process) {
    let mut connection = process.connect();
    let all: Vec<char> = ('\u{1}'..=char::MAX).collect();
    for part in all.chunks(8192) {
        let expected: String = part.iter().map(|&character| echoed(character)).collect();
        let raw: String = part
            .iter()
            .map(|&character| match character {
                '\r' => "&#13;".to_owned(),
                '<' | '&' => echoed(character),
                character => character.to_string(),
            })
            .collect();
        let references: String = part
            .iter()
            .map(|&character| format!("&#{};", u32::from(character)))
            .collect();
        for text in [&raw, &references] {
            say(&mut connection, "", call("echo", text)).is_text(&expected);
        }
        let utf_16: Vec<u8> = call("echo", &raw)
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let header = "Content-Type: text/xml; charset=utf-16le\r\n";
        say(&mut connection, header, utf_16).is_text(&expected);
    }
}
