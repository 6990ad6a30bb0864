//! One node: a program of its own, whose standard input and output carry the messages.
//!
//! Every pipe has a thread, so that no node can hold up the router: one that never reads fills its own bounded queue, and
//! one that floods waits for the router. Dropping a node kills its process group and waits for it.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

use super::message::excerpt;

/// The longest line that a node may write, in bytes.
pub(super) const LONGEST_LINE: usize = 1 << 20;
/// How many lines wait for a node that does not read them.
const LINES_WAITING: usize = 10_000;
/// How many bytes wait for a node that does not read them.
const BYTES_WAITING: usize = 16 << 20;
/// How many of a node's last lines on standard error are kept.
const LOG_LINES: usize = 10;
/// How long the router waits for the end of a dead node's standard error. Another process may have it open.
const LOG_PATIENCE: Duration = Duration::from_secs(1);

/// The output of a node, as its threads report it to the router.
#[derive(Debug)]
pub(super) enum Output {
    /// It writes a line: its number, from 1, and its text.
    Line(u64, String),
    /// It writes a line that is refused: its number, and the reason.
    Unreadable(u64, String),
    /// It logs a line.
    Log(String),
    /// Its output has ended.
    Closed,
}

/// A line cannot be handed to a node, because the node does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stuffed;

/// A running node.
#[derive(Debug)]
pub(super) struct Node {
    child: Child,
    lines: SyncSender<String>,
    waiting: Arc<AtomicUsize>,
    log: Arc<Mutex<VecDeque<String>>>,
    logged: Receiver<()>,
    unfinished: Arc<Mutex<Option<Unfinished>>>,
}

/// The beginning of a line that has no end yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unfinished {
    /// The line's number, from 1.
    number: u64,
    /// How many bytes there are.
    bytes: usize,
    /// Its first characters.
    start: String,
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            number,
            bytes,
            start,
        } = self;
        let bytes = match bytes {
            1 => "1 byte".to_owned(),
            more => format!("{more} bytes"),
        };
        write!(
            f,
            "line {number} of its output is {bytes} without a newline at their end, and a message is read when its line ends: {start}"
        )
    }
}

impl Node {
    /// Starts a node. Its output goes to `output`, with `index`.
    pub(super) fn start(
        command: &[String],
        index: usize,
        output: &SyncSender<(usize, Output)>,
        logs: bool,
    ) -> io::Result<Self> {
        let (program, arguments) = command
            .split_first()
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "there is no program"))?;
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Its own group: all that it starts can be killed with it, and Ctrl-C reaches the router alone.
            .process_group(0)
            .spawn()?;
        let (lines, to_write) = sync_channel(LINES_WAITING);
        let (log_ends, logged) = sync_channel(1);
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let node = Self {
            child,
            lines,
            waiting: Arc::default(),
            log: Arc::default(),
            logged,
            unfinished: Arc::default(),
        };
        if let Some(stdin) = stdin {
            let waiting = Arc::clone(&node.waiting);
            thread::spawn(move || write_lines(stdin, &to_write, &waiting));
        }
        if let Some(stdout) = stdout {
            let output = output.clone();
            let unfinished = Arc::clone(&node.unfinished);
            thread::spawn(move || read_lines(stdout, index, &output, &unfinished));
        }
        if let Some(stderr) = stderr {
            let log = Arc::clone(&node.log);
            let output = logs.then(|| output.clone());
            thread::spawn(move || {
                read_log(stderr, &log, |line| {
                    if let Some(output) = &output {
                        let _ = output.try_send((index, Output::Log(line)));
                    }
                });
                let _ = log_ends.send(());
            });
        }
        Ok(node)
    }

    /// Hands the node a line.
    pub(super) fn write(&self, line: String) -> Result<(), Stuffed> {
        let length = line.len();
        if self.waiting.load(Ordering::Relaxed) + length > BYTES_WAITING {
            return Err(Stuffed);
        }
        self.waiting.fetch_add(length, Ordering::Relaxed);
        self.lines.try_send(line).map_err(|_| Stuffed)
    }

    /// The line that the node has begun and not ended.
    pub(super) fn unfinished(&self) -> Option<Unfinished> {
        self.unfinished.lock().ok()?.clone()
    }

    /// How the node ended; `None` while it runs.
    pub(super) fn end(&self) -> Option<String> {
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        match waitid(Id::Pid(pid(&self.child)), flags) {
            Ok(WaitStatus::Exited(_, status)) => Some(format!("exit status {status}")),
            Ok(WaitStatus::Signaled(_, signal, _)) => Some(format!("killed by {signal}")),
            _ => None,
        }
    }

    /// The last lines on the standard error of a node that has ended.
    pub(super) fn last_log(&self) -> Vec<String> {
        // Another process that has the pipe open may go on logging. The lines up to now are enough.
        let _ = self.logged.recv_timeout(LOG_PATIENCE);
        let log = self.log.lock();
        log.map(|log| log.iter().cloned().collect())
            .unwrap_or_default()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // The child is not waited for yet, so its pid and its group's id cannot belong to another process.
        let _ = killpg(pid(&self.child), Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed())
}

