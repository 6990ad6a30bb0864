//! The decided requests in a file: `[[[client_id, seq_id], data], ...]`.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use quorate_service::ledger::{Entry, Ledger};

/// Writes each decided request once. A thread of its own writes, because the disk may be slow.
#[derive(Debug)]
pub(super) struct Dump {
    written: u64,
    entries: Sender<Vec<Arc<Entry>>>,
}

impl Dump {
    /// Creates the file, or empties it.
    pub(super) fn start(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .open(path)?;
        file.write_all(b"[]")?;
        let (entries, to_write) = channel();
        let path = path.to_owned();
        thread::Builder::new()
            .name("dump".to_owned())
            .spawn(move || write_all(file, &path, &to_write))?;
        Ok(Self {
            written: 0,
            entries,
        })
    }

    /// Writes the requests that the file lacks. If this process joined late, the ledger may have dropped older
    /// requests, and the file never gets those.
    pub(super) fn write(&mut self, ledger: &Ledger) {
        let entries: Vec<Arc<Entry>> = ledger.since(self.written).cloned().collect();
        self.written = ledger.count();
        if !entries.is_empty() {
            // Sending fails only after the thread has ended, and the thread has logged why.
            let _ = self.entries.send(entries);
        }
    }
}

fn write_all(mut file: File, path: &Path, entries: &Receiver<Vec<Arc<Entry>>>) {
    let mut empty = true;
    while let Ok(entries) = entries.recv() {
        for entry in &entries {
            if let Err(error) = add(&mut file, entry, empty) {
                tracing::error!(path = %path.display(), %error, "decided requests are not written any more");
                return;
            }
            empty = false;
        }
    }
}

/// Replaces the closing bracket by an entry and a new closing bracket.
fn add(file: &mut File, entry: &Entry, first: bool) -> io::Result<()> {
    file.seek(SeekFrom::End(-1))?;
    let separator = if first { "" } else { ", " };
    file.write_all(format!("{separator}{}]", as_json(entry)).as_bytes())
}

/// `[[client_id, seq_id], data]`.
pub(super) fn as_json(entry: &Entry) -> String {
    let Entry {
        id: (client, seq),
        data,
    } = entry;
    format!(
        "[[{client}, {seq}], {}]",
        serde_json::Value::from(data.as_str())
    )
}

#[cfg(test)]
mod tests {
    use super::{Entry, as_json};

    #[test]
    fn any_data_is_written_as_json() {
        let entry = Entry {
            id: (0, 7),
            data: "say \"x\"\n".to_owned(),
        };
        assert_eq!(as_json(&entry), r#"[[0, 7], "say \"x\"\n"]"#);
    }
}
