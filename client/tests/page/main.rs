//! The exchange as a page: `client --spawn --page` serves it until Ctrl-C, `client --html` and `client trace --html` write it. What a
//! browser shows is skipped where there is no Chromium, or no playwright-core and axe-core for Node; CI has them.
#![allow(clippy::unwrap_used)]

#[path = "../../../page/tests/support/mod.rs"]
mod browser;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, Lines, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use browser::in_node;
use quorate_fault::link::Rules as LinkRules;
use support::{Processes, assert_refused, client, complained, printed, send_signal};

/// A `client` that serves a page. It is killed when dropped, and its processes end with it.
struct Shown {
    client: Child,
    /// What it complains about after it has said where the page is.
    complaints: Lines<BufReader<ChildStderr>>,
    page: String,
}

impl Shown {
    fn start(arguments: &[&str]) -> Self {
        let mut client = Command::new(env!("CARGO_BIN_EXE_client"))
            .args(["--spawn", "--page"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut complaints = BufReader::new(client.stderr.take().unwrap()).lines();
        let page =
            complaints.find_map(|line| line.unwrap().strip_prefix("Page: ").map(str::to_owned));
        Self {
            client,
            complaints,
            page: page.unwrap(),
        }
    }

    /// Reads what is served at a path until it holds `wanted`. The connection then closes.
    fn read_until(&self, path: &str, wanted: &str) -> String {
        let address = self.page.strip_prefix("http://").unwrap();
        let (host, token) = address.split_once("/#token=").unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        let patience = Some(Duration::from_secs(120));
        stream.set_read_timeout(patience).unwrap();
        let head = format!("Host: {host}\r\nAuthorization: Bearer {token}");
        write!(stream, "GET {path} HTTP/1.1\r\n{head}\r\n\r\n").unwrap();
        let (mut text, mut piece) = (String::new(), [0; 65536]);
        while !text.contains(wanted) {
            let read = stream.read(&mut piece).unwrap();
            assert_ne!(read, 0, "it ends without '{wanted}': {text}");
            text += &String::from_utf8_lossy(&piece[..read]);
        }
        text
    }

    /// The lines of the exchange, once it is over.
    fn lines(&mut self) -> Vec<String> {
        let lines = BufReader::new(self.client.stdout.as_mut().unwrap()).lines();
        lines.take(16).map(Result::unwrap).collect()
    }

    /// Sends a signal, and returns the exit status.
    fn end_with(&mut self, signal: &str) -> Option<i32> {
        send_signal(self.client.id(), signal);
        self.client.wait().unwrap().code()
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.client.kill();
        let _ = self.client.wait();
    }
}

#[test]
fn the_exchange_begins_when_somebody_looks_and_the_page_stays_until_ctrl_c() {
    let mut shown = Shown::start(&["--format", "lines"]);
    let page = shown.read_until("/", "</html>");
    assert!(page.contains("content-security-policy"), "{page}");
    // Whoever asks for the page alone does not look yet.
    let begun = shown.read_until("/live", r#""round":{"round":1,"#);
    assert!(begun.contains(r#""kind":"header""#), "{begun}");
    let lines = shown.lines().join("\n") + "\n";
    assert_eq!(lines, support::SEED_LINES);
    let over = shown.read_until("/live", r#""ended":true"#);
    let finalized = r#""finalized":{"P":"faulty","Q":"attack","R":"attack","S":"attack"}"#;
    assert!(over.contains(finalized), "{over}");
    shown.read_until("/live", r#""kind":"execute""#);
    assert!(shown.client.try_wait().unwrap().is_none(), "it stays");
    assert_eq!(shown.end_with("INT"), Some(130));
    let complaints: Vec<_> = shown.complaints.by_ref().map(Result::unwrap).collect();
    assert_eq!(complaints.len(), 1, "{complaints:?}");
    assert!(complaints[0].contains("Ctrl-C"), "{complaints:?}");
}

#[test]
fn what_ends_a_client_ends_its_page_before_anybody_looks_too() {
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        assert_eq!(Shown::start(&[]).end_with(signal), Some(status), "{signal}");
    }
}

#[test]
fn a_page_that_cannot_be_is_refused_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    assert_refused(
        &["--spawn", "--page", &port],
        "choose another with --page PORT, or leave PORT out",
    );
    assert_refused(
        &["--page"],
        "'--page' means something only with '--spawn': add '--spawn', or use `server --page`",
    );
    assert_refused(&["--spawn", "--page", "x"], "'--page [<PORT>]'");
    let unknown = ["--spawn", "--page", "--decision", "Z=attack"];
    assert_refused(&unknown, "process Z does not take part");
}

/// A file for a page, removed when dropped.
struct PageFile(PathBuf);

impl PageFile {
    fn new(name: &str) -> Self {
        let file = format!("quorate-{name}-{}.html", std::process::id());
        Self(std::env::temp_dir().join(file))
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for PageFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn in_a_browser(script: &str, arguments: &[&str]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page");
    in_node(&folder.join(script), arguments);
}

#[test]
fn a_reader_sees_the_exchange_switches_two_processes_and_begins_the_next() {
    let mut shown = Shown::start(&[]);
    in_a_browser("shown.cjs", &[&shown.page]);
    assert_eq!(shown.end_with("INT"), Some(130));
}

#[test]
fn the_exchange_and_the_trace_of_processes_that_run_are_written_as_pages() {
    let (exchange, trace) = (PageFile::new("exchange"), PageFile::new("trace"));
    let written = client(&["--spawn", "--faulty", "P=silent", "--html", exchange.path()]);
    assert_eq!(written.status.code(), Some(0), "{}", complained(&written));
    assert!(printed(&written).contains("Process Q finalized decision: attack"));
    let processes = Processes::start_traced("P", LinkRules::default());
    assert_eq!(processes.client(&[]).status.code(), Some(0));
    let written = processes.client(&["trace", "--html", trace.path()]);
    assert_eq!(written.status.code(), Some(0), "{}", complained(&written));
    assert!(written.stdout.is_empty());
    in_a_browser("written.cjs", &[exchange.path(), trace.path()]);
}

#[test]
fn a_page_that_cannot_be_written_is_an_error_that_says_why() {
    let written = client(&["--spawn", "--html", "/no/such/folder/run.html"]);
    assert_eq!(written.status.code(), Some(2));
    let complaint = complained(&written);
    assert!(
        complaint.contains("the page cannot be written to /no/such/folder/run.html"),
        "{complaint}"
    );
    let processes = Processes::start(4, "none");
    let page = PageFile::new("untraced");
    let written = processes.client(&["--html", page.path()]);
    assert_eq!(written.status.code(), Some(2));
    let complaint = complained(&written);
    assert!(
        complaint.contains("start the server with --trace"),
        "{complaint}"
    );
    assert!(!page.0.exists());
}
