//! All measurements, one after the other, and what came of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use indicatif::ProgressBar;
use quorate_client::{Unmeasured, bench_command, measure};
use quorate_report::{Folder, Row, Section, Source};

use crate::case::{Case, Experiment};
use crate::latencies::{self, Latencies};

/// So many measurements that fail one after the other end the whole.
const TOO_MANY: usize = 3;
/// The folder, in that of the report, where processes keep their state while they are measured.
const DATA: &str = "data";

/// Measurements of several experiments.
#[derive(Debug)]
pub struct Runs {
    each: Vec<Taken>,
    turns: u32,
    data: PathBuf,
    /// When the first measurement began.
    began: Instant,
}

/// One experiment: what is measured, and what came of it so far.
#[derive(Debug)]
struct Taken {
    experiment: Experiment,
    cases: Vec<Case>,
    rows: Vec<Row>,
    /// Of each row.
    latencies: Vec<Latencies>,
    failed: Vec<Unmeasured>,
    /// The points that were not worth measuring.
    beyond: BTreeSet<String>,
    /// How many measurements were made, or left out.
    done: usize,
}

/// What came of measurements.
#[derive(Debug)]
pub struct Found {
    /// The experiments of which something was measured.
    pub sections: Vec<Section>,
    /// The names of the others.
    pub skipped: Vec<&'static str>,
    /// More files of the report: the latency of each call, `latencies.hdr`.
    pub files: BTreeMap<String, String>,
}

/// Why not all was measured.
#[derive(Debug)]
pub enum Ended {
    /// The last measurements failed, one after the other.
    Failing(Unmeasured),
    /// What was measured cannot be kept.
    Unkept(anyhow::Error),
}

impl Runs {
    /// Measures each case so many times. The folder is that of the report.
    #[must_use]
    pub fn new(wanted: Vec<(Experiment, Vec<Case>)>, turns: u32, folder: &Path) -> Self {
        let each = wanted.into_iter().map(|(experiment, cases)| Taken {
            experiment,
            cases,
            rows: Vec::new(),
            latencies: Vec::new(),
            failed: Vec::new(),
            beyond: BTreeSet::new(),
            done: 0,
        });
        Self {
            each: each.collect(),
            turns,
            data: folder.join(DATA),
            began: Instant::now(),
        }
    }

    /// How many measurements there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        let cases = self.each.iter().map(|one| one.cases.len() as u64);
        cases.sum::<u64>() * u64::from(self.turns)
    }

    /// Measures all, each experiment in turns, so that a machine that becomes slower does so for all its points. What comes out is kept in
    /// the folder at once. The future may be dropped: what was measured until then stays.
    ///
    /// # Errors
    /// There is no use in going on.
    pub async fn take(&mut self, folder: &Folder, bar: &ProgressBar) -> Result<(), Ended> {
        let mut in_a_row = 0;
        self.began = Instant::now();
        for taken in &mut self.each {
            for turn in 1..=self.turns {
                for place in 0..taken.cases.len() {
                    bar.set_message(taken.message(place, turn));
                    let failed = taken.failed.len();
                    taken
                        .one(place, turn, (&self.data, folder), self.began)
                        .await?;
                    bar.inc(1);
                    in_a_row = match taken.failed.len() - failed {
                        0 => 0,
                        _ => in_a_row + 1,
                    };
                    if let (TOO_MANY, Some(last)) = (in_a_row, taken.failed.last()) {
                        return Err(Ended::Failing(last.clone()));
                    }
                }
            }
        }
        Ok(())
    }

    /// What came of it.
    ///
    /// # Errors
    /// The latencies cannot be written down.
    pub fn found(self) -> anyhow::Result<Found> {
        let turns = self.turns;
        let (begun, others): (Vec<Taken>, Vec<Taken>) =
            self.each.into_iter().partition(|one| one.done > 0);
        let skipped = others.iter().map(|one| one.experiment.name);
        let all = begun.iter().flat_map(|one| &one.latencies);
        let log = latencies::log(all)?;
        let sections = begun.into_iter().map(|one| one.section(turns));
        Ok(Found {
            sections: sections.collect::<anyhow::Result<_>>()?,
            skipped: skipped.collect(),
            files: BTreeMap::from([(latencies::FILE.to_owned(), log)]),
        })
    }

    /// Removes what processes that were killed have left on disk.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn remove_data(&self) -> anyhow::Result<()> {
        remove(&self.data)
    }
}

