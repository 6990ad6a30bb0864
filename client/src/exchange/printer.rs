//! Prints each line of the exchange as soon as it is true and all lines before it are printed.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::options::ExchangeFormat;
use crate::render::write_out;

/// Receives the lines in any order, and prints them in their own order.
pub(super) struct Printer {
    prints: bool,
    lines: RefCell<Lines>,
}

#[derive(Default)]
struct Lines {
    /// Lines that wait for an earlier line.
    waiting: BTreeMap<usize, String>,
    next: usize,
    /// The lines that are printed already. A round that is played again does not print them again.
    printed: Vec<String>,
}

impl Printer {
    /// Prints if the format has lines.
    pub(super) fn new(format: Option<ExchangeFormat>) -> Self {
        Self {
            prints: matches!(format, None | Some(ExchangeFormat::Lines)),
            lines: RefCell::default(),
        }
    }

    /// A round begins, with its first line.
    pub(super) fn begin(&self) {
        let mut lines = self.lines.borrow_mut();
        lines.waiting.clear();
        lines.next = 0;
    }

    /// A line is true.
    ///
    /// # Errors
    /// The line cannot be printed.
    pub(super) fn put(&self, place: usize, line: String) -> anyhow::Result<()> {
        let ready = self.lines.borrow_mut().put(place, line);
        for line in ready.into_iter().filter(|_| self.prints) {
            write_out(&(line + "\n"))?;
        }
        Ok(())
    }
}

impl Lines {
    /// The lines that can be printed now.
    fn put(&mut self, place: usize, line: String) -> Vec<String> {
        self.waiting.insert(place, line);
        let mut ready = Vec::new();
        while let Some(line) = self.waiting.remove(&self.next) {
            match self.printed.get_mut(self.next) {
                Some(printed) if *printed == line => {}
                Some(printed) => {
                    printed.clone_from(&line);
                    ready.push(line);
                }
                None => {
                    self.printed.push(line.clone());
                    ready.push(line);
                }
            }
            self.next += 1;
        }
        ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_waits_for_those_before_it_and_for_no_other() {
        let mut lines = Lines::default();
        let mut put = |place, line: &str| lines.put(place, line.to_owned());
        assert_eq!(put(0, "a"), ["a"]);
        assert!(put(2, "c").is_empty());
        assert_eq!(put(1, "b"), ["b", "c"]);
        assert_eq!(put(3, "d"), ["d"]);
    }

    #[test]
    fn a_line_that_is_true_again_is_not_printed_again() {
        let mut lines = Lines::default();
        lines.put(0, "Q sent".into());
        lines.next = 0;
        assert!(lines.put(0, "Q sent".into()).is_empty());
        assert_eq!(lines.put(1, "Q decided".into()), ["Q decided"]);
    }
}
