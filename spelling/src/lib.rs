//! What a misspelled word was meant to be.

/// The candidate that is most like a word: one wrong letter in three is overlooked, and so are capitals. `None` if no
/// candidate is that much like it.
#[must_use]
pub fn similar<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.trim().to_lowercase();
    let tolerated = word.chars().count() / 3;
    let distance = |candidate: &&str| strsim::osa_distance(&word, &candidate.to_lowercase());
    candidates
        .into_iter()
        .filter(|candidate| distance(candidate) <= tolerated)
        .min_by_key(distance)
}

#[cfg(test)]
mod tests {
    use super::similar;

    #[test]
    fn one_wrong_letter_in_three_is_overlooked() {
        for (word, meant) in [
            ("lei", Some("lie")),
            ("LIE", Some("lie")),
            ("equivocat", Some("equivocate")),
            ("equvoate", Some("equivocate")),
            ("dance", None),
            ("", None),
            ("p", Some("P")),
            ("q", None),
        ] {
            assert_eq!(similar(word, ["lie", "equivocate", "P"]), meant, "{word}");
        }
    }
}
