//! The file that tells other programs where the processes are, once all of them answer.

use std::fs;
use std::io;
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

/// The file, which is removed when this is dropped: it must not name processes that are gone.
#[derive(Debug)]
pub struct ReadyFile {
    path: PathBuf,
}

impl ReadyFile {
    /// Where the file will be. One that is there already was left by a server that was killed, and is removed.
    ///
    /// # Errors
    /// It is there and cannot be removed.
    pub fn at(path: &Path) -> io::Result<Self> {
        remove(path)?;
        remove(&partial(path))?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `{"processes":[{"process":"P","host":"127.0.0.1","port":8000,"pid":4711},...]}`, so that a reader sees the whole
    /// file or none.
    ///
    /// # Errors
    /// The file, or its neighbour with `.partial` added, cannot be written.
    pub fn write(&self, processes: &[Process]) -> io::Result<()> {
        let processes = processes.iter().filter(|process| process.ended().is_none());
        let ready = Ready {
            processes: processes
                .map(|process| ReadyProcess {
                    process: &process.name,
                    host: process.address.ip().to_string(),
                    port: process.address.port(),
                    pid: process.pid,
                })
                .collect(),
        };
        let partial = partial(&self.path);
        fs::write(&partial, serde_json::to_vec(&ready)?)?;
        fs::rename(&partial, &self.path)
    }

    /// Removes it.
    ///
    /// # Errors
    /// It is there and cannot be removed.
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
