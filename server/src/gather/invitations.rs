//! Invitations: one file for each seat of a cluster. Whoever has the file of a seat may take that seat.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use quorate_node::durable;
use quorate_node::gather::Pass;
use quorate_protocol::Keys;
use quorate_wire::hex;
use serde::{Deserialize, Serialize};

use crate::keys::random_bytes;
use crate::shared_keys::warn_if_readable;

/// The version of the file.
const VERSION: u32 = 1;

/// More bytes than any invitation or secret has. No more are read of a file.
const MOST_BYTES: u64 = 64 * 1024;

/// The most and the fewest seats: as many as a cluster may have nodes.
const SEATS: std::ops::RangeInclusive<u32> = 2..=quorate_gather::MOST_NODES;

const NEVER_OVERWRITTEN: &str = "existing invitations are never overwritten: move them away, or choose another folder with --out";

#[derive(Serialize, Deserialize)]
struct Invitation {
    v: u32,
    /// Which seat it is, from 0.
    seat: u32,
    /// The secret key of this seat.
    secret_key: String,
    /// The public keys of all seats.
    seats: Vec<String>,
}

/// Makes the invitations of a new cluster, and writes each to `seat-NUMBER.json` in `folder`. Makes the folder if it does not
/// exist. Returns the paths.
///
/// # Errors
/// There are too few or too many seats, a file exists already, or one cannot be written.
pub fn invite(seats: u32, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !SEATS.contains(&seats) {
        bail!(
            "--seats {seats}: a cluster has {} to {} nodes, and each needs a seat",
            SEATS.start(),
            SEATS.end()
        );
    }
    let secrets = (0..seats).map(|_| random_bytes());
    let secrets = secrets.collect::<Result<Vec<_>, _>>()?;
    let public: Vec<String> = secrets
        .iter()
        .map(|secret| hex::of(&Keys::public_key(secret)))
        .collect();
    durable::create_folder(folder)?;
    let path_of = |seat| folder.join(format!("seat-{seat}.json"));
    // Nothing is written if something is in the way: seats of two clusters in one folder would be mixed up.
    if let Some(path) = (0..seats).map(path_of).find(|path| path.exists()) {
        bail!("{}: {NEVER_OVERWRITTEN}", path.display());
    }
    let written = (0..).zip(&secrets).map(|(seat, secret)| {
        let invitation = Invitation {
            v: VERSION,
            seat,
            secret_key: hex::of(secret),
            seats: public.clone(),
        };
        let mut json = serde_json::to_vec_pretty(&invitation)?;
        json.push(b'\n');
        let path = path_of(seat);
        durable::create(&path, 0o600, &json).context(NEVER_OVERWRITTEN)?;
        Ok(path)
    });
    written.collect()
}

/// Reads an invitation.
///
/// # Errors
/// The file cannot be read, or is none.
pub fn invitation(path: &Path) -> anyhow::Result<Pass> {
    let read = read(path);
    let pass = read.with_context(|| {
        format!(
            "{}: give --invitation a seat-NUMBER.json of `server invite`",
            path.display()
        )
    })?;
    warn_if_readable(path, "this invitation");
    Ok(pass)
}

fn read(path: &Path) -> anyhow::Result<Pass> {
    let bytes = start_of(path)?;
    // The cause is left out: it would quote the file, which holds a secret key.
    let Ok(invitation) = serde_json::from_slice::<Invitation>(&bytes) else {
        bail!("it is damaged, or is no invitation");
    };
    if invitation.v != VERSION {
        bail!(
            "it has version {}, and this program reads version {VERSION}",
            invitation.v
        );
    }
    let seats = invitation.seats.iter().map(|seat| hex::read(seat));
    let seats = seats.collect::<Option<Vec<_>>>();
    match (seats, hex::read(&invitation.secret_key)) {
        (Some(seats), Some(seat)) => Ok(Pass::Invited { seats, seat }),
        _ => bail!("it is damaged: a key has 64 hexadecimal digits"),
    }
}

/// Reads the secret of a group: the whole file but the end of its last line.
///
/// # Errors
/// The file cannot be read, or is too short or too long for a secret.
pub fn secret(path: &Path) -> anyhow::Result<Pass> {
    let read = || {
        let mut secret = start_of(path)?;
        while secret.last().is_some_and(|byte| b"\r\n".contains(byte)) {
            secret.pop();
        }
        quorate_gather::Secret::new(secret.clone())?;
        anyhow::Ok(Pass::Secret(secret))
    };
    let pass = read().with_context(|| format!("--secret-file {}", path.display()))?;
    warn_if_readable(path, "this secret");
    Ok(pass)
}

/// The first bytes of a file, which are all if it is what it should be.
fn start_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}
