//! A text that is shown again and again: in its place on a terminal, otherwise one after the other.

use console::Term;

use super::write_out;

/// Where the text is shown.
pub(crate) struct Screen {
    /// `None` if standard output is not a terminal.
    terminal: Option<Term>,
    /// The lines that stand there, and that the next text replaces.
    lines: usize,
    is_first: bool,
}

impl Screen {
    pub(crate) fn new() -> Self {
        let terminal = Term::stdout();
        Self {
            terminal: terminal.is_term().then_some(terminal),
            lines: 0,
            is_first: true,
        }
    }

    /// Shows this text instead of the last one, or below it.
    pub(crate) fn show(&mut self, text: &str) -> anyhow::Result<()> {
        let is_first = std::mem::replace(&mut self.is_first, false);
        let Some(terminal) = &self.terminal else {
            let space = if is_first { "" } else { "\n" };
            return write_out(&format!("{space}{text}"));
        };
        // A line that has left the window cannot be drawn again.
        let rows = usize::from(terminal.size().0);
        let text = first_lines(text, rows.saturating_sub(1).max(1));
        if self.lines > 0 {
            terminal.move_cursor_up(self.lines)?;
        }
        terminal.clear_to_end_of_screen()?;
        self.lines = text.lines().count();
        write_out(&text)
    }
}

/// The text, or as many of its first lines as fit, and a word that there are more.
fn first_lines(text: &str, most: usize) -> String {
    let count = text.lines().count();
    if count <= most {
        return text.to_owned();
    }
    let shown = text.lines().take(most - 1).map(|line| format!("{line}\n"));
    let rest = format!(
        "... {} lines more: make the window higher\n",
        count + 1 - most
    );
    shown.chain([rest]).collect()
}

#[cfg(test)]
mod tests {
    use super::first_lines;

    #[test]
    fn a_text_that_is_too_high_says_how_much_is_missing() {
        assert_eq!(first_lines("a\nb\n", 2), "a\nb\n");
        let shown = "a\n... 2 lines more: make the window higher\n";
        assert_eq!(first_lines("a\nb\nc\n", 2), shown);
    }
}
