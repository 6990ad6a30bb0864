//! Jobs, and the results of their parts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::closing::Phase;
use super::super::command::Task;
use super::super::state::{Gathering, Thing};
use super::super::word::Name;
use super::super::work::Job;
use super::{Closes, VERSION, length, texts};

/// Answers `jobs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jobs {
    /// [`VERSION`].
    pub v: u32,
    /// The epoch.
    pub epoch: u64,
    /// The jobs, in the order in which they were given.
    pub jobs: Vec<JobLine>,
}

/// A job in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobLine {
    /// The job.
    pub job: Name,
    /// Who gave it.
    pub by: String,
    /// What is to be done.
    pub task: Task,
    /// How many of its parts have a result.
    pub done: u32,
    /// Whether no more results are taken.
    pub ended: bool,
    /// The result, once all parts have one.
    pub total: Option<u64>,
}

/// Answers `job JOB`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobReport {
    /// [`VERSION`].
    pub v: u32,
    /// The epoch.
    pub epoch: u64,
    /// The slot in which it was given.
    pub slot: u64,
    /// The job in short.
    pub job: JobLine,
    /// Its parts.
    pub parts: Vec<JobPart>,
    /// How far the job is closed.
    pub closing: Closes,
}

/// A part of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobPart {
    /// The part, from 1.
    pub part: u32,
    /// Its first number.
    pub from: u64,
    /// The number after its last.
    pub to: u64,
    /// Who does it.
    pub assigned: Vec<String>,
    /// The result that f+1 members have given.
    pub value: Option<u64>,
    /// The result of each member.
    pub results: BTreeMap<String, u64>,
}

impl Gathering {
    pub(super) fn job_lines(&self) -> Jobs {
        let jobs = self.jobs().iter();
        Jobs {
            v: VERSION,
            epoch: self.epoch(),
            jobs: jobs.map(|job| self.job_line(job)).collect(),
        }
    }

    pub(super) fn job_line(&self, job: &Thing<Job>) -> JobLine {
        let quorum = self.membership().quorum();
        let undone = length(job.what.undone(quorum).len());
        JobLine {
            job: job.name.clone(),
            by: job.by.to_string(),
            task: job.what.task,
            done: job.what.task.parts.saturating_sub(undone),
            ended: job.what.closing.at().is_some(),
            total: job.what.total(quorum),
        }
    }

    pub(super) fn job(&self, job: &Thing<Job>) -> JobReport {
        let parts = (0..).zip(&job.what.parts).map(|(part, results)| {
            let (from, to) = job.what.task.range(part);
            let results = results.iter();
            JobPart {
                part: part + 1,
                from,
                to,
                assigned: texts(&self.assigned(part)),
                value: job.what.value(part, self.membership().quorum()),
                results: results
                    .map(|(who, result)| (who.to_string(), result.what))
                    .collect(),
            }
        });
        JobReport {
            v: VERSION,
            epoch: self.epoch(),
            slot: job.slot.0,
            job: self.job_line(job),
            parts: parts.collect(),
            closing: self.closes(&Phase::Results(job.name.clone())),
        }
    }
}
