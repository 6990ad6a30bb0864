//! A folder with the keys of processes that are started one by one.
//!
//! The first process that starts makes the keys of all. A process that starts later reads the same keys. Each process counts
//! its starts in the folder, so it knows whether it was started before (rule 23).
//!
//! In the folder beside a `pbft.yaml`, keys last as long as one of the nodes runs: when no node runs, the next start makes a
//! new cluster. In a data directory, keys last. Keys of `server keygen` last in both; the folder then holds only the id of
//! their cluster. Each running process holds a lock, which the operating system releases however the process ends.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use quorate_node::durable::{self, NotWritten};
use quorate_node::{Common, starts};
use quorate_protocol::Digest;
use serde::{Deserialize, Serialize};

use crate::keys::Keys;
use crate::shared_keys::warn_if_readable;
use crate::{StartError, name_of};

/// A folder of keys.
#[derive(Clone, Debug)]
pub(crate) struct KeyFolder {
    path: PathBuf,
    /// Whether the keys stay valid after the last process has ended.
    lasts: bool,
    /// The nodes that the keys belong to, in index order.
    nodes: Vec<String>,
    /// What these nodes have in common.
    common: Common,
    /// The keys of `server keygen`, if they were given.
    given: Option<Keys>,
}

/// The place of one running node. Dropping it gives the place up.
#[derive(Debug)]
pub(crate) struct Place {
    /// How many times this node was started in this cluster before.
    pub(crate) life: u64,
    /// The file in which the node counts this start.
    pub(crate) starts: PathBuf,
    _running: File,
    _index: File,
}

/// The file with the keys of all.
const KEYS: &str = "keys.json";

/// The version of what a data directory holds. It grows when records or snapshots written before can no longer be read: a
/// process would go on without its state.
const VERSION: u32 = 7;

/// The contents of the file with the keys of all.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// 0 before there were versions.
    #[serde(default)]
    v: u32,
    cluster: [u8; 32],
    /// The secret keys of all nodes; empty if the keys were given.
    secret: Vec<[u8; 32]>,
    /// The nodes that the keys belong to.
    nodes: Vec<String>,
    /// What the nodes have in common. Earlier versions have only a part of it.
    #[serde(default)]
    common: Option<Common>,
    /// The digest of all this. A key with one changed digit would be as good as any other, but not the one that the others know.
    #[serde(default)]
    check: [u8; 32],
}

impl Kept {
    fn digest(&self) -> serde_json::Result<[u8; 32]> {
        let version = self.v.to_le_bytes();
        let common = serde_json::to_vec(&self.common)?;
        let secret = self.secret.iter().map(<[u8; 32]>::as_slice);
        let nodes = self.nodes.iter().map(String::as_bytes);
        let parts: Vec<&[u8]> = [&version[..], &self.cluster, &common]
            .into_iter()
            .chain(secret)
            .chain(nodes)
            .collect();
        Ok(Digest::of(&parts).0)
    }
}

impl KeyFolder {
    /// The folder beside a `pbft.yaml` with these nodes.
    pub(crate) fn beside(config: &Path, nodes: Vec<String>, common: Common) -> Self {
        let mut name = config.file_name().unwrap_or_default().to_owned();
        name.push(".run");
        Self {
            path: config.with_file_name(name),
            lasts: false,
            nodes,
            common,
            given: None,
        }
    }

    /// A data directory.
    pub(crate) fn lasting(path: &Path, nodes: Vec<String>, common: Common) -> Self {
        Self {
            path: path.to_owned(),
            lasts: true,
            nodes,
            common,
            given: None,
        }
    }

    /// The same folder for nodes that have these keys.
    pub(crate) fn with_keys(self, keys: Keys) -> Self {
        Self {
            lasts: true,
            given: Some(keys),
            ..self
        }
    }

