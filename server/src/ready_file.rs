//! The ready file: it tells other programs where the processes are, once all processes answer.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::Process;

#[derive(Serialize)]
struct Ready<'a> {
    processes: Vec<ReadyProcess<'a>>,
}

#[derive(Serialize)]
struct ReadyProcess<'a> {
    process: &'a str,
    host: String,
    port: u16,
    pid: u32,
}

/// The ready file. Dropping this removes the file, because it must not name processes that have ended.
#[derive(Debug)]
pub struct ReadyFile {
    path: PathBuf,
    /// The file, which first has the name of its neighbour. This server locks it while it runs; the lock ends with the server.
    file: File,
    /// Whether the file has its own name.
    written: bool,
}

impl ReadyFile {
    /// A ready file at this path. Removes a file that exists there: a server that was killed left it.
    ///
    /// # Errors
    /// A running server uses the file, or the file cannot be written.
    pub fn at(path: &Path) -> io::Result<Self> {
        refuse_if_used(path)?;
        remove(path)?;
        Ok(Self {
            path: path.to_owned(),
            file: neighbour(path)?,
            written: false,
        })
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `{"processes":[{"process":"P","host":"127.0.0.1","port":8000,"pid":4711},...]}`, so that a reader sees either
    /// the whole file or no file. A later call replaces the file.
    ///
    /// # Errors
    /// The file, or its neighbour with `.partial` added, cannot be written.
    pub fn write(&mut self, processes: &[Process]) -> io::Result<()> {
        let processes = processes.iter().filter(|process| process.pid().is_some());
        let ready = Ready {
            processes: processes
                .map(|process| ReadyProcess {
                    process: &process.name,
                    host: process.address.ip().to_string(),
                    port: process.address.port(),
                    pid: process.pid().unwrap_or_default(),
                })
                .collect(),
        };
        // The file that has the name stays locked until another has it.
        let next = self.written.then(|| neighbour(&self.path)).transpose()?;
        let mut file = next.as_ref().unwrap_or(&self.file);
        file.set_len(0)?;
        file.write_all(&serde_json::to_vec(&ready)?)?;
        fs::rename(partial(&self.path), &self.path)?;
        self.written = true;
        if let Some(next) = next {
            self.file = next;
        }
        Ok(())
    }

    /// Removes the file.
    ///
    /// # Errors
    /// The file exists and cannot be removed.
    pub fn remove(self) -> io::Result<()> {
        remove(&self.path)
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        let left = remove(&self.path).and_then(|()| remove(&partial(&self.path)));
        if let Err(error) = left {
            tracing::error!("{}: {error}: remove it", self.path.display());
        }
    }
}

/// Refuses a file that a server has locked.
fn refuse_if_used(path: &Path) -> io::Result<()> {
    if path.is_file() {
        lock(&File::open(path)?)?;
    }
    Ok(())
}

fn lock(file: &File) -> io::Result<()> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => io::Error::other("a server that runs has it"),
        TryLockError::Error(error) => error,
    })
}

/// The neighbour of a file, open and locked.
fn neighbour(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(partial(path))?;
    lock(&file)?;
    Ok(file)
}

/// The neighbour under whose name the file is written.
fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
