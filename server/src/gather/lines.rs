//! The lines of a node on standard output. A thread of its own writes them, so a terminal that is held does not hold the node.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use quorate_cli::console::print;
use quorate_node::gather::{Line, Tell};
use tokio::sync::oneshot;

/// The most lines that wait to be written.
const WAITING: usize = 4096;

/// Writes the lines of a node.
pub(super) struct Lines {
    waiting: SyncSender<Option<String>>,
    left_out: Arc<AtomicU64>,
    /// Whether each line says whose it is.
    named: bool,
    writer: JoinHandle<io::Result<()>>,
    /// Completes when nothing can be written any more.
    pub(super) broken: oneshot::Receiver<()>,
}

impl Lines {
    /// `named`: whether each line says whose it is.
    pub(super) fn start(named: bool) -> io::Result<Self> {
        let (waiting, lines) = sync_channel(WAITING);
        let left_out = Arc::new(AtomicU64::new(0));
        let (breaks, broken) = oneshot::channel();
        let missed = Arc::clone(&left_out);
        let writer = thread::Builder::new().name("lines".into()).spawn(move || {
            let written = write(&lines, &missed);
            drop(breaks);
            written
        })?;
        Ok(Self {
            waiting,
            left_out,
            named,
            writer,
            broken,
        })
    }

    /// What the node is given to tell its lines.
    pub(super) fn tell(&self) -> Tell {
        let (waiting, left_out, named) =
            (self.waiting.clone(), Arc::clone(&self.left_out), self.named);
        Arc::new(move |line| {
            if waiting.try_send(Some(text(line, named))).is_err() {
                left_out.fetch_add(1, Ordering::Relaxed);
            }
        })
    }

    /// Waits until all lines are written that were told before.
    pub(super) fn finish(self) -> io::Result<()> {
        // A writer that has ended says why below.
        let _ = self.waiting.send(None);
        self.writer
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the thread that writes has panicked")))
    }
}

fn text(line: Line<'_>, named: bool) -> String {
    let Line { node, stage, text } = line;
    if named {
        format!("{node}  {stage:<10} {text}\n")
    } else {
        format!("{stage:<10} {text}\n")
    }
}

/// Writes lines until `None` comes.
fn write(lines: &Receiver<Option<String>>, left_out: &AtomicU64) -> io::Result<()> {
    while let Ok(Some(line)) = lines.recv() {
        print(&line)?;
        let missing = left_out.swap(0, Ordering::Relaxed);
        if missing > 0 {
            print(&format!(
                "{:<10} {missing} lines were left out: nobody took them\n",
                "warning"
            ))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use quorate_node::gather::Line;

    use super::text;

    #[test]
    fn a_line_has_its_stage_in_a_column_and_says_whose_it_is_where_several_share_a_terminal() {
        let line = Line {
            node: "0a1b2c3d",
            stage: "act",
            text: "Q wins",
        };
        assert_eq!(text(line, false), "act        Q wins\n");
        assert_eq!(text(line, true), "0a1b2c3d  act        Q wins\n");
    }
}
