//! The decided requests in a file: `[[[client_id, seq_id], data], ...]`.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;

use quorate_service::ledger::{Entry, Ledger};

/// The most bytes of the requests that are handed to the thread at once, unless a single request has more.
const BYTES: usize = 1024 * 1024;
/// How many times so much may wait for the thread. What has no room stays in the ledger, and is handed over later.
const WAITING: usize = 4;

/// Writes each decided request once. A thread of its own writes, because the disk may be slow.
#[derive(Debug)]
pub(super) struct Dump {
    handed_over: u64,
    entries: SyncSender<Vec<Arc<Entry>>>,
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
        let (entries, to_write) = sync_channel(WAITING);
        let path = path.to_owned();
        thread::Builder::new()
            .name("dump".to_owned())
            .spawn(move || write_all(file, &path, &to_write))?;
        Ok(Self {
            handed_over: 0,
            entries,
        })
    }

    /// Writes the requests that the file lacks. If this process joined late, or if the disk hangs, the ledger may have
    /// dropped older requests, and the file never gets those.
    pub(super) fn write(&mut self, ledger: &Ledger) {
        while self.handed_over < ledger.count() {
            let page = ledger.page(self.handed_over, BYTES);
            match self.entries.try_send(page.entries) {
                // Disconnected: the thread has ended, and has logged why.
                Ok(()) | Err(TrySendError::Disconnected(_)) => self.handed_over = page.next,
                Err(TrySendError::Full(_)) => return,
            }
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
    use std::num::NonZeroU32;
    use std::sync::mpsc::sync_channel;

    use quorate_protocol::message::Request;
    use quorate_protocol::{ClientId, ClusterId, Quorum, ReplicaId, Sequence, Timestamp};
    use quorate_service::exchange::Rules;
    use quorate_service::gathering::Membership;
    use quorate_service::{Operation, Replicated, Service as _};

    use super::{BYTES, Dump, Entry, WAITING, as_json};

    #[test]
    fn what_waits_for_a_disk_that_hangs_is_bounded_and_all_is_written_later() {
        let (entries, to_write) = sync_channel(WAITING);
        let mut dump = Dump {
            handed_over: 0,
            entries,
        };
        let quorum = Quorum::of(NonZeroU32::new(4).unwrap());
        let rules = Rules {
            quorum,
            default_decision: "retreat".into(),
        };
        let membership = Membership::plain(ClusterId([0; 32]), quorum);
        let mut state = Replicated::new(rules, membership);
        for seq in 0..20 {
            let data = "x".repeat(BYTES / 3);
            let json = format!(r#"{{"id":[0,{seq}],"timestamp":1,"data":"{data}"}}"#);
            let client = ClientId::session(ReplicaId(0), seq);
            let operation = Operation::Request(json).encode();
            let request = Request::new(client, Timestamp(1), operation);
            state.execute(Sequence(seq + 1), &request);
            dump.write(state.ledger());
        }
        assert!(dump.handed_over < 20, "{} wait", dump.handed_over);
        let mut written = Vec::new();
        while written.len() < 20 {
            let page = to_write.try_recv().unwrap();
            written.extend(page.iter().map(|entry| entry.id.1));
            dump.write(state.ledger());
        }
        assert_eq!(written, (0..20).collect::<Vec<u64>>());
    }

    #[test]
    fn any_data_is_written_as_json() {
        let entry = Entry {
            id: (0, 7),
            data: "say \"x\"\n".to_owned(),
        };
        assert_eq!(as_json(&entry), r#"[[0, 7], "say \"x\"\n"]"#);
    }
}
