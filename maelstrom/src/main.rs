//! `maelstrom-node`: reads and writes one JSON message per line.

// They panic where nobody reads; `quorate_cli::console` does not.
#![warn(clippy::print_stdout, clippy::print_stderr)]

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use clap::Parser;
use quorate_cli::arguments;
use quorate_cli::console::complain;
use quorate_maelstrom::node::{Node, Output};
use quorate_maelstrom::settings::Settings;
use quorate_protocol::Time;

/// The longest line that is read, in bytes.
const LONGEST_LINE: u64 = 16 * 1024 * 1024;
/// How many lines may wait for the node.
const LINES_WAITING: usize = 1024;

/// A PBFT node that speaks Maelstrom's protocol: one JSON message a line on standard input and output. What it has to say
/// to its user goes to standard error.
///
/// Exit status: 0 at the end of input, 1 when its input cannot be read or its output not be written, 2 usage.
#[derive(Parser)]
#[command(name = "maelstrom-node", version)]
struct Options {
    /// How long a backup waits for a request to execute before it wants another primary
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = parse_time)]
    view_timeout: quorate_protocol::Duration,
    /// How long a client waits before it is told that its operation came to no end
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = parse_time)]
    timeout: quorate_protocol::Duration,
}

fn parse_time(text: &str) -> anyhow::Result<quorate_protocol::Duration> {
    let time = humantime::parse_duration(text)?;
    let fits = (Duration::from_millis(1)..=Duration::from_secs(3600)).contains(&time);
    let micros = u64::try_from(time.as_micros()).ok().filter(|_| fits);
    micros
        .map(quorate_protocol::Duration)
        .ok_or_else(|| anyhow!("a time from 1ms to 1h, such as 500ms"))
}

fn main() -> ExitCode {
    let options = arguments::read(&[]);
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(format_args!("maelstrom-node: {error:#}"));
            ExitCode::from(1)
        }
    }
}

fn run(options: &Options) -> anyhow::Result<()> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)
        .map_err(|error| anyhow!("no random bytes for the node's key: {error}"))?;
    let mut node = Node::new(Settings {
        view_timeout: options.view_timeout,
        timeout: options.timeout,
        seed,
    });
    let (sender, lines) = sync_channel(LINES_WAITING);
    thread::spawn(move || read_lines(&sender));
    let start = Instant::now();
    let now = || Time(u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX));
    loop {
        let output = match next_line(&lines, node.next_due(), now()) {
            Event::Line(line) => {
                node.on_line(now(), &line.context("standard input cannot be read")?)
            }
            Event::Due => node.on_time(now()),
            Event::End => return Ok(()),
        };
        say(&output).context("standard output cannot be written")?;
    }
}

/// A line of standard input, or why it cannot be read.
type Line = io::Result<String>;

enum Event {
    Line(Line),
    Due,
    End,
}

/// Waits for a line, but only until the node has something to do.
fn next_line(lines: &Receiver<Line>, due: Option<Time>, now: Time) -> Event {
    match lines.try_recv() {
        Ok(line) => return Event::Line(line),
        Err(TryRecvError::Disconnected) => return Event::End,
        Err(TryRecvError::Empty) => {}
    }
    let Some(due) = due else {
        return lines.recv().map_or(Event::End, Event::Line);
    };
    let wait = Duration::from_micros(due.0.saturating_sub(now.0));
    match lines.recv_timeout(wait) {
        Ok(line) => Event::Line(line),
        Err(RecvTimeoutError::Timeout) => Event::Due,
        Err(RecvTimeoutError::Disconnected) => Event::End,
    }
}

fn say(output: &Output) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    for line in &output.lines {
        stdout.write_all(line.as_bytes())?;
        stdout.write_all(b"\n")?;
    }
    stdout.flush()?;
    for complaint in &output.complaints {
        complain(complaint);
    }
    Ok(())
}

/// Passes on the lines of standard input until it ends. Skips lines that are too long.
fn read_lines(lines: &SyncSender<Line>) {
    let mut input = BufReader::new(io::stdin().lock());
    let mut skipping = false;
    loop {
        let mut line = Vec::new();
        match input
            .by_ref()
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)
        {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                // Sending fails only if nobody receives any more.
                let _ = lines.send(Err(error));
                return;
            }
        }
        let ends = line.last() == Some(&b'\n');
        let too_long = !ends && line.len() as u64 == LONGEST_LINE;
        if too_long && !skipping {
            complain(format_args!(
                "a line of more than {LONGEST_LINE} bytes is skipped"
            ));
        }
        let skip = std::mem::replace(&mut skipping, too_long) || too_long;
        if skip {
            continue;
        }
        let Ok(line) = String::from_utf8(line) else {
            complain("a line that is not UTF-8 is skipped");
            continue;
        };
        if lines.send(Ok(line)).is_err() {
            return;
        }
    }
}
