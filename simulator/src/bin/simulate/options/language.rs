//! The help of `simulate transcript`: the language of its texts.

use quorate_simulator::transcript::{COMMANDS, WORDS};

/// How wide help is.
const WIDTH: usize = 100;

/// The language of the texts, for help.
pub(super) fn language() -> String {
    let mut text = "'>' begins a command and '#' a remark. Every other line tells what the processes did at the\n\
                    command above it.\n\nCommands:\n"
        .to_owned();
    for entry in COMMANDS {
        text += &format!("  {}\n{}", entry.form, wrapped(entry.does));
    }
    text += "\nWords in capitals:\n";
    for (word, meaning) in WORDS {
        text += &format!("  {word}\n{}", wrapped(meaning));
    }
    text
}

/// Indented lines that are not too long.
fn wrapped(text: &str) -> String {
    const INDENT: &str = "         ";
    let (mut lines, mut line) = (String::new(), INDENT.to_owned());
    for word in text.split(' ') {
        if line.len() + 1 + word.len() > WIDTH {
            lines += &format!("{line}\n");
            line = INDENT.to_owned();
        }
        line = format!("{line} {word}");
    }
    lines + &format!("{line}\n")
}
