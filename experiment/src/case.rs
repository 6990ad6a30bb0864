//! One point of an experiment.

use quorate_report::{Row, Told};

/// How many processes there are, where nothing else is said.
pub(crate) const USUAL: f64 = 4.0;

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Enough to see it, in a few minutes.
    Quick,
    /// Enough for narrow intervals.
    Full,
}

impl Size {
    /// How often each point is measured.
    #[must_use]
    pub const fn turns(self) -> u32 {
        match self {
            Self::Quick => 3,
            Self::Full => 10,
        }
    }
}

/// A question, with all that is measured for it.
#[derive(Clone, Copy, Debug)]
pub struct Experiment {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it asks.
    pub question: &'static str,
    /// What is measured.
    pub(crate) method: &'static str,
    pub(crate) cases: fn(Size) -> Vec<Case>,
    /// Whether a point need not be measured, after what came in this turn before it.
    pub(crate) is_beyond: fn(&Case, &[&Row]) -> bool,
    pub(crate) tell: fn(&mut Told<'_>),
}

impl Experiment {
    /// What is measured, the smaller values of x first.
    #[must_use]
    pub fn cases(&self, size: Size) -> Vec<Case> {
        (self.cases)(size)
    }
}

/// A measurement of processes of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// What it is compared with others by.
    pub series: String,
    /// What is varied.
    pub x: f64,
    /// The options of `client bench`, but for those that all have.
    pub options: String,
    /// Whether the processes keep their state on disk.
    pub on_disk: bool,
}

impl Case {
    pub(crate) fn new(series: impl Into<String>, x: u32, options: String) -> Self {
        Self {
            series: series.into(),
            x: f64::from(x),
            options,
            on_disk: false,
        }
    }

    /// All options of `client bench`, with the state in this folder if it is on disk.
    pub(crate) fn words(&self, data: &str) -> Vec<String> {
        let own = self.options.split(' ');
        let words = ["--faulty", "none"].into_iter().chain(own);
        let on_disk = self.on_disk.then_some(["--data-dir", data]);
        let words = words.chain(on_disk.into_iter().flatten());
        words.map(str::to_owned).collect()
    }
}

/// Every point is worth measuring.
pub(crate) fn never(_: &Case, _: &[&Row]) -> bool {
    false
}

/// What agreement on one slot costs at least, in messages: f processes may lag behind and send no votes.
pub(crate) fn least_for_a_slot(n: f64) -> f64 {
    let f = ((n - 1.0) / 3.0).floor();
    2.0 * (n - 1.0) * (n - f)
}

/// The figure of a row whose messages are counted while the votes for its last operation are still under way.
pub(crate) fn is_at_least(row: &Row, figure: &str, least: f64) -> bool {
    row.figure(figure)
        .is_some_and(|found| found >= 0.95 * least)
}
