//! The page of processes that run, in a real browser. Skipped where there is no Chromium, or no playwright-core and axe-core for Node;
//! CI has them.
#![allow(clippy::unwrap_used)]

#[path = "../../../page/tests/support/mod.rs"]
mod page;
#[path = "../support/mod.rs"]
mod support;

use std::path::Path;

use page::in_node;
use support::Server;

/// Runs a script with the page's address and the ports of the processes.
fn in_a_browser(script: &str, server: &mut Server) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page");
    let page = server.page();
    let ports = server.processes.iter().map(|one| one.port.to_string());
    in_node(&folder.join(script), [page].into_iter().chain(ports));
}

#[test]
fn a_reader_sees_what_happens_and_switches_it() {
    let mut server = Server::start(&["--page"]);
    in_a_browser("live.cjs", &mut server);
    server.stop();
}

#[test]
fn a_page_of_another_origin_learns_and_switches_nothing() {
    let mut server = Server::start(&["--page"]);
    in_a_browser("hostile.cjs", &mut server);
    server.stop();
}