    /// Takes the place of a process, and returns the keys.
    ///
    /// # Errors
    /// The folder cannot be used, the process runs already, or other processes have their keys there.
    pub(crate) fn join(&self, index: usize) -> Result<(Keys, Place), StartError> {
        durable::create_folder(&self.path)
            .map_err(|NotWritten { path, cause }| of_folder(&path)(cause))?;
        let starting = self.path.join("starting.lock");
        // Processes start one after the other, each until the others can see that it runs.
        let lock = open(&starting)?;
        lock.lock().map_err(of_file(&starting))?;
        let running_path = self.path.join("running.lock");
        let running = open(&running_path)?;
        if try_lock(&running, &running_path)? {
            self.prepare()?;
            running.unlock().map_err(of_file(&running_path))?;
        }
        running.lock_shared().map_err(of_file(&running_path))?;
        let keys = self.keys()?;
        let own_path = self.path.join(format!("{index}.lock"));
        let own = open(&own_path)?;
        if !try_lock(&own, &own_path)? {
            return Err(StartError::RunsAlready {
                index: u32::try_from(index).unwrap_or(u32::MAX),
                path: self.path.clone(),
                lasts: self.lasts,
            });
        }
        let starts = starts_of(&self.path, index);
        let place = Place {
            life: starts_so_far(&starts, index)?,
            starts,
            _running: running,
            _index: own,
        };
        Ok((keys, place))
    }

    /// To be called while no process runs. Makes the keys of a new cluster, unless the keys in the folder are still valid.
    fn prepare(&self) -> Result<(), StartError> {
        if !self.lasts {
            return self.begin();
        }
        if !self.path.join(KEYS).exists() {
            return if self.holds("redb")? || self.holds("starts")? {
                let path = self.path.clone();
                Err(StartError::KeysLost { path })
            } else {
                self.begin()
            };
        }
        if self.given.is_none() {
            warn_if_readable(&self.path.join(KEYS), "these secret keys");
        }
        if self.holds("redb")? {
            return Ok(());
        }
        let kept = self.kept()?;
        match &self.given {
            Some(given) if given.cluster != kept.cluster => self.begin(),
            // The counts stay: the cluster is the same, and a node that was started in it has lost its memory.
            Some(_) if kept.v != VERSION => self.write_keys(),
            None if kept.v != VERSION => self.begin(),
            // No node was started with these keys, so nothing has followed from them yet.
            _ if kept.common.as_ref() != Some(&self.common) && !self.holds("starts")? => {
                self.begin()
            }
            _ => Ok(()),
        }
    }

    /// The keys in the folder, which must belong to these nodes.
    fn keys(&self) -> Result<Keys, StartError> {
        let kept = self.kept()?;
        let path = || self.path.clone();
        if kept.v != VERSION {
            return Err(StartError::OtherVersion { path: path() });
        }
        if kept.nodes != self.nodes {
            return Err(StartError::OtherNodes {
                path: path(),
                nodes: kept.nodes.join(", "),
            });
        }
        let Some(common) = &kept.common else {
            return Err(self.damaged("it does not say what its nodes have in common"));
        };
        common
            .check(&self.common)
            .map_err(|why| StartError::OtherRules { path: path(), why })?;
        match &self.given {
            Some(given) if given.cluster == kept.cluster => Ok(given.clone()),
            None if kept.secret.len() == self.nodes.len() => {
                Ok(Keys::known(kept.cluster, &kept.secret))
            }
            Some(_) => Err(StartError::OtherCluster { path: path() }),
            None if kept.secret.is_empty() => Err(StartError::Damaged {
                path: path(),
                what: "its nodes have the keys of `server keygen`: start this one with --keys and --secret-key, too".to_owned(),
            }),
            None => Err(self.damaged(&format!("it holds {} keys", kept.secret.len()))),
        }
    }

