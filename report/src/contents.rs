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

impl Report {
    /// What came of it, for people: a line for each experiment, and one for each sentence of theory that does not hold.
    #[must_use]
    pub fn summary(&self) -> Vec<String> {
        let lines = self.sections.iter().flat_map(|section| {
            let wrong = section.findings.iter().filter(|one| !one.holds);
            let wrong =
                wrong.map(|one| format!("  does not hold: {} Found: {}", one.says, one.seen));
            std::iter::once(section.line()).chain(wrong)
        });
        lines.collect()
    }

    /// Whether all that was compared with theory is as theory says.
    #[must_use]
    pub fn holds(&self) -> bool {
        let mut findings = self.sections.iter().flat_map(|section| &section.findings);
        findings.all(|finding| finding.holds)
    }

    /// The experiments of which something is missing, those that were not begun first.
    #[must_use]
    pub fn not_whole(&self) -> Vec<&'static str> {
        let cut = self.sections.iter().filter(|one| one.cut_short.is_some());
        let cut = cut.map(|one| one.name);
        self.skipped.iter().copied().chain(cut).collect()
    }
}

impl Section {
    fn line(&self) -> String {
        let holds = self.findings.iter().filter(|one| one.holds).count();
        let found = match &self.cut_short {
            Some(why) => why.clone(),
            None => format!(
                "{holds} of {} sentences of theory hold",
                self.findings.len()
            ),
        };
        format!("{}: {} runs, {found}", self.name, self.rows.len())
    }
}
