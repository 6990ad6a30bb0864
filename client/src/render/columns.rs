//! Text in columns that fits the terminal. Cells wrap at words. If that is not enough, each row becomes a card.
//!
//! The widths are computed here, because tabled has no least width of a column: it breaks the words of narrow columns
//! while others could still wrap.

use std::iter;

use console::Term;
use tabled::builder::Builder;
use tabled::grid::util::string::get_text_width;
use tabled::settings::Style;
use tabled::settings::width::Wrap;

/// The width, in columns, of output that does not go to a terminal.
const USUAL_WIDTH: usize = 80;
/// A column is never narrower than its longest word, unless that word is longer than this.
const LONGEST_WORD: usize = 12;
/// The fewest columns that a card leaves for a value.
const NARROWEST_VALUE: usize = 8;
/// The columns that frame and padding take: three per cell and one at the end.
const FRAME_OF_CELL: usize = 3;
const FRAME_AT_END: usize = 1;

/// How many columns the output has: those of the terminal, or 80.
pub(crate) fn terminal_width() -> usize {
    let size = Term::stdout().size_checked();
    size.map_or(USUAL_WIDTH, |(_, columns)| usize::from(columns))
}

/// Texts that begin on a new line each, and wrap at words to the width of the terminal.
pub(crate) fn paragraphs(texts: &[String]) -> String {
    let texts = texts.iter().map(|text| wrap(text, terminal_width()));
    texts.collect::<Vec<_>>().join("\n")
}

/// A table no wider than `width` columns, or a card for each row if the cells would become too narrow to read.
pub(crate) fn fitted(header: &[&str], rows: &[Vec<String>], width: usize) -> String {
    let header: Vec<String> = header.iter().map(ToString::to_string).collect();
    match column_widths(&header, rows, width) {
        Some(widths) => framed(&header, rows, &widths),
        None => cards(&header, rows, width),
    }
}

/// The width of each column; `None` if the words do not fit. Headers wrap before cells, and wide columns before others.
fn column_widths(header: &[String], rows: &[Vec<String>], width: usize) -> Option<Vec<usize>> {
    let columns: Vec<_> = (0..header.len())
        .map(|column| {
            Column::new(
                &header[column],
                rows.iter().filter_map(|row| row.get(column)),
            )
        })
        .collect();
    let frame = FRAME_OF_CELL * header.len() + FRAME_AT_END;
    let available = width.checked_sub(frame)?;
    let widths = columns.iter().map(|column| column.width).collect();
    narrowed(widths, available, |column, width| {
        columns[column].narrower_header(width)
    })
    .or_else(|widths| {
        narrowed(widths, available, |column, width| {
            columns[column].narrower(width)
        })
    })
    .ok()
}

/// Makes the widest column narrower until all columns fit. Returns the widths if no column can become narrower.
fn narrowed(
    mut widths: Vec<usize>,
    available: usize,
    narrower: impl Fn(usize, usize) -> Option<usize>,
) -> Result<Vec<usize>, Vec<usize>> {
    while widths.iter().sum::<usize>() > available {
        let candidates = widths.iter().enumerate();
        let widest = candidates
            .filter_map(|(column, width)| Some((*width, column, narrower(column, *width)?)))
            .max();
        let Some((_, column, width)) = widest else {
            return Err(widths);
        };
        widths[column] = width;
    }
    Ok(widths)
}

/// The cells of one column, and how wide they are.
struct Column<'a> {
    header: &'a str,
    cells: Vec<&'a str>,
    /// The width if nothing wraps.
    width: usize,
    /// The width of the widest cell under the header.
    cells_width: usize,
    /// The width of the longest word, or less if that word must be broken.
    least: usize,
}

impl<'a> Column<'a> {
    fn new(header: &'a str, cells: impl Iterator<Item = &'a String>) -> Self {
        let cells: Vec<_> = cells.map(String::as_str).collect();
        let widest = |measure: fn(&str) -> usize| cells.iter().map(|cell| measure(cell)).max();
        let cells_width = widest(get_text_width).unwrap_or(0);
        let longest = widest(longest_word).unwrap_or(0);
        Self {
            header,
            width: cells_width.max(get_text_width(header)),
            cells_width,
            least: longest.max(longest_word(header)).min(LONGEST_WORD),
            cells,
        }
    }

    /// The next width below this one at which only the header wraps further.
    fn narrower_header(&self, width: usize) -> Option<usize> {
        self.narrower(width)
            .filter(|narrower| *narrower >= self.cells_width)
    }

    /// The next width below this one that the column can have.
    fn narrower(&self, width: usize) -> Option<usize> {
        let limit = width.checked_sub(1).filter(|limit| *limit >= self.least)?;
        let all = self.cells.iter().copied().chain([self.header]);
        let narrower = all.map(|cell| get_text_width(&wrap(cell, limit))).max();
        narrower.filter(|narrower| *narrower < width)
    }
}