    fn kept(&self) -> Result<Kept, StartError> {
        let path = self.path.join(KEYS);
        let bytes = fs::read(&path).map_err(of_file(&path))?;
        // The cause is left out: it would quote the file, which holds secret keys.
        let kept: Kept = serde_json::from_slice(&bytes)
            .map_err(|error| self.damaged(&format!("it is damaged in line {}", error.line())))?;
        let digest = kept
            .digest()
            .map_err(|error| of_file(&path)(error.into()))?;
        if kept.v == VERSION && kept.check != digest {
            return Err(self.damaged("it is damaged: it does not hold what was written"));
        }
        Ok(kept)
    }

    fn damaged(&self, what: &str) -> StartError {
        let what = if self.lasts {
            format!("{what}: restore it from a copy, or choose another folder with --data-dir")
        } else {
            format!("{what}: stop all nodes of this folder; the next start makes new keys")
        };
        StartError::Damaged {
            path: self.path.join(KEYS),
            what,
        }
    }

    /// Whether a file with this ending is here: processes leave their state in `redb`, and their counts in `starts`.
    fn holds(&self, ending: &str) -> Result<bool, StartError> {
        let failed = of_folder(&self.path);
        for entry in fs::read_dir(&self.path).map_err(&failed)? {
            let path = entry.map_err(&failed)?.path();
            if path.extension().is_some_and(|found| found == ending) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Begins a new cluster, in which no node was started yet.
    fn begin(&self) -> Result<(), StartError> {
        for index in 0..self.nodes.len() {
            let path = starts_of(&self.path, index);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(of_file(&path)(error));
                }
                _ => {}
            }
        }
        self.write_keys()
    }

    /// Writes the keys that were given, or new keys.
    fn write_keys(&self) -> Result<(), StartError> {
        let count = self.nodes.len();
        let (cluster, secret) = if let Some(given) = &self.given {
            (given.cluster, Vec::new())
        } else {
            let keys = Keys::generate(u32::try_from(count).unwrap_or(u32::MAX))?;
            let secret = (0..count).map(|index| keys.secret_of(index)).collect();
            (keys.cluster, secret)
        };
        let mut kept = Kept {
            v: VERSION,
            cluster,
            secret,
            nodes: self.nodes.clone(),
            common: Some(self.common.clone()),
            check: [0; 32],
        };
        let path = self.path.join(KEYS);
        let not_written = |error: serde_json::Error| of_file(&path)(error.into());
        kept.check = kept.digest().map_err(not_written)?;
        let json = serde_json::to_vec(&kept).map_err(not_written)?;
        durable::replace(&path, 0o600, &json)
            .map_err(|NotWritten { path, cause }| of_file(&path)(cause))
    }
}

fn of_folder(path: &Path) -> impl Fn(io::Error) -> StartError {
    cannot_use(path, "folder")
}

fn of_file(path: &Path) -> impl Fn(io::Error) -> StartError {
    cannot_use(path, "file")
}

fn cannot_use(path: &Path, kind: &'static str) -> impl Fn(io::Error) -> StartError {
    let path = path.to_owned();
    move |cause| StartError::KeyFolder {
        path: path.clone(),
        kind,
        cause,
    }
}

/// How often the node was started before. It counts this start itself, before it sends anything.
fn starts_so_far(path: &Path, index: usize) -> Result<u64, StartError> {
    starts::read(path).map_err(|error| match error {
        starts::Unknown::Unreadable(cause) => of_file(path)(cause),
        starts::Unknown::Damaged => {
            let state = name_of(u32::try_from(index).unwrap_or(u32::MAX));
            StartError::Damaged {
                path: path.to_owned(),
                what: format!(
                    "this file counts the starts of the node, and is damaged: remove it if {state}.redb is beside it, which has the count too; \
                     else write a whole number into it that is greater than the number of starts, such as 1000000"
                ),
            }
        }
    })
}

fn starts_of(folder: &Path, index: usize) -> PathBuf {
    folder.join(format!("{index}.starts"))
}

fn open(path: &Path) -> Result<File, StartError> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(of_file(path))
}

