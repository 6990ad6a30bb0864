//! The file that tells other programs where the processes are, once all of them answer.

use std::fs;
use std::io;
use std::path::Path;

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

/// Removes the file, if it is there: it must not name processes that are not running.
///
/// # Errors
/// It is there and cannot be removed.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes `{"processes":[{"process":"P","host":"127.0.0.1","port":8000,"pid":4711},...]}` to `path`, so that a reader sees
/// the whole file or none.
///
/// # Errors
/// The file, or its neighbour with `.partial` added, cannot be written.
pub fn write(path: &Path, processes: &[Process]) -> io::Result<()> {
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
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    fs::write(&partial, serde_json::to_vec(&ready)?)?;
    fs::rename(&partial, path)
}
