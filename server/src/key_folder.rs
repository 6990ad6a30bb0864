//! The keys of processes that are not all started at once: in a folder.
//!
//! The first one that starts makes the keys of all. Whoever starts later joins with the same keys, and knows from the count
//! of its own starts whether it has been there before (rule 23). In the folder beside a `pbft.yaml` keys last as long as one
//! of its nodes runs: when none does, the next start is a new cluster. In a data directory they last. Who runs is told by
//! locks, which the operating system takes back however a process ends.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::StartError;
use crate::keys::Keys;

/// A folder of keys.
#[derive(Clone, Debug)]
pub(crate) struct KeyFolder {
    path: PathBuf,
    /// Whether keys outlive the last process.
    lasts: bool,
    /// Whose keys they are, in index order.
    nodes: Vec<String>,
}

/// A place among running nodes: given up when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    /// How often this node was started in this cluster before.
    pub(crate) life: u64,
    _running: File,
    _index: File,
}

/// The file with the keys of all.
const KEYS: &str = "keys.json";

/// What the folder holds for all.
#[derive(Serialize, Deserialize)]
struct Kept {
    cluster: [u8; 32],
    secret: Vec<[u8; 32]>,
    /// Whose keys they are.
    nodes: Vec<String>,
}

impl KeyFolder {
    /// The folder beside a `pbft.yaml` with these nodes.
    pub(crate) fn beside(config: &Path, nodes: Vec<String>) -> Self {
        let mut name = config.file_name().unwrap_or_default().to_owned();
        name.push(".run");
        Self {
            path: config.with_file_name(name),
            lasts: false,
            nodes,
        }
    }

    /// A data directory.
    pub(crate) fn lasting(path: &Path, nodes: Vec<String>) -> Self {
        Self {
            path: path.to_owned(),
            lasts: true,
            nodes,
        }
    }

    fn failed(&self, cause: io::Error) -> StartError {
        StartError::KeyFolder {
            path: self.path.clone(),
            cause,
        }
    }

    /// Takes the place of a process; gives the keys.
    ///
    /// # Errors
    /// The folder cannot be used, the process runs already, or other processes have their keys there.
    pub(crate) fn join(&self, index: usize) -> Result<(Keys, Place), StartError> {
        let failed = |cause| self.failed(cause);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.path)
            .map_err(failed)?;
        let starting = open(&self.path.join("starting.lock")).map_err(failed)?;
        // One after the other, until this process is seen to run.
        starting.lock().map_err(failed)?;
        let running = open(&self.path.join("running.lock")).map_err(failed)?;
        if try_lock(&running).map_err(failed)? {
            if !(self.lasts && self.path.join(KEYS).exists()) {
                if self.holds_state().map_err(failed)? {
                    let path = self.path.clone();
                    return Err(StartError::KeysLost { path });
                }
                self.begin()?;
            }
            running.unlock().map_err(failed)?;
        }
        running.lock_shared().map_err(failed)?;
        let kept = fs::read(self.path.join(KEYS)).map_err(failed)?;
        let kept: Kept = serde_json::from_slice(&kept).map_err(|error| failed(error.into()))?;
        if kept.nodes != self.nodes {
            return Err(StartError::OtherNodes {
                path: self.path.clone(),
                nodes: kept.nodes.join(", "),
            });
        }
        let own = open(&self.path.join(format!("{index}.lock"))).map_err(failed)?;
        if !try_lock(&own).map_err(failed)? {
            return Err(StartError::RunsAlready { index });
        }
        let place = Place {
            life: count_start(&self.path, index).map_err(failed)?,
            _running: running,
            _index: own,
        };
        Ok((Keys::known(kept.cluster, kept.secret), place))
    }

    /// Whether processes have left their state here.
    fn holds_state(&self) -> io::Result<bool> {
        for entry in fs::read_dir(&self.path)? {
            if entry?.path().extension().is_some_and(|end| end == "redb") {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Makes the keys of a new cluster.
    fn begin(&self) -> Result<(), StartError> {
        let count = self.nodes.len();
        let keys = Keys::generate(u32::try_from(count).unwrap_or(u32::MAX))?;
        let kept = Kept {
            cluster: keys.cluster,
            secret: keys.secret,
            nodes: self.nodes.clone(),
        };
        for index in 0..count {
            match fs::remove_file(starts_of(&self.path, index)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(self.failed(error));
                }
                _ => {}
            }
        }
        let json = serde_json::to_vec(&kept).map_err(|error| self.failed(error.into()))?;
        replace(&self.path.join(KEYS), &json).map_err(|cause| self.failed(cause))
    }
}

/// Counts this start of a node; how many there were before. On disk before the node says anything.
fn count_start(folder: &Path, index: usize) -> io::Result<u64> {
    let path = starts_of(folder, index);
    let before = match fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().map_err(io::Error::other)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    replace(&path, format!("{}\n", before + 1).as_bytes())?;
    Ok(before)
}

fn starts_of(folder: &Path, index: usize) -> PathBuf {
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

    use super::{KeyFolder, StartError};

    /// A folder for a test, removed at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder =
                std::env::temp_dir().join(format!("quorate-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }

        fn beside(&self, n: u32) -> KeyFolder {
            KeyFolder::beside(&self.0.join("pbft.yaml"), names(n))
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn names(n: u32) -> Vec<String> {
        (0..n).map(|i| format!("localhost:{i}")).collect()
    }

    #[test]
    fn nodes_that_start_one_by_one_have_the_same_keys_and_count_their_starts() {
        let folder = Folder::new("one-by-one");
        let join = |index| folder.beside(4).join(index).unwrap();
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
    fn keys_in_a_data_directory_last() {
        let folder = Folder::new("lasting");
        let join = |index| KeyFolder::lasting(&folder.0.join("data"), names(4)).join(index);
        let (first, place) = join(1).unwrap();
        drop(place);
        let (second, place) = join(1).unwrap();
        assert_eq!((second.cluster, place.life), (first.cluster, 1));
        assert_eq!(join(2).unwrap().1.life, 0);
        std::fs::write(folder.0.join("data/P.redb"), "").unwrap();
        std::fs::remove_file(folder.0.join("data/keys.json")).unwrap();
        drop(place);
        assert!(matches!(join(1), Err(StartError::KeysLost { .. })));
    }

    #[test]
    fn a_node_runs_once_and_beside_its_own_kind_only() {
        let folder = Folder::new("once");
        let (_, _place) = folder.beside(4).join(1).unwrap();
        assert!(matches!(
            folder.beside(4).join(1),
            Err(StartError::RunsAlready { index: 1 })
        ));
        assert!(matches!(
            folder.beside(7).join(2),
            Err(StartError::OtherNodes { .. })
        ));
    }
}
