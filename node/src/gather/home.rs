//! What a node keeps of its gathering: its key, and what it has signed before the founding. Both are in one file: a node that
//! lost one of them but not the other would contradict what it has signed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use quorate_protocol::Digest;
use quorate_wire::hex;
use serde::{Deserialize, Serialize};

use crate::durable;

/// The version of the file. It grows when a file written before can no longer be read.
const VERSION: u32 = 1;

/// The name of the file.
const FILE: &str = "node.json";
/// The names of the files beside it: the records of the process, and the count of its starts.
pub(super) const RECORDS: &str = "records.redb";
pub(super) const STARTS: &str = "starts";

/// The key of a node, and where it and what follows from it are kept.
pub(super) struct Home {
    /// `None`: nothing outlives the node.
    folder: Option<Folder>,
    key: [u8; 32],
    memory: Option<Vec<u8>>,
}

struct Folder {
    path: PathBuf,
    /// Locked as long as the node runs, so that no two nodes have one key.
    _lock: File,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    v: u32,
    secret_key: String,
    /// The last bytes that the gathering gave to be kept, in hexadecimal digits. `None` before its first step.
    memory: Option<String>,
    /// The digest of all this. A key with one changed digit would be as good as any other.
    check: String,
}

impl Home {
    /// The key in the folder, or a new one. A new key is in the folder when this returns.
    pub(super) fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else {
            return Ok(Self {
                folder: None,
                key: draw()?,
                memory: None,
            });
        };
        let home = Self::in_folder(path);
        home.with_context(|| format!("the data directory {} cannot be used", path.display()))
    }

    fn in_folder(path: &Path) -> anyhow::Result<Self> {
        durable::create_folder(path)?;
        let folder = Folder {
            path: path.to_owned(),
            _lock: lock(&path.join("running.lock"))?,
        };
        let home = match fs::read(folder.path.join(FILE)) {
            Ok(json) => {
                let (key, memory) = Kept::open(&json).with_context(|| FILE.to_owned())?;
                Self {
                    folder: Some(folder),
                    key,
                    memory,
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let home = Self {
                    key: folder.new_key()?,
                    folder: Some(folder),
                    memory: None,
                };
                home.write()?;
                home
            }
            Err(error) => return Err(error).context(FILE),
        };
        Ok(home)
    }

    /// The node's secret key.
    pub(super) const fn key(&self) -> [u8; 32] {
        self.key
    }

    /// What the gathering remembers from before this start.
    pub(super) fn memory(&self) -> Option<&[u8]> {
        self.memory.as_deref()
    }

    /// Keeps what the gathering must remember. It is on disk when this returns.
    pub(super) fn keep(&mut self, memory: Vec<u8>) -> anyhow::Result<()> {
        self.memory = Some(memory);
        self.write()
    }

    /// A file of the node's own.
    pub(super) fn file(&self, name: &str) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.path.join(name))
    }

    fn write(&self) -> anyhow::Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let json = serde_json::to_vec(&Kept::of(&self.key, self.memory.as_deref()))?;
        durable::replace(&folder.path.join(FILE), 0o600, &json)?;
        Ok(())
    }
}

impl Folder {
    /// A key for a node that has none yet.
    fn new_key(&self) -> anyhow::Result<[u8; 32]> {
        for name in [RECORDS, STARTS] {
            if self.path.join(name).exists() {
                bail!(
                    "{FILE} is missing, but {name} is there: put {FILE} back, or choose another --data-dir"
                );
            }
        }
        draw()
    }
}

impl Kept {
    fn of(key: &[u8; 32], memory: Option<&[u8]>) -> Self {
        Self {
            v: VERSION,
            secret_key: hex::of(key),
            memory: memory.map(hex::of),
            check: hex::of(&check(key, memory)),
        }
    }

    /// The key and the memory.
    fn open(json: &[u8]) -> anyhow::Result<([u8; 32], Option<Vec<u8>>)> {
        // The cause is left out: it would quote the file, which holds a secret key.
        let Ok(kept) = serde_json::from_slice::<Self>(json) else {
            bail!("it is damaged: restore it from a copy, or choose another --data-dir");
        };
        if kept.v != VERSION {
            bail!(
                "it has version {}, and this program reads version {VERSION}: choose another --data-dir",
                kept.v
            );
        }
        let key = hex::read(&kept.secret_key);
        let memory = kept.memory.as_deref().map(hex::read_all);
        match (key, memory) {
            (Some(key), None) if kept.check == hex::of(&check(&key, None)) => Ok((key, None)),
            (Some(key), Some(Some(memory)))
                if kept.check == hex::of(&check(&key, Some(&memory))) =>
            {
                Ok((key, Some(memory)))
            }
            _ => bail!(
                "it does not hold what was written: restore it from a copy, or choose another --data-dir"
            ),
        }
    }
}

