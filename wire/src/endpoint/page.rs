//! The page for browsers.

use std::fmt::Write;

use super::methods::Methods;
use crate::Fault;
use crate::xml::escape;

/// The methods and their help, and the fault codes, escaped.
pub(super) fn of(methods: &Methods) -> String {
    let mut page = String::from(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Quorate: XML-RPC</title></head>\n\
        <body><h1>XML-RPC methods</h1>\n<p>Call them with POST on <code>/RPC2</code>.</p>\n<dl>\n",
    );
    for name in methods.names() {
        let help = methods.help(name).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = writeln!(
            page,
            "<dt><code>{}</code></dt><dd>{}</dd>",
            escape(name),
            escape(&help)
        );
    }
    page.push_str("</dl>\n<h1>Fault codes</h1>\n<dl>\n");
    for code in Fault::CODES {
        let _ = writeln!(
            page,
            "<dt>{}</dt><dd>{}</dd>",
            code.number,
            escape(code.meaning)
        );
    }
    page.push_str("</dl></body></html>\n");
    page
}
