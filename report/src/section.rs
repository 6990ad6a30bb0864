//! What an experiment found.

use crate::chart::Chart;
use crate::row::{Request, Row, Tail};

/// What theory says, and what came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What theory says, as a sentence.
    pub says: String,
    /// What came out, in words.
    pub seen: String,
    /// Whether that fits.
    pub holds: bool,
}

/// An experiment with all that it found.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// Its name, as a command takes it.
    pub name: &'static str,
    /// What it asks.
    pub question: &'static str,
    /// What is run, how often, and for how long nothing counts.
    pub method: String,
    /// Pictures.
    pub charts: Vec<Chart>,
    /// What theory says, and what came out.
    pub findings: Vec<Finding>,
    /// The raw data.
    pub rows: Vec<Row>,
    /// What single requests did, where a picture shows them.
    pub requests: Vec<Request>,
    /// How long the slowest calls took, where a picture shows it.
    pub tails: Vec<Tail>,
    /// Why not all of it was run.
    pub cut_short: Option<String>,
}
