//! A report as a folder.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::chart::Chart;
use crate::contents::{Again, Report};
use crate::draw::{DrawError, draw};
use crate::page::page;
use crate::row::Row;
use crate::section::Section;

/// The file with the rows.
const ROWS: &str = "runs.jsonl";

/// A folder that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum BadFolder {
    /// There is something in it.
    #[error(
        "{0}: it is not empty, and a report there is not overwritten: name another folder, or remove it"
    )]
    NotEmpty(PathBuf),
    /// The system says no.
    #[error("{0} cannot be written: {1}")]
    Unwritable(PathBuf, io::Error),
    /// A row does not fit a table.
    #[error("the data cannot be written: {0}")]
    Data(String),
    /// A chart cannot be drawn.
    #[error(transparent)]
    Draw(#[from] DrawError),
}

/// A folder that is there, and empty.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes the folder, so that one that cannot be written is known before anything is measured.
    ///
    /// # Errors
    /// It has something in it, or cannot be made.
    pub fn make(path: &Path) -> Result<Self, BadFolder> {
        let unwritable = |error| BadFolder::Unwritable(path.to_owned(), error);
        fs::create_dir_all(path).map_err(unwritable)?;
        let mut entries = fs::read_dir(path).map_err(unwritable)?;
        if entries.next().is_some() {
            return Err(BadFolder::NotEmpty(path.to_owned()));
        }
        Ok(Self(path.to_owned()))
    }

    /// Adds a row to the raw data, so that it lasts whatever becomes of the program. [`Folder::write`] writes them anew.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn keep(&self, row: &Row) -> Result<(), BadFolder> {
        let path = self.0.join(ROWS);
        let line = lines(&[row])?;
        let mut options = fs::OpenOptions::new();
        let opened = options.create(true).append(true).open(&path);
        let written = opened.and_then(|mut file| file.write_all(line.as_bytes()));
        written.map_err(|error| BadFolder::Unwritable(path, error))
    }

    /// Writes a report.
    ///
    /// # Errors
    /// Something cannot be drawn or written.
    pub fn write(&self, report: &Report) -> Result<(), BadFolder> {
        let charts: Vec<&Chart> = report.sections.iter().flat_map(|one| &one.charts).collect();
        let pictures = charts.iter().map(|chart| draw(chart));
        let pictures = pictures.collect::<Result<Vec<_>, _>>()?;
        for (chart, picture) in charts.iter().zip(&pictures) {
            self.file(&format!("{}.svg", chart.name), picture)?;
        }
        self.file("index.html", &page(report, &pictures))?;
        let rows: Vec<&Row> = report.sections.iter().flat_map(|one| &one.rows).collect();
        self.file(ROWS, &lines(&rows)?)?;
        self.file(
            "runs.csv",
            &runs(&rows).map_err(|error| BadFolder::Data(error.to_string()))?,
        )?;
        let requests = requests(&report.sections);
        self.file(
            "requests.csv",
            &requests.map_err(|error| BadFolder::Data(error.to_string()))?,
        )?;
        let machine = serde_json::to_string_pretty(&report.machine);
        let machine = machine.map_err(|error| BadFolder::Data(error.to_string()))?;
        self.file("machine.json", &format!("{machine}\n"))?;
        self.file("reproduce.sh", &reproduce(&report.again))?;
        for (name, text) in &report.files {
            self.file(name, text)?;
        }
        Ok(())
    }

    fn file(&self, name: &str, text: &str) -> Result<(), BadFolder> {
        let path = self.0.join(name);
        let folder = path.parent().unwrap_or(&self.0);
        let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, text));
        written.map_err(|error| BadFolder::Unwritable(path, error))
    }
}

fn lines(rows: &[&Row]) -> Result<String, BadFolder> {
    let line = |row: &&Row| serde_json::to_string(row).map(|line| line + "\n");
    let lines = rows.iter().map(line).collect::<Result<String, _>>();
    lines.map_err(|error| BadFolder::Data(error.to_string()))
}

/// One table: a column for each figure that any row has.
fn runs(rows: &[&Row]) -> Result<String, csv::Error> {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in rows.iter().flat_map(|row| &row.figures) {
        if !names.contains(name) {
            names.push(name);
        }
    }
    let mut table = csv::Writer::from_writer(Vec::new());
    let first = ["experiment", "source", "series", "x", "seed"];
    let head = first.into_iter().chain(names.iter().copied());
    table.write_record(head.chain(["again"]))?;
    for row in rows {
        let figure = |name: &&str| {
            row.figure(name)
                .map_or_else(String::new, |one| one.to_string())
        };
        let first = [
            row.experiment.to_owned(),
            row.source.to_string(),
            row.series.clone(),
            row.x.to_string(),
            row.seed.map_or_else(String::new, |seed| seed.to_string()),
        ];
        let figures = names.iter().map(figure);
        table.write_record(first.into_iter().chain(figures).chain([row.again.clone()]))?;
    }
    text(table)
}

