//! The difference between two texts, line by line.

/// How many equal lines are shown around lines that differ.
const AROUND: usize = 3;

/// The lines of a text without their ends. The last one may have lost all or part of its end.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    // `lines` takes a carriage return for an end only before a newline.
    text.lines().map(|line| line.trim_end_matches('\r'))
}

/// The difference of `old` and `new` in the form of `diff -u` without its headings; `None` if they are equal. The kind of
/// line end does not count, nor does a missing newline at the end.
#[must_use]
pub fn difference(old: &str, new: &str) -> Option<String> {
    if lines(old).eq(lines(new)) {
        return None;
    }
    let marked = marked(
        &lines(old).collect::<Vec<_>>(),
        &lines(new).collect::<Vec<_>>(),
    );
    let differs: Vec<bool> = marked.iter().map(|(mark, _)| *mark != ' ').collect();
    let mut text = String::new();
    let mut skipped = false;
    for (index, (mark, line)) in marked.iter().enumerate() {
        let (from, to) = (index.saturating_sub(AROUND), index + AROUND + 1);
        let near = differs.get(from..to.min(differs.len()));
        if near.is_some_and(|near| near.contains(&true)) {
            if skipped {
                text += "...\n";
            }
            text += &format!("{mark}{line}\n");
            skipped = false;
        } else {
            skipped = true;
        }
    }
    Some(text)
}

/// All lines, each with ' ', '-' or '+', by the longest common part.
fn marked<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(char, &'a str)> {
    // common[i][j]: the number of common lines of `old` from line i on and `new` from line j on.
    let mut common = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in new.iter().enumerate().rev() {
            common[i][j] = if a == b {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push((' ', old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && common[i + 1][j] >= common[i][j + 1]) {
            lines.push(('-', old[i]));
            i += 1;
        } else {
            lines.push(('+', new[j]));
            j += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn texts_that_are_alike_do_not_differ() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(difference("a\r\nb\r\n", "a\nb\n"), None);
        assert_eq!(difference("a\r\nb\r", "a\nb\n"), None);
        assert_eq!(difference("a\nb", "a\nb\n"), None);
    }

    #[test]
    fn what_differs_is_marked_with_what_is_around_it() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let new = "1\n2\n3\n4\n5\n6\n7\nx\n9\n10\n";
        let shown = difference(old, new);
        assert_eq!(shown.as_deref(), Some("...\n 5\n 6\n 7\n-8\n+x\n 9\n+10\n"));
        assert_eq!(difference("", "a\n").as_deref(), Some("+a\n"));
    }
}
