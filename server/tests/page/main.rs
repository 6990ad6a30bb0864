//! The page of processes that run, in a real browser. Skipped where there is no Chromium, or no playwright-core and axe-core for Node;
//! CI has them.
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

use std::path::Path;
use std::process::Command;

use support::Server;

fn in_a_browser(script: &str, server: &mut Server) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/page")
        .join(script);
    let page = server.page();
    let Ok(output) = Command::new("node").arg(script).arg(page).output() else {
        assert!(
            std::env::var_os("QUORATE_ALL_TESTS").is_none(),
            "there is no Node"
        );
        return println!("skipped: Node is missing");
    };
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    print!("{said}");
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