/// Tries to take the lock; whether this process holds it now.
fn try_lock(file: &File, path: &Path) -> Result<bool, StartError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(of_file(path)(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use quorate_protocol::Limits;

    use super::{Common, KeyFolder, Keys, Place, StartError, starts};

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
            KeyFolder::beside(&self.0.join("pbft.yaml"), names(n), common(128))
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    /// Takes a place, and counts the start as the node does.
    fn start(folder: &KeyFolder, index: usize) -> (Keys, Place) {
        let (keys, place) = folder.join(index).unwrap();
        starts::write(&place.starts, place.life + 1).unwrap();
        (keys, place)
    }

    fn names(n: u32) -> Vec<String> {
        (0..n).map(|i| format!("localhost:{i}")).collect()
    }

    #[test]
    fn nodes_that_start_one_by_one_have_the_same_keys_and_count_their_starts() {
        let folder = Folder::new("one-by-one");
        let join = |index| start(&folder.beside(4), index);
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
            "when no node runs, a new cluster begins"
        );
        assert_eq!(place.life, 0);
    }

    #[test]
    fn keys_in_a_data_directory_last() {
        let folder = Folder::new("lasting");
        let data = folder.0.join("data");
        let lasting = KeyFolder::lasting(&data, names(4), common(128));
        let (first, place) = start(&lasting, 1);
        drop(place);
        let (second, place) = start(&lasting, 1);
        assert_eq!((second.cluster, place.life), (first.cluster, 1));
        assert_eq!(start(&lasting, 2).1.life, 0);
    }

    #[test]
    fn without_its_keys_a_data_directory_is_refused_if_anything_of_a_process_is_left() {
        for left in ["P.redb", "Q.redb", "1.starts"] {
            let folder = Folder::new("keys-lost");
            let data = folder.0.join("data");
            let lasting = KeyFolder::lasting(&data, names(4), common(128));
            std::fs::create_dir(&data).unwrap();
            std::fs::write(data.join(left), "1\n").unwrap();
            let error = lasting.join(0).unwrap_err();
            assert!(matches!(error, StartError::KeysLost { .. }), "{left}");
            let given = lasting.with_keys(Keys::generate(4).unwrap());
            assert!(given.join(0).is_err(), "{left}");
            assert!(data.join(left).exists());
        }
    }

    #[test]
    fn locks_that_are_removed_are_made_again() {
        let folder = Folder::new("locks");
        let data = folder.0.join("data");
        let lasting = KeyFolder::lasting(&data, names(4), common(128));
        let (first, place) = start(&lasting, 0);
        drop(place);
        for lock in ["starting.lock", "running.lock", "0.lock"] {
            std::fs::remove_file(data.join(lock)).unwrap();
        }
        let (second, place) = start(&lasting, 0);
        assert_eq!((second.cluster, place.life), (first.cluster, 1));
    }

    #[test]
    fn given_keys_keep_the_counts_of_a_folder_of_another_version() {
        let folder = Folder::new("given-version");
        let given = folder.beside(4).with_keys(Keys::generate(4).unwrap());
        drop(start(&given, 0));
        let path = folder.0.join("pbft.yaml.run/keys.json");
        let keys = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, keys.replace(r#""v":7,"#, "")).unwrap();
        assert_eq!(start(&given, 0).1.life, 1);
        assert!(std::fs::read_to_string(&path).unwrap().contains(r#""v":7"#));
    }

    #[test]
    fn a_data_directory_of_another_version_is_refused_if_it_holds_state_and_begun_anew_if_not() {
        let folder = Folder::new("version");
        let data = folder.0.join("data");
        let join = || KeyFolder::lasting(&data, names(4), common(128)).join(0);
        let (first, place) = join().unwrap();
        drop(place);
        let keys = std::fs::read_to_string(data.join("keys.json")).unwrap();
        let older = keys.replace(r#""v":7,"#, "");
        assert_ne!(older, keys);
        std::fs::write(data.join("keys.json"), &older).unwrap();
        std::fs::write(data.join("P.redb"), "").unwrap();
        let error = join().map(|_| ()).unwrap_err();
        assert!(matches!(error, StartError::OtherVersion { .. }), "{error}");
        assert!(error.to_string().contains("choose another --data-dir"));
        let kept = std::fs::read_to_string(data.join("keys.json")).unwrap();
        assert_eq!(kept, older, "nothing is lost");
        std::fs::remove_file(data.join("P.redb")).unwrap();
        assert_ne!(join().unwrap().0.cluster, first.cluster);
    }

    #[test]
    fn given_keys_last_beside_a_file_and_the_folder_holds_no_secret_key() {
        let folder = Folder::new("given");
        let made = Keys::generate(4).unwrap();
        let others = Keys::generate(4).unwrap();
        let with = |keys: &Keys| folder.beside(4).with_keys(keys.clone());
        let join = |keys: &Keys| with(keys).join(2);
        let (keys, place) = start(&with(&made), 2);
        assert_eq!((keys.cluster, place.life), (made.cluster, 0));
        assert!(matches!(
            join(&others),
            Err(StartError::OtherCluster { .. })
        ));
        let without = folder.beside(4).join(3).unwrap_err().to_string();
        assert!(without.contains("--keys and --secret-key"), "{without}");
        drop(place);
        assert_eq!(join(&made).unwrap().1.life, 1);
        assert_eq!(join(&others).unwrap().1.life, 0, "a new cluster");
        let kept = std::fs::read_to_string(folder.0.join("pbft.yaml.run/keys.json")).unwrap();
        assert!(kept.contains(r#""secret":[]"#), "{kept}");
    }

    #[test]
    fn a_data_directory_with_the_state_of_a_cluster_is_not_given_to_another() {
        let folder = Folder::new("given-lasting");
        let data = folder.0.join("data");
        let join = |keys| {
            KeyFolder::lasting(&data, names(4), common(128))
                .with_keys(keys)
                .join(0)
                .map(|_| ())
        };
        join(Keys::generate(4).unwrap()).unwrap();
        std::fs::write(data.join("P.redb"), "").unwrap();
        assert!(matches!(
            join(Keys::generate(4).unwrap()),
            Err(StartError::OtherCluster { .. })
        ));
    }

    #[test]
    fn an_error_names_the_damaged_file_and_says_what_to_do() {
        for (file, contents, what) in [
            (
                "0.starts",
                "",
                "greater than the number of starts, such as 1000000",
            ),
            (
                "0.starts",
                "\u{0}\u{7f}",
                "remove it if P.redb is beside it",
            ),
            ("0.starts", "seven", "greater than the number of starts"),
            ("0.starts", "-1", "greater than the number of starts"),
            ("0.starts", "16777216", "greater than the number of starts"),
            (
                "0.starts",
                "99999999999999999999",
                "greater than the number of starts",
            ),
            ("keys.json", "", "restore it from a copy"),
            ("keys.json", "{}", "restore it from a copy"),
            ("keys.json", r#"{"cluster": [7"#, "restore it from a copy"),
            ("keys.json", "\u{0}\u{7f}\u{80}", "restore it from a copy"),
            ("keys.json", r#"{"v":"2"}"#, "restore it from a copy"),
        ] {
            let error = error_with("damaged", |data| {
                std::fs::write(data.join(file), contents).unwrap();
            });
            assert!(error.contains(&format!("data/{file}: ")), "{error}");
            assert!(error.contains(what), "{file}: {contents}: {error}");
        }
        for file in [
            "0.starts",
            "0.lock",
            "starting.lock",
            "running.lock",
            "keys.json",
        ] {
            let error = error_with("folders", |data| {
                let path = data.join(file);
                // Some of these files do not exist.
                let _ = std::fs::remove_file(&path);
                std::fs::create_dir(path).unwrap();
            });
            assert!(error.contains(&format!("data/{file}: ")), "{error}");
            assert!(error.contains("it must be a file"), "{error}");
        }
        let error = error_with("file", |data| {
            std::fs::remove_dir_all(data).unwrap();
            std::fs::write(data, "").unwrap();
        });
        assert!(error.contains("data: "), "{error}");
        assert!(error.contains("it must be a folder"), "{error}");
    }

    /// The error of a start with a data directory that was used once and then spoilt.
    fn error_with(name: &str, spoil: impl Fn(&Path)) -> String {
        let folder = Folder::new(name);
        let data = folder.0.join("data");
        let join = || {
            KeyFolder::lasting(&data, names(4), common(128))
                .join(0)
                .map(|_| ())
        };
        join().unwrap();
        spoil(&data);
        join().unwrap_err().to_string()
    }

    /// What nodes with this checkpoint interval have in common.
    fn common(checkpoint_interval: u64) -> Common {
        Common {
            checkpoint_interval,
            default_decision: "retreat".to_owned(),
            limits: Limits::for_replicas(4),
        }
    }

    #[test]
    fn nodes_with_another_default_decision_or_other_limits_are_refused() {
        let folder = Folder::new("common");
        let first = common(128);
        let join = |common| KeyFolder::lasting(&folder.0, names(4), common).join(1);
        let place = start(&KeyFolder::lasting(&folder.0, names(4), first.clone()), 0);
        let mut other = first.clone();
        other.default_decision = "attack".to_owned();
        let mut larger = first.clone();
        larger.limits.batch += 1;
        for (common, words) in [
            (other, "start with --default-decision 'retreat' again"),
            (larger, "go on with the version that made it"),
        ] {
            let said = join(common).unwrap_err().to_string();
            assert!(said.contains(words), "{said}");
        }
        drop(place);
        assert!(join(first).is_ok());
    }

    #[test]
    fn another_checkpoint_interval_is_refused_once_a_node_was_started() {
        let folder = Folder::new("interval");
        let every = |slots| KeyFolder::lasting(&folder.0, names(4), common(slots));
        drop(every(128).join(0).unwrap());
        let (first, place) = start(&every(10), 0);
        let refused = |slots| every(slots).join(1).unwrap_err().to_string();
        let words =
            "made with a checkpoint every 10 slots, and this start asks for one every 128: ";
        assert!(refused(128).contains(words), "while one runs");
        drop(place);
        let said = refused(128);
        assert!(said.contains(words), "{said}");
        assert!(said.contains("start with ckpt_interval 10 again"), "{said}");
        let (second, place) = start(&every(10), 0);
        assert_eq!((second.cluster, place.life), (first.cluster, 1));
    }

    #[test]
    fn every_changed_digit_of_the_keys_is_noticed() {
        let folder = Folder::new("digit");
        let lasting = KeyFolder::lasting(&folder.0, names(1), common(128));
        drop(start(&lasting, 0));
        std::fs::write(folder.0.join("P.redb"), "").unwrap();
        let path = folder.0.join("keys.json");
        let written = std::fs::read(&path).unwrap();
        for at in 0..written.len() {
            let mut changed = written.clone();
            changed[at] = if changed[at] == b'1' { b'2' } else { b'1' };
            std::fs::write(&path, &changed).unwrap();
            assert!(lasting.join(0).is_err(), "byte {at}");
        }
        std::fs::write(&path, &written).unwrap();
        assert_eq!(start(&lasting, 0).1.life, 1);
    }

    #[test]
    fn a_node_runs_once_and_only_with_nodes_of_its_own_configuration() {
        let folder = Folder::new("once");
        let (_, _place) = folder.beside(4).join(1).unwrap();
        assert!(matches!(
            folder.beside(4).join(1),
            Err(StartError::RunsAlready { index: 1, .. })
        ));
        assert!(matches!(
            folder.beside(7).join(2),
            Err(StartError::OtherNodes { .. })
        ));
    }
}
