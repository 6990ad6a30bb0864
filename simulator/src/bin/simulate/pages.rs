//! Runs as pages, each in one file.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use quorate_simulator::{Plan, Watch, run_with};
use quorate_trace::file::Trace;

use crate::stop::Stop;

/// The most pages of a sweep. A page has up to some megabytes, and an engine with a bug may break every run.
const MOST: usize = 100;

/// Writes the page of a trace. A page that cannot be written whole is not left behind.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn write(trace: &Trace, file: &Path) -> anyhow::Result<()> {
    let written = quorate_page::html(trace).and_then(|page| {
        let written = fs::write(file, page);
        if written.is_err() && file.is_file() {
            // What is told is why it could not be written.
            let _ = fs::remove_file(file);
        }
        written
    });
    written.with_context(|| format!("the page cannot be written to {}", file.display()))
}

/// The command that makes the page of the run that `command` plays.
pub(crate) fn command(command: &str) -> String {
    format!("{command} --html run.html")
}

/// The pages of the broken runs of a sweep.
#[derive(Debug)]
pub(crate) struct Pages {
    folder: PathBuf,
    /// The seeds that have a page.
    written: BTreeSet<u64>,
    left_out: usize,
}

impl Pages {
    /// Those in this folder, which is made if it is not there. A page of an earlier sweep is replaced.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)
            .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
        Ok(Self {
            folder: folder.to_owned(),
            written: BTreeSet::new(),
            left_out: 0,
        })
    }

    /// The page of a seed, if it has one.
    pub(crate) fn of(&self, seed: u64) -> Option<PathBuf> {
        self.written.contains(&seed).then(|| self.file(seed))
    }

    fn file(&self, seed: u64) -> PathBuf {
        self.folder.join(format!("seed-{seed}.html"))
    }

    /// Plays a broken run once more, and writes its page. `command` plays the run.
    ///
    /// # Errors
    /// The page cannot be written.
    pub(crate) fn add(&mut self, plan: &Plan, command: &str, stop: &Stop) -> anyhow::Result<()> {
        if self.written.len() == MOST {
            self.left_out += 1;
            return Ok(());
        }
        let watch = Watch {
            events: true,
            ..Watch::default()
        };
        let mut outcome = run_with(plan, watch, &|| stop.is_asked())?;
        let trace = outcome.take_trace(plan, &format!("{command} --html FILE"));
        if let Some(trace) = trace.filter(|_| !outcome.stopped) {
            write(&trace, &self.file(plan.seed))?;
            self.written.insert(plan.seed);
        }
        Ok(())
    }

    /// What was written, in words.
    pub(crate) fn summary(&self) -> String {
        let count = self.written.len();
        let plural = if count == 1 { "" } else { "s" };
        let mut text = format!("{count} page{plural} in {}", self.folder.display());
        if self.left_out > 0 {
            text += &format!(" ({} more broken runs have none)", self.left_out);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{MOST, Pages};
    use crate::stop::Stop;
    use quorate_simulator::Plan;

    #[test]
    fn a_sweep_writes_only_so_many_pages_and_says_how_many_it_left_out() {
        let name = format!("quorate-pages-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let mut pages = Pages::open(&folder).unwrap();
        let stop = Stop::listen().unwrap();
        for seed in 0..MOST as u64 + 2 {
            let plan = Plan {
                seed,
                ..Plan::calm(1)
            };
            pages.add(&plan, "simulate run", &stop).unwrap();
        }
        let written = std::fs::read_dir(&folder).unwrap().count();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(written, MOST);
        let told = format!(
            "{MOST} pages in {} (2 more broken runs have none)",
            folder.display()
        );
        assert_eq!(pages.summary(), told);
        assert!(pages.of(0).is_some() && pages.of(MOST as u64).is_none());
    }
}
