//! Experiments: plans that differ in one thing, each played with many seeds, and what theory says of the result.
//!
//! * [`case`](Case): one plan, and its runs. `figures`: what is read of a run. `found`: what several find and draw alike.
//! * One file for each experiment, in the order of [`ALL`].

mod actual;
mod bound;
mod byzantine;
mod case;
mod crashes;
mod delay;
mod figures;
mod found;
mod messages;
mod reads;
mod slots;
mod store;

use quorate_report::{Request, Row, Section, Source, Told};

use crate::outcome::Verdict;
use crate::plan::{Plan, PlanError};
use crate::run::run_with;
use crate::world::Watch;

pub use case::{Case, Size};

/// The name of the folder, in that of a report, where the plans are.
const PLANS: &str = "plans";

/// A question, with all that is played for it.
#[derive(Clone, Copy, Debug)]
pub struct Experiment {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it asks.
    pub question: &'static str,
    /// What is played.
    method: &'static str,
    cases: fn(Size) -> Vec<Case>,
    tell: fn(&mut Told<'_>),
}

/// All experiments, in the order of a report.
pub const ALL: [Experiment; 9] = [
    crashes::EXPERIMENT,
    byzantine::EXPERIMENT,
    messages::EXPERIMENT,
    actual::EXPERIMENT,
    delay::EXPERIMENT,
    slots::EXPERIMENT,
    bound::EXPERIMENT,
    store::EXPERIMENT,
    reads::EXPERIMENT,
];

/// What came of one run.
#[derive(Clone, Debug)]
pub struct Played {
    /// Its figures.
    pub row: Row,
    /// What its requests did, if the case keeps that.
    pub requests: Vec<Request>,
}

impl Experiment {
    /// What is played.
    #[must_use]
    pub fn cases(&self, size: Size) -> Vec<Case> {
        (self.cases)(size)
    }

    /// The name of the file that has the plan of a case, in the folder of the report.
    #[must_use]
    pub fn file(&self, case: &Case) -> String {
        let word = |letter: char| {
            if letter.is_alphanumeric() {
                letter
            } else {
                '-'
            }
        };
        let series: String = case.series.chars().map(word).collect();
        let parts = series.split('-').filter(|part| !part.is_empty());
        let series = parts.collect::<Vec<_>>().join("-").to_lowercase();
        format!("{PLANS}/{}-{series}-{}.toml", self.name, case.x)
    }

    /// Plays a case with a seed. `None`: it was stopped.
    ///
    /// # Errors
    /// The plan cannot be played.
    pub fn play(
        &self,
        case: &Case,
        seed: u64,
        stopped: &dyn Fn() -> bool,
    ) -> Result<Option<Played>, PlanError> {
        let plan = Plan {
            seed,
            ..case.plan.clone()
        };
        let watch = Watch {
            measures: true,
            ..Watch::default()
        };
        let outcome = run_with(&plan, watch, stopped)?;
        if outcome.verdict() == Verdict::Stopped {
            return Ok(None);
        }
        let again = format!("simulate replay {} --seed {seed}", self.file(case));
        let row = Row {
            experiment: self.name,
            source: Source::Simulated,
            series: case.series.clone(),
            x: case.x,
            seed: Some(seed),
            figures: figures::of(case, &outcome),
            again,
        };
        let keeps = case.shows_requests && seed == 0;
        let requests = outcome.measured.filter(|_| keeps).map(|measured| {
            let asked = measured.asked.iter().map(|asked| Request {
                experiment: self.name,
                series: case.series.clone(),
                x: case.x,
                seed: Some(seed),
                asked_ms: figures::ms(asked.at.0),
                latency_ms: asked.answered.map(|end| figures::ms(end.0 - asked.at.0)),
            });
            asked.collect()
        });
        Ok(Some(Played {
            row,
            requests: requests.unwrap_or_default(),
        }))
    }

    /// What the runs of these cases say. What theory says is compared with it only if all were played.
    #[must_use]
    pub fn section(&self, cases: &[Case], played: Vec<Played>) -> Section {
        let wanted: u64 = cases.iter().map(|case| case.seeds).sum();
        let count = played.len() as u64;
        let mut section = Section {
            name: self.name,
            question: self.question,
            method: self.method.to_owned(),
            ..Section::default()
        };
        for one in played {
            section.rows.push(one.row);
            section.requests.extend(one.requests);
        }
        let missing = (count < wanted).then(|| {
            format!("Stopped after {count} of {wanted} runs, so nothing is compared with theory.")
        });
        section.told(Source::Simulated, missing, |told| {
            found::keeps_rules(told);
            (self.tell)(told);
        })
    }
}

/// The experiment of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Experiment> {
    const EXPERIMENTS: &[Experiment] = &ALL;
    EXPERIMENTS.iter().find(|one| one.name == name)
}
