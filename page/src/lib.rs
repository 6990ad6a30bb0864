//! The page of one run: who agrees on what and why, forward and back. It is one file that needs no network, with the trace inside.
//!
//! Its code is in `assets/`: modules that a browser runs as they are. [`html`] puts them, their styles and the trace into one text.

mod modules;

use std::io::{self, Write as _};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use quorate_trace::Trace;
use sha2::{Digest as _, Sha256};

const TEMPLATE: &str = include_str!("../assets/index.html");
const STYLE: &str = include_str!("../assets/style.css");
/// The only line of code that stands in the page itself.
const MAIN: &str = "import \"quorate/main\";";

/// The page of a trace, as the text of one file.
///
/// # Errors
/// The trace cannot be written as text.
pub fn html(trace: &Trace) -> io::Result<String> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    trace.write(&mut packed)?;
    packed.flush()?;
    let packed = BASE64_STANDARD.encode(packed.finish()?);
    let modules = modules::import_map();
    let parts = [
        ("{{policy}}", policy(&modules)),
        ("{{style}}", STYLE.to_owned()),
        ("{{modules}}", modules),
        ("{{main}}", MAIN.to_owned()),
        ("{{trace}}", packed),
    ];
    Ok(parts
        .into_iter()
        .fold(TEMPLATE.to_owned(), |page, (name, part)| {
            page.replacen(name, &part, 1)
        }))
}

/// What the page may load and run: its own modules, which stand in it as data, and nothing from anywhere else.
fn policy(modules: &str) -> String {
    format!(
        "default-src 'none'; script-src {} {} data:; style-src {}; img-src data:; base-uri 'none'; form-action 'none'",
        hash(modules),
        hash(MAIN),
        hash(STYLE)
    )
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

    use super::html;

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
    fn the_page_names_no_other_place() {
        let page = html(&trace()).unwrap();
        for scheme in ["http:", "https:", "//cdn", "src=", "@import"] {
            assert!(!page.contains(scheme), "{scheme}");
        }
    }
}
