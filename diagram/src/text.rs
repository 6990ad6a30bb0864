//! How wide a text is. A picture does not know its reader's font, so widths are those of a wide one.

/// The width of a text in pixels, at a font size in pixels.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(|one| size * ems(one)).sum()
}

fn ems(one: char) -> f64 {
    match one {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | '\'' | ':' | ';' | '|' | '!' | ' ' | '(' | ')' => 0.4,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '\u{2026}' => 1.0,
        'A'..='Z' | '#' | '+' | '=' | '<' | '>' | '~' | '&' => 0.8,
        _ if (one as u32) < 0x1100 => 0.65,
        // Chinese, Japanese and Korean characters, and pictures.
        _ => 1.1,
    }
}

/// As much of a text as is at most so wide, with three dots when something is missing; without control characters, which
/// XML does not have.
pub(crate) fn fit(text: &str, size: f64, most: f64) -> String {
    let text = clean(text);
    if width(&text, size) <= most {
        return text;
    }
    let room = most - width("\u{2026}", size);
    let mut used = 0.0;
    let mut shown: String = text
        .chars()
        .take_while(|one| {
            used += size * ems(*one);
            used <= room
        })
        .collect();
    shown.push('\u{2026}');
    shown
}

/// The lines of a text that is at most so wide, broken between words.
pub(crate) fn wrap(text: &str, size: f64, most: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in clean(text).split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line, size) + width(" ", size) + width(word, size) <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(fit(word, size, most)),
        }
    }
    lines
}

/// The text without characters that XML 1.0 does not have.
pub(crate) fn clean(text: &str) -> String {
    let allowed = |one: char| !one.is_control() && !matches!(one, '\u{fffe}' | '\u{ffff}');
    text.chars()
        .map(|one| if allowed(one) { one } else { ' ' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{fit, width, wrap};

    #[test]
    fn a_text_that_is_too_wide_ends_in_dots_and_fits() {
        let long = "pre-prepare ".repeat(20);
        let shown = fit(&long, 12.0, 100.0);
        assert!(shown.ends_with('\u{2026}'), "{shown}");
        assert!(width(&shown, 12.0) <= 100.0, "{shown}");
        assert_eq!(fit("commit", 12.0, 100.0), "commit");
    }

    #[test]
    fn lines_are_broken_between_words_and_lose_none() {
        let text = "one two three four five six seven";
        let lines = wrap(text, 12.0, 80.0);
        assert!(lines.len() > 1);
        assert!(lines.iter().all(|line| width(line, 12.0) <= 80.0));
        assert_eq!(lines.join(" "), text);
    }
}