impl Taken {
    fn message(&self, place: usize, turn: u32) -> String {
        let (name, case) = (self.experiment.name, &self.cases[place]);
        format!(", {name}, turn {turn}: {}, {}", case.series, case.x)
    }

    async fn one(
        &mut self,
        place: usize,
        turn: u32,
        (data, folder): (&Path, &Folder),
        began: Instant,
    ) -> Result<(), Ended> {
        let case = &self.cases[place];
        let number = f64::from(turn);
        let rows = self.rows.iter();
        let so_far: Vec<&Row> = rows
            .filter(|row| row.figure("turn") == Some(number))
            .collect();
        if (self.experiment.is_beyond)(case, &so_far) {
            self.beyond.insert(format!("{}, {}", case.series, case.x));
            self.done += 1;
            return Ok(());
        }
        let (since, now) = (began.elapsed(), Instant::now());
        let measured = measure(&case.words(&data.to_string_lossy())).await;
        remove(data).map_err(Ended::Unkept)?;
        self.done += 1;
        match measured {
            Err(failed) => self.failed.push(failed),
            Ok(measured) => {
                let turn = [("turn", number)].into_iter();
                let row = Row {
                    experiment: self.experiment.name,
                    source: Source::Measured,
                    series: case.series.clone(),
                    x: case.x,
                    seed: None,
                    figures: turn.chain(measured.figures).collect(),
                    again: bench_command(&case.words(DATA)),
                };
                let kept = folder.keep(&row);
                kept.map_err(|error| Ended::Unkept(error.into()))?;
                self.rows.push(row);
                self.latencies.push(Latencies {
                    experiment: self.experiment.name,
                    series: case.series.clone(),
                    x: case.x,
                    began: since,
                    took: now.elapsed(),
                    calls: measured.latencies,
                });
            }
        }
        Ok(())
    }

    fn section(self, turns: u32) -> anyhow::Result<Section> {
        let wanted = self.cases.len() * turns as usize;
        let missing = (self.done < wanted).then(|| {
            format!(
                "Ended after {} of {wanted} measurements, so nothing is compared with theory.",
                self.done
            )
        });
        let beyond: Vec<String> = self.beyond.into_iter().collect();
        let left_out = match beyond.len() {
            0 => String::new(),
            _ => format!(
                " Left out in one turn or more, because it is far beyond what can be served: {}.",
                beyond.join("; ")
            ),
        };
        let section = Section {
            name: self.experiment.name,
            question: self.experiment.question,
            method: format!(
                "{} Each point is measured {turns} times, in turns, each time with new processes.{left_out}",
                self.experiment.method
            ),
            rows: self.rows,
            tails: latencies::tails(&self.latencies)?,
            ..Section::default()
        };
        let failed: Vec<String> = self.failed.iter().map(ToString::to_string).collect();
        Ok(section.told(Source::Measured, missing, |told| {
            told.find(
                "Every measurement ends: each call is answered, the last write of each client is read at another process, and no two \
                 correct processes have executed different batches.",
                match failed.len() {
                    0 => format!("in all {} measurements", self.done - beyond.len()),
                    many => format!("not in {many}: {}", failed.join("; ")),
                },
                failed.is_empty(),
            );
            (self.experiment.tell)(told);
        }))
    }
}

fn remove(folder: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", folder.display()))
        }
        _ => Ok(()),
    }
}
