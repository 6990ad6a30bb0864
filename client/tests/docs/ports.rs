//! The ports that the pages name, and the free ones in their place.

use std::net::TcpListener;
use std::ops::Range;
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

/// The ports in the pages: those of the processes, of a second start, and of the nodes and the clients of `web/pbft.yaml`.
const WRITTEN: [Range<u16>; 4] = [8000..8008, 9000..9008, 30000..30008, 20000..20008];
/// How many there are of each.
const EACH: u16 = 8;
/// Free ports are taken from here on, below those that the system gives to whoever connects.
const FIRST: u16 = 12_000;

/// A page's own ports.
pub(crate) struct Ports {
    first: u16,
    /// Listens on the last of them, which no page uses, so that no other run of the tests takes them.
    _taken: TcpListener,
}

impl Ports {
    /// Ports that nothing listens on, and that no other page gets.
    pub(crate) fn free() -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let many = EACH * u16::try_from(WRITTEN.len()).unwrap();
        let here = FIRST + u16::try_from(std::process::id() % 200).unwrap() * many;
        loop {
            let first = here + NEXT.fetch_add(many, Relaxed);
            let Ok(taken) = TcpListener::bind(("127.0.0.1", first + many - 1)) else {
                continue;
            };
            let mut others = first..first + many - 1;
            if others.all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()) {
                return Self {
                    first,
                    _taken: taken,
                };
            }
        }
    }

    /// The free port that replaces port 8000.
    pub(crate) const fn base(&self) -> u16 {
        self.first
    }

    /// A page's text with free ports.
    pub(crate) fn free_for_written(&self, text: &str) -> String {
        replace(text, |number| {
            self.pairs()
                .find(|(written, _)| *written == number)
                .map(|(_, free)| free)
        })
    }

    /// An output with the page's ports.
    pub(crate) fn written_for_free(&self, text: &str) -> String {
        replace(text, |number| {
            self.pairs()
                .find(|(_, free)| *free == number)
                .map(|(written, _)| written)
        })
    }

    fn pairs(&self) -> impl Iterator<Item = (u16, u16)> {
        WRITTEN.into_iter().flatten().zip(self.first..)
    }
}

/// The first address on this machine with a port that is none of [`WRITTEN`].
pub(crate) fn unknown(text: &str) -> Option<String> {
    let hosts = ["localhost:", "127.0.0.1:", "[::1]:"];
    let ends = hosts
        .iter()
        .flat_map(|host| text.match_indices(host).map(|(at, host)| at + host.len()));
    ends.map(|end| {
        text[end..]
            .chars()
            .take_while(char::is_ascii_digit)
            .collect::<String>()
    })
    .find(|port| {
        !port.is_empty()
            && !WRITTEN
                .iter()
                .any(|range| range.contains(&port.parse().unwrap_or(0)))
    })
}

/// Replaces whole numbers.
fn replace(text: &str, other: impl Fn(u16) -> Option<u16>) -> String {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        let end = from
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(from.len());
        let (number, after) = from.split_at(end);
        replaced += before;
        match number.parse().ok().and_then(&other) {
            Some(other) => replaced += &other.to_string(),
            None => replaced += number,
        }
        rest = after;
    }
    replaced + rest
}

#[test]
fn whole_numbers_are_replaced_there_and_back() {
    let ports = Ports::free();
    let free = ports.free_for_written("localhost:8001, 30000 and 180001");
    let (one, another) = (ports.base() + 1, ports.base() + 16);
    assert_eq!(free, format!("localhost:{one}, {another} and 180001"));
    assert_eq!(
        ports.written_for_free(&free),
        "localhost:8001, 30000 and 180001"
    );
}

#[test]
fn a_port_that_would_not_be_replaced_is_found() {
    assert_eq!(
        unknown("http://localhost:8000/ localhost:7070/").as_deref(),
        Some("7070")
    );
    assert_eq!(unknown("http://localhost:8000/"), None);
}