fn write_lines(mut stdin: ChildStdin, lines: &Receiver<String>, waiting: &AtomicUsize) {
    for line in lines {
        // A node that has closed its standard input reads no more. `watch` notices when it ends.
        let _ = stdin
            .write_all(line.as_bytes())
            .and_then(|()| stdin.flush());
        waiting.fetch_sub(line.len(), Ordering::Relaxed);
    }
}

fn read_lines(
    stdout: impl Read,
    index: usize,
    output: &SyncSender<(usize, Output)>,
    unfinished: &Mutex<Option<Unfinished>>,
) {
    let mut stdout = BufReader::new(stdout);
    let mut line = Vec::new();
    for number in 1.. {
        let read = next_line(&mut stdout, &mut line, |begun| {
            if let Ok(mut unfinished) = unfinished.lock() {
                *unfinished = begun.map(|begun| Unfinished {
                    number,
                    bytes: begun.len(),
                    start: beginning(begun),
                });
            }
        });
        let told = match read {
            Ok(Ending::Newline) => match str::from_utf8(&line) {
                Ok(text) if text.trim().is_empty() => continue,
                Ok(text) => Output::Line(number, text.to_owned()),
                Err(_) => Output::Unreadable(
                    number,
                    format!(
                        "messages are UTF-8, and this line is not: {}",
                        beginning(&line)
                    ),
                ),
            },
            Ok(Ending::TooLong) => Output::Unreadable(
                number,
                format!(
                    "a line has at most {LONGEST_LINE} bytes, and this one goes on: {}",
                    beginning(&line)
                ),
            ),
            Ok(Ending::Output) | Err(_) => Output::Closed,
        };
        let ends = matches!(told, Output::Closed);
        if output.send((index, told)).is_err() || ends {
            return;
        }
    }
}

/// The first characters of a line.
fn beginning(line: &[u8]) -> String {
    // A character has at most 4 bytes.
    let shown = line.get(..4096).unwrap_or(line);
    excerpt(&String::from_utf8_lossy(shown))
}

/// How a line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// As it should.
    Newline,
    /// The line is too long. The rest of the line is read and dropped.
    TooLong,
    /// The output ended, inside a line or after one.
    Output,
}

/// Reads a line, up to the longest that is allowed. `begun` receives the beginning of a line that has no end yet, and learns
/// when the line has ended.
fn next_line(
    from: &mut impl BufRead,
    line: &mut Vec<u8>,
    mut begun: impl FnMut(Option<&[u8]>),
) -> io::Result<Ending> {
    line.clear();
    let mut too_long = false;
    loop {
        let chunk = match from.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        if chunk.is_empty() {
            return Ok(Ending::Output);
        }
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let length = end.map_or(chunk.len(), |end| end + 1);
        let room = LONGEST_LINE - line.len();
        line.extend_from_slice(&chunk[..length.min(room)]);
        too_long = too_long || length > room;
        from.consume(length);
        if end.is_some() {
            begun(None);
            return Ok(if too_long {
                Ending::TooLong
            } else {
                Ending::Newline
            });
        }
        begun(Some(line));
    }
}