fn check(key: &[u8; 32], memory: Option<&[u8]>) -> [u8; 32] {
    let parts: &[&[u8]] = match memory {
        Some(memory) => &[b"home", key, memory],
        None => &[b"home", key],
    };
    Digest::of(parts).0
}

/// 32 random bytes.
pub(super) fn draw() -> anyhow::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("the operating system gives no random bytes")?;
    Ok(bytes)
}

fn lock(path: &Path) -> anyhow::Result<File> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("a node runs with it already: stop that node, or choose another --data-dir")
        }
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::{FILE, Home, RECORDS};
    use crate::durable::{self, new_neighbour};

    fn folder(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("quorate-home-{name}-{}", std::process::id()))
    }

    fn refusal(folder: &Path) -> String {
        let refused = Home::open(Some(folder)).err();
        format!("{:#}", refused.expect("it is refused"))
    }

    #[test]
    fn a_key_and_what_was_signed_with_it_last_together() {
        let folder = folder("lasts");
        let mut home = Home::open(Some(&folder)).unwrap();
        let key = home.key();
        assert!(refusal(&folder).contains("runs with it already"));
        home.keep(vec![1, 2, 3]).unwrap();
        drop(home);
        let home = Home::open(Some(&folder)).unwrap();
        assert_eq!(home.key(), key);
        assert_eq!(home.memory(), Some(&[1, 2, 3][..]));
        drop(home);
        fs::remove_dir_all(folder).unwrap();
    }

    /// A write goes to a neighbour, which gets the file's name last. Its length is then anything up to that of the whole.
    #[test]
    fn a_node_that_dies_while_it_writes_has_what_was_there_before_or_all_of_the_new() {
        let folder = folder("dies");
        let path = folder.join(FILE);
        let mut home = Home::open(Some(&folder)).unwrap();
        let key = home.key();
        home.keep(vec![1, 2, 3]).unwrap();
        let before = fs::read(&path).unwrap();
        home.keep(vec![4, 5, 6, 7]).unwrap();
        drop(home);
        let after = fs::read(&path).unwrap();
        let opened = || {
            let home = Home::open(Some(&folder)).unwrap();
            assert_eq!(home.key(), key);
            home.memory().unwrap().to_vec()
        };
        assert_eq!(opened(), [4, 5, 6, 7]);
        fs::write(&path, before).unwrap();
        for length in 0..=after.len() {
            fs::write(new_neighbour(&path), &after[..length]).unwrap();
            assert_eq!(opened(), [1, 2, 3], "{length} bytes were written");
        }
        durable::rename(&new_neighbour(&path), &path).unwrap();
        assert_eq!(opened(), [4, 5, 6, 7]);
        // The same at its first start: nobody has seen the key.
        fs::write(new_neighbour(&path), &after[..after.len() / 2]).unwrap();
        fs::remove_file(&path).unwrap();
        let mut first = Home::open(Some(&folder)).unwrap();
        assert_eq!(first.memory(), None);
        first.keep(vec![8]).unwrap();
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_damaged_key_and_records_without_a_key_are_refused() {
        let folder = folder("damaged");
        drop(Home::open(Some(&folder)).unwrap());
        let path = folder.join(FILE);
        let json = fs::read_to_string(&path).unwrap();
        let (_, key) = json.split_once("\"secret_key\":\"").unwrap();
        let changed = if key.starts_with('0') { '1' } else { '0' };
        let other = format!("\"secret_key\":\"{changed}{}", &key[1..]);
        fs::write(&path, format!("{{\"v\":1,{other}")).unwrap();
        assert!(refusal(&folder).contains("does not hold what was written"));
        fs::write(&path, "{}").unwrap();
        assert!(refusal(&folder).contains("damaged"));
        fs::remove_file(&path).unwrap();
        fs::write(folder.join(RECORDS), "").unwrap();
        assert!(refusal(&folder).contains("is missing"));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_node_without_a_folder_has_another_key_each_time() {
        let keys = [(); 2].map(|()| Home::open(None).unwrap().key());
        assert_ne!(keys[0], keys[1]);
    }
}
