//! What a view of the gathering looks like: sentences, and rows under a header.

use crate::options::SheetFormat;
use crate::render::columns::{fitted, paragraphs, terminal_width};

/// Sentences, and rows under a header.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sheet {
    pub(super) sentences: Vec<String>,
    pub(super) header: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Sheet {
    /// The sheet as text. Lines have a tab between the cells, and `-` where there is nothing.
    pub(super) fn text(&self, format: SheetFormat) -> String {
        let mut text = Vec::new();
        if format == SheetFormat::Lines {
            text.extend(self.sentences.iter().cloned());
            text.extend(self.rows.iter().map(|row| row.join("\t")));
        } else {
            text.extend((!self.sentences.is_empty()).then(|| paragraphs(&self.sentences)));
            text.extend(
                (!self.rows.is_empty()).then(|| fitted(&self.header, &self.rows, terminal_width())),
            );
        }
        text.into_iter().map(|line| line + "\n").collect()
    }
}

/// What a cell shows of a value that may be missing.
pub(super) fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// What a cell shows of several values.
pub(super) fn list(values: impl IntoIterator<Item = impl ToString>) -> String {
    let texts: Vec<_> = values.into_iter().map(|value| value.to_string()).collect();
    or_dash((!texts.is_empty()).then(|| texts.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_for_scripts_and_the_table_for_people() {
        let sheet = Sheet {
            sentences: vec!["Two members.".into()],
            header: vec!["member", "name"],
            rows: vec![
                vec!["P".into(), list(["a", "b"])],
                vec!["Q".into(), or_dash(None::<u8>)],
            ],
        };
        assert_eq!(
            sheet.text(SheetFormat::Lines),
            "Two members.\nP\ta, b\nQ\t-\n"
        );
        let table = sheet.text(SheetFormat::Table);
        assert!(
            table.starts_with("Two members.\n╭") && table.ends_with("╯\n"),
            "{table}"
        );
        assert_eq!(Sheet::default().text(SheetFormat::Table), "");
    }
}