fn read_log(stderr: impl Read, log: &Mutex<VecDeque<String>>, mut tell: impl FnMut(String)) {
    let mut stderr = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        let end = next_line(&mut stderr, &mut line, |_| {});
        let ends = !matches!(end, Ok(Ending::Newline | Ending::TooLong));
        if ends && line.is_empty() {
            return;
        }
        let text = excerpt(String::from_utf8_lossy(&line).trim_end());
        tell(text.clone());
        if let Ok(mut log) = log.lock() {
            if log.len() == LOG_LINES {
                log.pop_front();
            }
            log.push_back(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::sync::mpsc::sync_channel;
    use std::time::Duration;

    use super::{Ending, LONGEST_LINE, Node, Output, next_line};

    const PATIENCE: Duration = Duration::from_secs(60);

    fn sh(script: &str) -> [String; 3] {
        ["sh", "-c", script].map(str::to_owned)
    }

    #[test]
    fn a_line_without_end_is_cut_and_the_next_one_is_whole() {
        let mut text = vec![b'x'; 3 * LONGEST_LINE + 5];
        text.extend(b"\nnext\nlast");
        let (mut from, mut line, mut begun) = (text.as_slice(), Vec::new(), 0);
        let mut read = || {
            let end = next_line(&mut from, &mut line, |line| {
                begun = line.map_or(0, <[u8]>::len);
            });
            (end.expect("memory can be read"), line.len(), begun)
        };
        assert_eq!(read(), (Ending::TooLong, LONGEST_LINE, 0));
        assert_eq!(read(), (Ending::Newline, 5, 0));
        assert_eq!(read(), (Ending::Output, 4, 4));
        assert_eq!(read(), (Ending::Output, 0, 4));
    }

    #[test]
    fn who_never_reads_holds_up_nobody() {
        let (output, _outputs) = sync_channel(1);
        let node = Node::start(&sh("sleep 1000"), 0, &output, false).expect("it starts");
        let line = "x".repeat(1000);
        assert!((0..100_000).any(|_| node.write(line.clone()).is_err()));
    }

    #[test]
    fn what_a_node_starts_ends_with_it() {
        let (output, outputs) = sync_channel(1);
        let node = Node::start(&sh("sleep 1000 & echo $!; wait"), 7, &output, false);
        let said = outputs.recv_timeout(PATIENCE);
        let Ok((7, Output::Line(1, pid))) = said else {
            panic!("it says {said:?}")
        };
        drop(node);
        // What is left without a parent may stay as a zombie, where nobody waits for it.
        let ends = (0..10_000).any(|_| {
            let ps = Command::new("ps")
                .args(["-o", "stat=", "-p", pid.trim()])
                .output();
            let state = ps.expect("there is ps").stdout;
            state.is_empty() || state.starts_with(b"Z")
        });
        assert!(ends, "{pid} lives on");
    }

    #[test]
    fn how_a_node_ended_is_told_with_its_last_words() {
        let (output, outputs) = sync_channel(1);
        let script = "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo line $i >&2; done; exit 3";
        let node = Node::start(&sh(script), 0, &output, false).expect("it starts");
        let said = outputs.recv_timeout(PATIENCE);
        assert!(matches!(said, Ok((0, Output::Closed))), "it says {said:?}");
        let end = (0..1_000_000).find_map(|_| node.end());
        assert_eq!(end.as_deref(), Some("exit status 3"));
        let log = node.last_log();
        assert_eq!((log.len(), log[0].as_str()), (10, "line 3"));
    }
}