fn requests(sections: &[Section]) -> Result<String, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record([
        "experiment",
        "series",
        "x",
        "seed",
        "asked_ms",
        "latency_ms",
    ])?;
    for one in sections.iter().flat_map(|section| &section.requests) {
        table.serialize(one)?;
    }
    text(table)
}

fn text(table: csv::Writer<Vec<u8>>) -> Result<String, csv::Error> {
    let bytes = table
        .into_inner()
        .map_err(|error| io::Error::other(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| io::Error::other(error).into())
}

fn reproduce(again: &Again) -> String {
    let command = &again.command;
    let compared = if again.is_exact {
        // Who keeps a report may compress the data.
        "for name in runs.jsonl runs.csv; do\n  if [ -f \"$here/$name.gz\" ]; then\n    gzip -dc \"$here/$name.gz\" | cmp - \"$out/$name\"\n  \
         else\n    cmp \"$here/$name\" \"$out/$name\"\n  fi\ndone\necho \"the same data, byte for byte: $out\"\n"
    } else {
        "echo \"measured again: compare $here/runs.csv with $out/runs.csv\"\n"
    };
    format!(
        "#!/bin/sh\n# Makes this report again, in the folder that is named, or in 'again' beside this file.\nset -eu\n\
         here=$(cd \"$(dirname \"$0\")\" && pwd)\nout=${{1:-$here/again}}\n{command} \"$out\" || test $? -eq 1\n{compared}"
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;
    use std::{env, fs, process};

    use super::{BadFolder, Folder};
    use crate::contents::{Again, Report};
    use crate::machine::Machine;
    use crate::row::{Request, Row, Source};
    use crate::section::{Finding, Section};

    fn folder(name: &str) -> PathBuf {
        let path = env::temp_dir().join(format!("quorate-report-{}-{name}", process::id()));
        let _ = fs::remove_dir_all(&path);
        path
    }

    fn row(figures: Vec<(&'static str, f64)>) -> Row {
        Row {
            experiment: "test",
            source: Source::Measured,
            series: "a, b".to_owned(),
            x: 1.5,
            seed: None,
            figures,
            again: "client bench".to_owned(),
        }
    }

    #[test]
    fn a_folder_has_all_and_a_table_has_a_column_for_each_figure() {
        let path = folder("all");
        let section = Section {
            name: "test",
            question: "Is 1 < 2?",
            findings: vec![Finding {
                says: "1 < 2".to_owned(),
                seen: "1 > 2".to_owned(),
                holds: false,
            }],
            rows: vec![row(vec![("one", 1.0)]), row(vec![("two", 0.25)])],
            requests: vec![Request {
                experiment: "test",
                series: "a".to_owned(),
                x: 2.0,
                seed: Some(1),
                asked_ms: 1.0,
                latency_ms: None,
            }],
            ..Section::default()
        };
        let report = Report {
            title: "A report".to_owned(),
            sections: vec![section],
            skipped: vec!["more"],
            machine: Machine::this("simulate experiment test".to_owned()),
            again: Again {
                command: "simulate experiment test --out".to_owned(),
                is_exact: true,
            },
            files: BTreeMap::from([("plans/a.toml".to_owned(), "seed = 1\n".to_owned())]),
        };
        let folder = Folder::make(&path).unwrap();
        folder.keep(&report.sections[0].rows[0]).unwrap();
        let read = |name: &str| fs::read_to_string(path.join(name)).unwrap();
        assert_eq!(read("runs.jsonl").lines().count(), 1);
        folder.write(&report).unwrap();
        assert_eq!(
            read("runs.csv"),
            "experiment,source,series,x,seed,one,two,again\n\
             test,measured,\"a, b\",1.5,,1,,client bench\n\
             test,measured,\"a, b\",1.5,,,0.25,client bench\n"
        );
        assert_eq!(
            read("requests.csv").lines().last(),
            Some("test,a,2.0,1,1.0,")
        );
        assert_eq!(read("runs.jsonl").lines().count(), 2);
        let page = read("index.html");
        assert!(
            page.contains("Is 1 &lt; 2?") && page.contains("Not run: more"),
            "{page}"
        );
        assert!(page.contains("<td class=\"no\">no"), "{page}");
        assert!(read("reproduce.sh").contains("simulate experiment test --out \"$out\" ||"));
        assert_eq!(read("plans/a.toml"), "seed = 1\n");
        assert!(read("machine.json").contains("\"version\""));
        let again = Folder::make(&path);
        assert!(matches!(again, Err(BadFolder::NotEmpty(_))), "{again:?}");
        fs::remove_dir_all(&path).unwrap();
    }
}
