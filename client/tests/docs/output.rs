//! Compares an output with the text that a page shows. In the shown text `...` stands for anything: alone on its line for any
//! number of lines, within a line for any text.

/// Whether `printed` is `shown`. Spaces at the end of lines, and empty lines at both ends, do not count.
pub(crate) fn is_shown(shown: &str, printed: &str) -> bool {
    lines_match(&lines(shown), &lines(printed))
}

fn lines(text: &str) -> Vec<&str> {
    text.trim().lines().map(str::trim_end).collect()
}

fn lines_match(shown: &[&str], printed: &[&str]) -> bool {
    match (shown.split_first(), printed.split_first()) {
        (None, left) => left.is_none(),
        (Some((&"...", rest)), _) => {
            (0..=printed.len()).any(|skipped| lines_match(rest, &printed[skipped..]))
        }
        (Some((line, rest)), Some((first, others))) => {
            line_matches(line, first) && lines_match(rest, others)
        }
        (Some(_), None) => false,
    }
}

fn line_matches(shown: &str, printed: &str) -> bool {
    let Some((start, rest)) = shown.split_once("...") else {
        return shown == printed;
    };
    let Some(left) = printed.strip_prefix(start) else {
        return false;
    };
    let mut ends = left.char_indices().map(|(at, _)| at).chain([left.len()]);
    ends.any(|at| line_matches(rest, &left[at..]))
}

#[test]
fn dots_stand_for_lines_and_for_text() {
    let printed = "a\nb is 17 ms\nc\nd \n";
    for shown in [
        "a\nb is 17 ms\nc\nd",
        "...\nb is ... ms\n...",
        "a\n...\nd",
        "a\nb...\nc\nd\n...",
    ] {
        assert!(is_shown(shown, printed), "{shown}");
    }
    for shown in [
        "a\nb is 17 ms\nc",
        "a\nb is ... s\nc\nd",
        "...\ne\n...",
        "a\nd",
    ] {
        assert!(!is_shown(shown, printed), "{shown}");
    }
}
