//! The two ways in which callers write nil and i8. An answer is written as its call was.

/// The namespace of the types that Apache XML-RPC for Java adds. Documents choose their own prefix for it, most often
/// `ex`.
pub(crate) const EXTENSIONS: &str = "http://ws.apache.org/xmlrpc/namespaces/extensions";

/// How nil and i8 are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// `<nil/>` and `<i8>`, as most clients write them.
    #[default]
    Plain,
    /// In Apache's namespace. Apache's client reads them only there.
    Extensions,
}

/// Writes nil and i8 as the caller does. `xml` comes from dxr, so no tag has an attribute, and `<` in a text is
/// escaped.
pub(crate) fn spelt(xml: String, spelling: Spelling) -> String {
    if spelling == Spelling::Plain {
        return xml;
    }
    let root = format!("<methodResponse xmlns:ex=\"{EXTENSIONS}\">");
    let renamed = ["nil", "i8"].iter().fold(xml, |xml, name| {
        xml.replace(&format!("<{name}>"), &format!("<ex:{name}>"))
            .replace(&format!("</{name}>"), &format!("</ex:{name}>"))
    });
    renamed.replace("<methodResponse>", &root)
}
