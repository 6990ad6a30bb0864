//! The page: who agrees on what and why, forward and back. [`html`] is the page of one run, a file that needs no network, with the
//! trace inside, and [`story`] the same with a story about the run. [`live`] is the page of processes that run: whoever serves it
//! brings it the trace.
//!
//! Its code is in `assets/`: modules that a browser runs as they are.

pub mod live;
mod modules;
pub mod telling;

use std::io::{self, Write as _};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use quorate_trace::Trace;
use sha2::{Digest as _, Sha256};

use telling::Telling;

const TEMPLATE: &str = include_str!("../assets/index.html");
/// The only line of code that stands in the page itself.
const MAIN: &str = "import \"quorate/main\";";

/// The page of a trace, as the text of one file.
///
/// # Errors
/// The trace cannot be written as text.
pub fn html(trace: &Trace) -> io::Result<String> {
    file(&modules::import_map()?, trace, "")
}

/// The page of a trace with a story about it, as the text of one file. The reader sees the run as far as the story has come.
///
/// # Errors
/// The trace or the story cannot be written as text.
pub fn story(trace: &Trace, telling: &Telling) -> io::Result<String> {
    // No text ends the element that it stands in.
    let telling = serde_json::to_string(telling)?.replace('<', "\\u003c");
    file(&modules::import_map_with_stories()?, trace, &telling)
}

/// The page of a trace as one file.
fn file(modules: &str, trace: &Trace, telling: &str) -> io::Result<String> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    trace.write(&mut packed)?;
    packed.flush()?;
    let packed = BASE64_STANDARD.encode(packed.finish()?);
    // Its modules stand in it as data.
    page(modules, "data:", &packed, telling).map(|(page, _)| page)
}

/// The page, and what it may load and run: its own modules, which come from `sources`, and nothing from anywhere else.
fn page(modules: &str, sources: &str, trace: &str, telling: &str) -> io::Result<(String, String)> {
    let style = modules::style()?;
    let policy = format!(
        "default-src 'none'; script-src {} {} {sources}; style-src {}; img-src data:; base-uri 'none'; form-action 'none'",
        hash(modules),
        hash(MAIN),
        hash(&style)
    );
    let parts = [
        ("{{policy}}", policy.as_str()),
        ("{{style}}", &style),
        ("{{modules}}", modules),
        ("{{main}}", MAIN),
        ("{{trace}}", trace),
        ("{{telling}}", telling),
    ];
    let page = parts
        .into_iter()
        .fold(TEMPLATE.to_owned(), |page, (name, part)| {
            page.replacen(name, part, 1)
        });
    Ok((page, policy))
}

fn hash(text: &str) -> String {
    format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::num::NonZeroU32;

    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use flate2::read::GzDecoder;
    use quorate_protocol::{Quorum, ReplicaId};
    use quorate_trace::{Clock, Event, Header, Kind, Trace};

    use super::telling::{Step, Telling};
    use super::{html, story};

    fn trace() -> Trace {
        let quorum = Quorum::of(NonZeroU32::new(4).unwrap());
        let event = Event {
            p: ReplicaId(1).into(),
            what: Some("</script><b>{{main}}".into()),
            ..Event::new(Kind::Fault)
        };
        Trace {
            header: Header::new(quorum, Clock::Virtual, "simulate".into()),
            events: vec![event],
        }
    }

    #[test]
    fn the_trace_in_the_page_is_the_trace_whatever_it_says() {
        let page = html(&trace()).unwrap();
        assert!(!page.contains("{{") && !page.contains("<b>"), "{page}");
        let (_, rest) = page.split_once("id=\"trace\">").unwrap();
        let (packed, _) = rest.split_once("</script>").unwrap();
        let packed = BASE64_STANDARD.decode(packed).unwrap();
        let mut text = String::new();
        GzDecoder::new(&packed[..])
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(Trace::read(text.as_bytes()).unwrap(), trace());
    }

    #[test]
    fn a_story_stands_in_its_page_whatever_it_says() {
        let step = Step {
            title: "</script><b>".to_owned(),
            text: Vec::new(),
            place: 0,
            from: None,
            look: "space",
            process: None,
            slot: None,
            facts: Vec::new(),
            question: None,
            commands: Vec::new(),
        };
        let telling = Telling {
            title: "One".to_owned(),
            about: String::new(),
            steps: vec![step],
        };
        let page = story(&trace(), &telling).unwrap();
        assert!(!page.contains("{{") && !page.contains("<b>"), "{page}");
        let (_, rest) = page.split_once("id=\"telling\">").unwrap();
        let (text, _) = rest.split_once("</script>").unwrap();
        let read: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(read["steps"][0]["title"], "</script><b>");
        assert!(page.contains("quorate/story"));
        assert!(!html(&trace()).unwrap().contains("quorate/story"));
    }

    #[test]
    fn the_page_names_no_other_place() {
        let page = html(&trace()).unwrap();
        for scheme in ["http:", "https:", "//cdn", "src=", "@import"] {
            assert!(!page.contains(scheme), "{scheme}");
        }
    }
}
