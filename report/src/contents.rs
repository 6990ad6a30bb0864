//! All that a report has, as data.

use std::collections::BTreeMap;

use crate::machine::Machine;
use crate::section::Section;

/// All that a folder has.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its title.
    pub title: String,
    /// What was found.
    pub sections: Vec<Section>,
    /// The experiments that were not begun.
    pub skipped: Vec<&'static str>,
    /// On what it was made.
    pub machine: Machine,
    /// How it is made again.
    pub again: Again,
    /// More files, by their names in the folder: what the commands of the rows need.
    pub files: BTreeMap<String, String>,
}

/// How a report is made again.
#[derive(Clone, Debug)]
pub struct Again {
    /// The command, up to the name of the folder: `simulate experiment all --quick --out`.
    pub command: String,
    /// Whether the data are then the same, byte for byte.
    pub is_exact: bool,
}
