//! The modules of the page, by the names under which they import each other, and its styles. All are packed (`build.rs`).

use std::io::{self, Read as _};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::read::GzDecoder;
use serde_json::{Map, Value, json};

/// A file of the page.
pub(crate) struct Asset {
    /// The name under which others import it.
    name: &'static str,
    /// Its path where it is served.
    pub(crate) path: &'static str,
    /// Its text, packed with gzip.
    pub(crate) packed: &'static [u8],
}

/// `module!("quorate/trace", "trace.js")`
macro_rules! module {
    ($name:literal, $file:literal) => {
        Asset {
            name: $name,
            path: concat!("/", $file),
            packed: include_bytes!(concat!(env!("OUT_DIR"), "/", $file, ".gz")),
        }
    };
}

pub(crate) const MODULES: [Asset; 18] = [
    module!("quorate/preact", "preact-htm.js"),
    module!("quorate/uplot", "uPlot.iife.min.js"),
    module!("quorate/trace", "trace.js"),
    module!("quorate/words", "words.js"),
    module!("quorate/why", "why.js"),
    module!("quorate/lies", "lies.js"),
    module!("quorate/quorums", "quorums.js"),
    module!("quorate/space", "space.js"),
    module!("quorate/counts", "counts.js"),
    module!("quorate/charts", "charts.js"),
    module!("quorate/marks", "marks.js"),
    module!("quorate/size", "size.js"),
    module!("quorate/command", "command.js"),
    module!("quorate/branch", "branch.js"),
    module!("quorate/panels", "panels.js"),
    module!("quorate/live", "live.js"),
    module!("quorate/switches", "switches.js"),
    module!("quorate/main", "main.js"),
];
const STYLES: [Asset; 2] = [module!("", "uPlot.min.css"), module!("", "style.css")];
/// What a page with a story has beside them.
const STORY: Asset = module!("quorate/story", "story.js");

/// The import map of a page that has all modules in itself.
pub(crate) fn import_map() -> io::Result<String> {
    map(&MODULES, Asset::data)
}

/// The import map of a page with a story, that has all modules in itself.
pub(crate) fn import_map_with_stories() -> io::Result<String> {
    map(MODULES.iter().chain([&STORY]), Asset::data)
}

/// The import map of a page whose modules are served beside it.
pub(crate) fn import_map_of_paths() -> io::Result<String> {
    map(&MODULES, |module| Ok(module.path.to_owned()))
}

pub(crate) fn style() -> io::Result<String> {
    STYLES.iter().map(Asset::text).collect()
}

fn map<'a>(
    modules: impl IntoIterator<Item = &'a Asset>,
    url: impl Fn(&Asset) -> io::Result<String>,
) -> io::Result<String> {
    let imports = modules
        .into_iter()
        .map(|module| Ok((module.name.to_owned(), Value::String(url(module)?))));
    let imports: Map<String, Value> = imports.collect::<io::Result<_>>()?;
    Ok(json!({ "imports": imports }).to_string())
}

impl Asset {
    /// Its text as an address.
    fn data(&self) -> io::Result<String> {
        let text = BASE64_STANDARD.encode(self.text()?);
        Ok(format!("data:text/javascript;base64,{text}"))
    }

    fn text(&self) -> io::Result<String> {
        let mut text = String::new();
        GzDecoder::new(self.packed).read_to_string(&mut text)?;
        Ok(text)
    }
}
