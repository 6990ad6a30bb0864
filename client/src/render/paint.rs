//! Colours, where they help to find what matters: on a terminal, and only beside words that say the same.

use console::{Color, Style};

use crate::exit::Exit;

/// Green for what holds, red for what is broken, yellow for what is missing.
pub(crate) const fn of(exit: Exit) -> Color {
    match exit {
        Exit::Agree => Color::Green,
        Exit::Broken | Exit::NotDone | Exit::Usage => Color::Red,
        Exit::NoDecision | Exit::Stopped(_) => Color::Yellow,
    }
}

/// The lines in this colour. As they are if standard output is no terminal, or with `NO_COLOR`.
pub(crate) fn lines(text: &str, color: Color) -> String {
    let style = Style::new().fg(color);
    let lines = text.lines().map(|line| style.apply_to(line).to_string());
    lines.collect::<Vec<_>>().join("\n")
}
