//! Says on the terminal what the exchange waits for.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::pending;
use std::io::{self, IsTerminal};
use std::time::Duration;

use futures_util::future::join_all;
use quorate_wire::method::{Status, StatusAnswer};
use tokio::time::{sleep, timeout};

use crate::render::progress::Waiting;
use crate::target::{Process, Target};
use crate::verdict::enumerate;

/// How long the exchange may be silent before the line says what it waits for, and how often the line is updated.
const PAUSE: Duration = Duration::from_millis(500);

/// The processes that have not answered yet, and the line that names them.
pub(super) struct Watch<'a> {
    target: &'a Target,
    awaited: RefCell<BTreeMap<String, String>>,
    line: Waiting,
}

/// The exchange waits for a process until this is dropped.
pub(super) struct Awaited<'a> {
    watch: &'a Watch<'a>,
    process: String,
}

impl<'a> Watch<'a> {
    pub(super) fn new(target: &'a Target) -> anyhow::Result<Self> {
        Ok(Self {
            target,
            awaited: RefCell::default(),
            line: Waiting::new()?,
        })
    }

    /// The exchange waits for this process to do this task.
    pub(super) fn wait(&self, process: &str, what: String) -> Awaited<'_> {
        self.awaited.borrow_mut().insert(process.to_owned(), what);
        Awaited {
            watch: self,
            process: process.to_owned(),
        }
    }

    /// Updates the line for ever, if standard error is a terminal.
    pub(super) async fn tell(&self) {
        if !io::stderr().is_terminal() {
            return pending().await;
        }
        loop {
            sleep(PAUSE).await;
            let answered = join_all(self.target.processes.iter().map(ask)).await;
            let awaited = self.awaited.borrow().clone();
            if !awaited.is_empty() {
                self.line.say(words(&awaited, &answered));
            }
        }
    }
}

impl Drop for Awaited<'_> {
    fn drop(&mut self) {
        self.watch.awaited.borrow_mut().remove(&self.process);
    }
}

/// The view that a process reports.
enum Said {
    Nothing(String),
    ChangesTo(String, u64),
    IsActive,
}

async fn ask(process: &Process) -> Said {
    let silent = || Said::Nothing(process.name.clone());
    if !process.is_reachable() {
        return silent();
    }
    let status = timeout(PAUSE, process.call(Status::default())).await;
    match status
        .ok()
        .and_then(Result::ok)
        .and_then(StatusAnswer::into_process)
    {
        None => silent(),
        Some(status) if status.view_active => Said::IsActive,
        Some(status) => Said::ChangesTo(status.process, status.view),
    }
}

/// `waiting for Q, R and S to decide; P does not answer; Q, R and S change to view 1`.
fn words(awaited: &BTreeMap<String, String>, said: &[Said]) -> String {
    let mut tasks: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (process, task) in awaited {
        tasks.entry(task).or_default().push(process.clone());
    }
    let (mut silent, mut views) = (Vec::new(), BTreeMap::<u64, Vec<String>>::new());
    for one in said {
        match one {
            Said::Nothing(process) => silent.push(process.clone()),
            Said::ChangesTo(process, view) => views.entry(*view).or_default().push(process.clone()),
            Said::IsActive => {}
        }
    }
    let tasks = tasks
        .iter()
        .map(|(task, processes)| format!("waiting for {} {task}", enumerate(processes)));
    let silent = (!silent.is_empty()).then(|| {
        let verb = if silent.len() == 1 { "does" } else { "do" };
        format!("{} {verb} not answer", enumerate(&silent))
    });
    let views = views.iter().map(|(view, processes)| {
        let verb = if processes.len() == 1 {
            "changes"
        } else {
            "change"
        };
        format!("{} {verb} to view {view}", enumerate(processes))
    });
    tasks
        .chain(silent)
        .chain(views)
        .collect::<Vec<_>>()
        .join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_waited_for_names_the_silent_processes_and_the_view() {
        let awaited = ["Q", "R"].map(|name| (name.to_owned(), "to decide".to_owned()));
        let said = [
            Said::Nothing("P".into()),
            Said::ChangesTo("Q".into(), 1),
            Said::ChangesTo("R".into(), 1),
            Said::IsActive,
        ];
        assert_eq!(
            words(&awaited.into(), &said),
            "waiting for Q and R to decide; P does not answer; Q and R change to view 1"
        );
    }
}