fn longest_word(cell: &str) -> usize {
    let words = cell.split_whitespace().map(get_text_width);
    words.max().unwrap_or(0)
}

fn framed(header: &[String], rows: &[Vec<String>], widths: &[usize]) -> String {
    let mut builder = Builder::default();
    for row in iter::once(header).chain(rows.iter().map(Vec::as_slice)) {
        builder.push_record(iter::zip(row, widths).map(|(cell, width)| wrap(cell, *width)));
    }
    builder.build().with(Style::rounded()).to_string()
}

/// The first cell of a row as a title, the others under it with their names.
fn cards(header: &[String], rows: &[Vec<String>], width: usize) -> String {
    let label = header.iter().skip(1).map(|name| get_text_width(name)).max();
    let label = label.unwrap_or(0);
    let value_width = width.saturating_sub(label + 4).max(NARROWEST_VALUE);
    let mut lines = Vec::new();
    for row in rows {
        lines.extend(row.first().map(|title| wrap(title, width)));
        for (name, value) in iter::zip(header, row).skip(1) {
            let value = wrap(value, value_width).replace('\n', &format!("\n{:label$}    ", ""));
            lines.push(format!("  {name:label$}  {value}"));
        }
    }
    lines.join("\n")
}

/// Breaks a text into lines at words. Spaces around a break are dropped.
fn wrap(text: &str, width: usize) -> String {
    if get_text_width(text) <= width {
        return text.to_owned();
    }
    let wrapped = Wrap::wrap(text, width, true);
    let lines: Vec<_> = wrapped.lines().map(str::trim).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: [&str; 8] = [
        "process",
        "port",
        "fault",
        "view",
        "sequence number",
        "ballots",
        "decision",
        "time taken",
    ];

    fn row(process: &str, ballots: &str, decision: &str) -> Vec<String> {
        [
            process, "8000", "none", "0", "5", ballots, decision, "1.2 ms",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    /// A whole exchange of `n` processes, each of which has every ballot.
    fn exchange(n: u32, decision: &str) -> Vec<Vec<String>> {
        let names: Vec<_> = (0..n).map(quorate_server::name_of).collect();
        let ballots: Vec<_> = iter::zip(&names, 1..)
            .map(|(name, slot)| format!("{name}@{slot}"))
            .collect();
        let ballots = ballots.join(" ");
        names
            .iter()
            .map(|name| row(name, &ballots, decision))
            .collect()
    }

    fn assert_fits(text: &str, width: usize) {
        for line in text.lines() {
            assert!(get_text_width(line) <= width, "{line}\n{text}");
        }
    }

    #[test]
    fn no_line_is_over_80_columns_whatever_the_number_of_processes_and_the_decision() {
        let long = "x".repeat(200);
        let wide = "攻撃".repeat(33);
        let words = "attack at dawn ".repeat(13);
        for n in [4, 7, 31] {
            for decision in ["attack", &long, &wide, &words, "🏰 🏰"] {
                let text = fitted(&HEADER, &exchange(n, decision), 80);
                assert_fits(&text, 80);
            }
        }
    }

    #[test]
    fn wide_cells_wrap_at_words_and_short_ones_stay_as_they_are() {
        let rows = [row("P", "P@1 Q@2 R@3 S@4", "attack")];
        assert_eq!(
            fitted(&HEADER, &rows, 80),
            "\
╭─────────┬──────┬───────┬──────┬──────────┬─────────────┬──────────┬────────╮
│ process │ port │ fault │ view │ sequence │ ballots     │ decision │ time   │
│         │      │       │      │ number   │             │          │ taken  │
├─────────┼──────┼───────┼──────┼──────────┼─────────────┼──────────┼────────┤
│ P       │ 8000 │ none  │ 0    │ 5        │ P@1 Q@2 R@3 │ attack   │ 1.2 ms │
│         │      │       │      │          │ S@4         │          │        │
╰─────────┴──────┴───────┴──────┴──────────┴─────────────┴──────────┴────────╯"
        );
    }

    #[test]
    fn a_table_that_fits_is_not_wrapped() {
        let rows = [row("P", "P@1 Q@2 R@3 S@4", "attack")];
        assert_eq!(fitted(&HEADER, &rows, 200).lines().count(), 5);
    }

    #[test]
    fn where_the_words_do_not_fit_each_row_is_a_card() {
        let rows = [
            row("P", "P@1 Q@2 R@3 S@4", "attack"),
            row("Q", "-", "attack"),
        ];
        let text = fitted(&HEADER, &rows, 30);
        assert_fits(&text, 30);
        assert!(text.starts_with("P\n  port             8000\n"), "{text}");
        assert!(
            text.contains("\n  ballots          P@1 Q@2 R@3\n                   S@4\n"),
            "{text}"
        );
    }
}
