//! The modules of the page, by the names under which they import each other.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

/// Each module: its name, and its text.
const MODULES: [(&str, &str); 7] = [
    (
        "quorate/preact",
        include_str!("../assets/vendor/preact-htm.js"),
    ),
    ("quorate/trace", include_str!("../assets/trace.js")),
    ("quorate/words", include_str!("../assets/words.js")),
    ("quorate/why", include_str!("../assets/why.js")),
    ("quorate/space", include_str!("../assets/space.js")),
    ("quorate/panels", include_str!("../assets/panels.js")),
    ("quorate/main", include_str!("../assets/main.js")),
];

/// The import map of a page that has all modules in itself.
pub(crate) fn import_map() -> String {
    let imports: Map<String, Value> = MODULES
        .iter()
        .map(|(name, text)| {
            let url = format!(
                "data:text/javascript;base64,{}",
                BASE64_STANDARD.encode(text)
            );
            ((*name).to_owned(), Value::String(url))
        })
        .collect();
    json!({ "imports": imports }).to_string()
}
