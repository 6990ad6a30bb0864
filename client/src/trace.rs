//! `client trace`: what the processes did, as one trace.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroU32;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use futures_util::future::join_all;
use quorate_cli::console::complain;
use quorate_protocol::Quorum;
use quorate_server::signals::StopSignals;
use quorate_server::traces::{Page, Reading, Unread};
use quorate_trace::export::causes_first;
use quorate_trace::{Actor, Clock, Event, Header, Trace, file};
use tokio::time::sleep;

use crate::exit::{Exit, no_answer};
use crate::html;
use crate::options::TraceOptions;
use crate::render::write_out;
use crate::target::{Process, Target};

/// The pause between two questions of `--follow`.
const PAUSE: Duration = Duration::from_millis(200);

/// Prints the trace of all processes that can be reached, or writes it into a file.
pub(crate) async fn command(target: &Target, options: &TraceOptions) -> anyhow::Result<Exit> {
    if options.follow {
        return Reader::of(target).follow(options).await;
    }
    let (trace, exit) = whole(target, options.command()).await?;
    if let Some(path) = &options.html {
        html::save(&trace, path)?;
        return Ok(exit);
    }
    if let Some(warning) = options.to.warning(&trace) {
        complain(format_args!("warning: {warning}"));
    }
    match &options.out {
        Some(path) => file::create(path, |mut to| options.to.write(&trace, &mut to))
            .with_context(|| format!("{} cannot be written", path.display()))?,
        None => write_out(&text(|to| options.to.write(&trace, to))?)?,
    }
    Ok(exit)
}

/// What all processes did, and whether each of them has told it. `command` gives such a trace again.
pub(crate) async fn whole(target: &Target, command: String) -> anyhow::Result<(Trace, Exit)> {
    let mut reader = Reader::of(target);
    let events = reader.read().await;
    let exit = reader.complain();
    let header = reader.header(command)?;
    Ok((Trace { header, events }, exit))
}

/// Reads the traces of all processes.
struct Reader<'a> {
    sources: Vec<Source<'a>>,
    /// What the first answer says of the cluster.
    cluster: Option<(String, NonZeroU32, String)>,
    pushed_out: BTreeMap<Actor, u64>,
}

/// A process, and how far its trace was read.
struct Source<'a> {
    process: &'a Process,
    reading: Reading,
    /// Why it does not answer.
    error: Option<anyhow::Error>,
    /// Whether that was said.
    is_told: bool,
}

impl<'a> Reader<'a> {
    fn of(target: &'a Target) -> Self {
        let source = |process| Source {
            process,
            reading: Reading::default(),
            error: None,
            is_told: false,
        };
        Self {
            sources: target.processes.iter().map(source).collect(),
            cluster: None,
            pushed_out: BTreeMap::new(),
        }
    }

    /// The events that nobody has read, causes first.
    async fn read(&mut self) -> Vec<Event> {
        let pages = join_all(self.sources.iter_mut().map(Source::read)).await;
        let mut events = Vec::new();
        for page in pages.into_iter().flatten() {
            let Page {
                process,
                cluster,
                n,
                version,
                pushed_out,
                ..
            } = page;
            self.cluster.get_or_insert((cluster, n, version));
            if pushed_out > 0 {
                *self.pushed_out.entry(process).or_default() += pushed_out;
            }
            events.extend(page.events);
        }
        causes_first(&events).into_iter().cloned().collect()
    }

    /// Says once which processes do not answer, and why. The first of them gives the exit status.
    fn complain(&mut self) -> Exit {
        let mut exit = Exit::Agree;
        for source in &mut self.sources {
            let Some(error) = &source.error else {
                source.is_told = false;
                continue;
            };
            if !source.is_told {
                complain(format_args!("error: {error:#}"));
            }
            source.is_told = true;
            if exit == Exit::Agree {
                exit = Exit::of(error);
            }
        }
        exit
    }

    fn header(&self, command: String) -> anyhow::Result<Header> {
        let Some((cluster, n, version)) = self.cluster.clone() else {
            bail!("no process answers with its trace");
        };
        let mut header = Header::new(Quorum::of(n), Clock::Wall, command);
        header.cluster = Some(cluster);
        header.version = version;
        header.pushed_out.clone_from(&self.pushed_out);
        Ok(header)
    }

    /// Prints the events as they come, until the command is stopped.
    async fn follow(&mut self, options: &TraceOptions) -> anyhow::Result<Exit> {
        let mut signals = StopSignals::listen()?;
        let mut is_first = true;
        loop {
            let events = self.read().await;
            self.complain();
            let header = is_first
                .then(|| self.header(options.command()))
                .transpose()?;
            write_out(&text(|to| {
                if let Some(header) = &header {
                    file::line(to, header)?;
                }
                events.iter().try_for_each(|event| file::line(to, event))
            })?)?;
            is_first = false;
            tokio::select! {
                status = signals.received() => return Ok(Exit::Stopped(status)),
                () = sleep(PAUSE) => {}
            }
        }
    }
}

impl Source<'_> {
    /// The pages that were not read before.
    async fn read(&mut self) -> Vec<Page> {
        let process = self.process;
        let name = &process.name;
        let (pages, unread) = self.reading.pages(|call| process.call(call)).await;
        self.error = unread.map(|unread| match unread {
            Unread::Call(error) => no_answer(name, error),
            Unread::Form(cause) => anyhow!("process {name}: its trace cannot be read: {cause}"),
        });
        pages
    }
}

/// What is written, as text.
fn text(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    write(&mut bytes)?;
    Ok(String::from_utf8(bytes)?)
}
