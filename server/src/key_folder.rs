//! The keys of nodes that are started one by one, from one `pbft.yaml`: in a folder beside it.
//!
//! The first node that starts makes the keys of all. Whoever starts while another still runs joins with the same keys, and
//! knows from the count of its own starts whether it has been there before (rule 23). When none runs any more the next
//! start makes new keys: it is another cluster. Who runs is told by locks, which the operating system takes back however a
//! node ends.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::StartError;
use crate::keys::Keys;

/// A place among running nodes: given up when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    /// How often this node was started in this cluster before.
    pub(crate) life: u64,
    _running: File,
    _index: File,
}

/// What the folder holds for all.
#[derive(Serialize, Deserialize)]
struct Kept {
    cluster: [u8; 32],
    secret: Vec<[u8; 32]>,
    /// Whose keys they are.
    nodes: Vec<String>,
}

/// Takes the place of a node, given the names of all; gives the keys.
///
/// # Errors
/// The folder cannot be used, the node runs already, or nodes of another configuration do.
pub(crate) fn join(
    config: &Path,
    nodes: &[String],
    index: usize,
) -> Result<(Keys, Place), StartError> {
    let folder = folder_of(config);
    let failed = |cause| StartError::KeyFolder {
        path: folder.clone(),
        cause,
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .map_err(failed)?;
    let starting = open(&folder.join("starting.lock")).map_err(failed)?;
    // One after the other, until this node is seen to run.
    starting.lock().map_err(failed)?;
    let running = open(&folder.join("running.lock")).map_err(failed)?;
    let first = try_lock(&running).map_err(failed)?;
    if first {
        begin(&folder, nodes)?;
        running.unlock().map_err(failed)?;
    }
    running.lock_shared().map_err(failed)?;
    let kept = fs::read(folder.join("keys.json")).map_err(failed)?;
    let kept: Kept = serde_json::from_slice(&kept).map_err(|error| failed(error.into()))?;
    if kept.nodes != nodes {
        return Err(StartError::OtherNodes {
            path: config.to_owned(),
        });
    }
    let own = open(&folder.join(format!("{index}.lock"))).map_err(failed)?;
    if !try_lock(&own).map_err(failed)? {
        return Err(StartError::RunsAlready { index });
    }
    let life = count_start(&folder, index).map_err(failed)?;
    let place = Place {
        life,
        _running: running,
        _index: own,
    };
    Ok((Keys::known(kept.cluster, kept.secret), place))
}

fn folder_of(config: &Path) -> PathBuf {
    let mut name = config.file_name().unwrap_or_default().to_owned();
    name.push(".run");
    config.with_file_name(name)
}

/// Makes the keys of a new cluster.
fn begin(folder: &Path, nodes: &[String]) -> Result<(), StartError> {
    let failed = |cause| StartError::KeyFolder {
        path: folder.to_owned(),
        cause,
    };
    let keys = Keys::generate(u32::try_from(nodes.len()).unwrap_or(u32::MAX))?;
    let kept = Kept {
        cluster: keys.cluster,
        secret: keys.secret,
        nodes: nodes.to_vec(),
    };
    for index in 0..nodes.len() {
        match fs::remove_file(lives_of(folder, index)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    let json = serde_json::to_vec(&kept).map_err(|error| failed(error.into()))?;
    replace(&folder.join("keys.json"), &json).map_err(failed)
}

/// Counts this start of a node; how many there were before. On disk before the node says anything.
fn count_start(folder: &Path, index: usize) -> io::Result<u64> {
    let path = lives_of(folder, index);
    let before = match fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().map_err(io::Error::other)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    replace(&path, format!("{}\n", before + 1).as_bytes())?;
    Ok(before)
}

fn lives_of(folder: &Path, index: usize) -> PathBuf {
    folder.join(format!("{index}.starts"))
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
}

/// Writes a file whole or not at all.
fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&new)?;
    file.write_all(contents)?;
    file.sync_all()?;
    fs::rename(&new, path)
}

/// Whether the lock is ours.
fn try_lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{StartError, join};

    /// A configuration file's path in a folder of its own, removed at the end.
    struct Config(PathBuf);

    impl Config {
        fn new(name: &str) -> Self {
            let folder =
                std::env::temp_dir().join(format!("quorate-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&folder).unwrap();
            Self(folder.join("pbft.yaml"))
        }
    }

    impl Drop for Config {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(self.0.parent().unwrap());
        }
    }

    fn names(n: u32) -> Vec<String> {
        (0..n).map(|i| format!("localhost:{i}")).collect()
    }

    #[test]
    fn nodes_that_start_one_by_one_have_the_same_keys_and_count_their_starts() {
        let config = Config::new("one-by-one");
        let join = |index| join(&config.0, &names(4), index).unwrap();
        let (first, one) = join(0);
        let (second, other) = join(3);
        assert_eq!(first.cluster, second.cluster);
        assert_eq!(first.public, second.public);
        assert_eq!((one.life, other.life), (0, 0));
        drop(other);
        let (third, again) = join(3);
        assert_eq!((third.cluster, again.life), (first.cluster, 1));
        drop((one, again));
        let (fresh, place) = join(3);
        assert_ne!(
            fresh.cluster, first.cluster,
            "when none runs a new cluster begins"
        );
        assert_eq!(place.life, 0);
    }

    #[test]
    fn a_node_runs_once_and_beside_its_own_kind_only() {
        let config = Config::new("once");
        let (_, _place) = join(&config.0, &names(4), 1).unwrap();
        assert!(matches!(
            join(&config.0, &names(4), 1),
            Err(StartError::RunsAlready { index: 1 })
        ));
        assert!(matches!(
            join(&config.0, &names(7), 2),
            Err(StartError::OtherNodes { .. })
        ));
    }
}
