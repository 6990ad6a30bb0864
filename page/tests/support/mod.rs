//! What tests of the page in other crates share.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// Runs a script of a test's folder, and shows what it says. Skipped without Node, which CI has.
///
/// # Panics
/// The script fails.
pub(crate) fn in_node<A: AsRef<OsStr>>(script: &Path, arguments: impl IntoIterator<Item = A>) {
    let Ok(output) = Command::new("node").arg(script).args(arguments).output() else {
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
