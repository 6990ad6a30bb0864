//! The lines of a node on standard output. A thread of its own writes them, so a terminal that is held does not hold the node.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use quorate_cli::console::print;
use quorate_node::gather::{Line, Tell};
use tokio::sync::watch;
use tokio::time::timeout;

/// The most lines that wait to be written.
const WAITING: usize = 4096;

/// After a node was told to stop, its lines are given up once none was taken for so long. A parent waits longer for its children.
const PATIENCE: Duration = Duration::from_secs(1);

/// Writes the lines of a node.
pub(super) struct Lines {
    queue: Arc<Queue>,
    /// How many lines were written. Its sender is gone once nothing can be written any more.
    written: watch::Receiver<u64>,
    /// Whether each line says whose it is.
    named: bool,
    writer: JoinHandle<io::Result<()>>,
}

impl Lines {
    /// Lines on standard output. `named`: whether each says whose it is.
    pub(super) fn start(named: bool) -> io::Result<Self> {
        Self::to(print, named)
    }

    fn to(
        sink: impl FnMut(&str) -> io::Result<()> + Send + 'static,
        named: bool,
    ) -> io::Result<Self> {
        let queue = Arc::<Queue>::default();
        let (counts, written) = watch::channel(0);
        let lines = Arc::clone(&queue);
        let writer = thread::Builder::new()
            .name("lines".into())
            .spawn(move || write(&lines, sink, &counts))?;
        Ok(Self {
            queue,
            written,
            named,
            writer,
        })
    }

    /// What the node is given to tell its lines.
    pub(super) fn tell(&self) -> Tell {
        let (queue, named) = (Arc::clone(&self.queue), self.named);
        Arc::new(move |line| queue.push(text(line, named)))
    }

    /// Completes when nothing can be written any more.
    pub(super) fn ended(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut written = self.written.clone();
        async move { while written.changed().await.is_ok() {} }
    }

    /// Waits until all lines are written that were told before. Once `stopped` completes, gives them up when nobody takes them.
    pub(super) async fn finish(self, stopped: impl Future<Output = ()>) -> io::Result<()> {
        self.finish_within(PATIENCE, stopped).await
    }

    async fn finish_within(
        self,
        patience: Duration,
        stopped: impl Future<Output = ()>,
    ) -> io::Result<()> {
        self.queue.end();
        let mut written = self.written.clone();
        let given_up = async {
            stopped.await;
            while timeout(patience, written.changed())
                .await
                .is_ok_and(|one| one.is_ok())
            {}
        };
        tokio::select! {
            biased;
            () = self.ended() => {}
            // Nobody can be told: a line about lines that nobody takes would not be taken either.
            () = given_up => return Ok(()),
        }
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

/// Writes lines until no more come.
fn write(
    lines: &Queue,
    mut sink: impl FnMut(&str) -> io::Result<()>,
    written: &watch::Sender<u64>,
) -> io::Result<()> {
    while let Some(line) = lines.pop() {
        sink(&line)?;
        written.send_modify(|written| *written += 1);
    }
    Ok(())
}

/// The lines that wait.
#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    /// Something waits, or nothing will.
    comes: Condvar,
}

impl Queue {
    fn push(&self, line: String) {
        self.locked().push(line);
        self.comes.notify_one();
    }

    /// No more lines come.
    fn end(&self) {
        self.locked().ends = true;
        self.comes.notify_one();
    }

    /// The next line, as soon as there is one; `None` at the end.
    fn pop(&self) -> Option<String> {
        let waiting = self.locked();
        let more = self
            .comes
            .wait_while(waiting, |waiting| waiting.is_empty() && !waiting.ends);
        more.unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn locked(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct Waiting {
    lines: VecDeque<String>,
    /// How many lines are missing after the last one.
    missing: u64,
    ends: bool,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.missing == 0
    }

    fn push(&mut self, line: String) {
        if self.lines.len() >= WAITING {
            self.missing += 1;
            return;
        }
        let missing = self.missing_line();
        self.lines.extend(missing);
        self.lines.push_back(line);
    }

    fn pop(&mut self) -> Option<String> {
        self.lines.pop_front().or_else(|| self.missing_line())
    }

    /// The line that stands where lines are missing.
    fn missing_line(&mut self) -> Option<String> {
        let missing = std::mem::take(&mut self.missing);
        (missing > 0).then(|| {
            format!(
                "{:<10} {missing} lines were left out: nobody took them\n",
                "warning"
            )
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::future::{pending, ready};
    use std::io;
    use std::sync::mpsc;
    use std::time::Duration;

    use quorate_node::gather::Line;

    use super::{Lines, WAITING, text};

    /// Lines of which the test takes one each time that it asks.
    fn taken_one_by_one() -> (Lines, mpsc::Receiver<String>) {
        // A sender to a channel without room waits until the line is taken.
        let (sender, taken) = mpsc::sync_channel(0);
        let sink = move |line: &str| {
            sender
                .send(line.to_owned())
                .map_err(|_| io::ErrorKind::BrokenPipe.into())
        };
        (Lines::to(sink, false).unwrap(), taken)
    }

    fn say(lines: &Lines, text: &str) {
        lines.tell()(Line {
            node: "0a1b2c3d",
            stage: "act",
            text,
        });
    }

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

    #[tokio::test]
    async fn lines_for_which_there_is_no_room_are_told_where_they_are_missing() {
        let (lines, taken) = taken_one_by_one();
        for number in 0..WAITING + 10 {
            say(&lines, &format!("before {number}"));
        }
        // Of those that waited, the writer has one or none in its hands.
        let first = taken.recv().unwrap();
        let second = taken.recv().unwrap();
        say(&lines, "after");
        let takes = std::thread::spawn(move || [first, second].into_iter().chain(taken).collect());
        lines.finish(pending()).await.unwrap();
        let all: Vec<String> = takes.join().unwrap();
        let before = all
            .iter()
            .take_while(|line| line.starts_with("act        before"));
        let written = before.count();
        assert!((WAITING..=WAITING + 1).contains(&written), "{written}");
        assert_eq!(
            all[written..],
            [
                format!(
                    "warning    {} lines were left out: nobody took them\n",
                    WAITING + 10 - written
                ),
                "act        after\n".to_owned(),
            ]
        );
    }

    #[tokio::test]
    async fn lines_that_are_missing_at_the_end_are_told_at_the_end() {
        let (lines, taken) = taken_one_by_one();
        for number in 0..WAITING + 10 {
            say(&lines, &number.to_string());
        }
        let takes = std::thread::spawn(move || taken.into_iter().last());
        lines.finish(pending()).await.unwrap();
        let last = takes.join().unwrap().unwrap();
        assert!(
            last.ends_with(" lines were left out: nobody took them\n"),
            "{last}"
        );
    }

    #[tokio::test]
    async fn a_node_that_was_told_to_stop_does_not_wait_for_a_terminal_that_is_held() {
        let (lines, taken) = taken_one_by_one();
        for number in 0..5 {
            say(&lines, &number.to_string());
        }
        taken.recv().unwrap();
        let patience = Duration::from_millis(1);
        lines.finish_within(patience, ready(())).await.unwrap();
        drop(taken);
    }

    #[tokio::test]
    async fn standard_output_that_cannot_be_written_is_an_error() {
        let (lines, taken) = taken_one_by_one();
        drop(taken);
        say(&lines, "to nobody");
        lines.ended().await;
        let error = lines.finish(pending()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
