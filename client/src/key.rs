//! The key of a client: 64 hexadecimal digits in a file, the secret of an Ed25519 key.

use std::fs;
use std::path::Path;

use anyhow::{Context, anyhow};
use quorate_cli::console::complain;
use quorate_protocol::ClientKey;
use quorate_wire::hex;

/// Reads a client's key. Warns of a file that others can read.
///
/// # Errors
/// The file cannot be read, or does not hold a key.
pub(crate) fn read(path: &Path) -> anyhow::Result<ClientKey> {
    let text = fs::read_to_string(path).with_context(|| {
        let file = path.display();
        format!(
            "{file}: cannot be read; this makes a new key: (umask 077; openssl rand -hex 32 > {file})"
        )
    })?;
    warn_if_readable(path);
    // The text is left out: it may hold a secret key.
    let secret = hex::read(text.trim()).ok_or_else(|| {
        anyhow!(
            "{}: expected a secret key of 64 hexadecimal digits, as `openssl rand -hex 32` prints it",
            path.display()
        )
    })?;
    Ok(ClientKey::new(&secret))
}

fn warn_if_readable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let others = 0o077;
    if fs::metadata(path).is_ok_and(|file| file.permissions().mode() & others != 0) {
        let file = path.display();
        complain(format_args!(
            "warning: {file}: others can read this secret key: run `chmod 600 {file}`"
        ));
    }
}
