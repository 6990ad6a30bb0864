//! The words of commands: names, numbers, digests in hexadecimal, lists.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Write as _};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The longest name, in bytes.
pub const LONGEST_NAME: usize = 32;
/// The greatest number in a command: 10^15, which JSON and XML-RPC carry exactly.
pub const MOST: u64 = 1_000_000_000_000_000;

/// A name of a node, a capability, a lot, a question, an option or a job: 1 to 32 ASCII letters, digits, `-`, `_` and `.`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// Why a word of a command is not valid. Answers contain it: add new variants at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum BadWord {
    /// It is not a name.
    #[error("a name is 1 to {LONGEST_NAME} letters, digits, '-', '_' or '.' of ASCII")]
    Name,
    /// It is not a number.
    #[error("a number is 0 to {MOST} in decimal digits, without a sign and leading zeros")]
    Number,
    /// It is not hexadecimal, or has another length.
    #[error(
        "a cluster, a commitment and a salt are 64 hexadecimal digits in lower case, a memo is 16"
    )]
    Hexadecimal,
    /// It is not an activity.
    #[error("the activities are auction, vote, work and store")]
    Activity,
    /// It is not the name of a process.
    #[error("members are named P to Z, then P2 to Z2, and so on")]
    Member,
    /// A list names something twice.
    #[error("a list names something twice")]
    Twice,
    /// A list is too long.
    #[error("a list is too long")]
    TooMany,
    /// It is not what the highest bidder pays.
    #[error("a price is first or second")]
    Price,
    /// It is not how ballots are counted.
    #[error("a rule is plurality or borda")]
    Rule,
}

impl Name {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = BadWord;

    fn try_from(text: String) -> Result<Self, BadWord> {
        let belongs = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let fits = (1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(belongs);
        if fits {
            Ok(Self(text))
        } else {
            Err(BadWord::Name)
        }
    }
}

impl FromStr for Name {
    type Err = BadWord;

    fn from_str(text: &str) -> Result<Self, BadWord> {
        // A long text is not copied to be refused.
        if text.len() > LONGEST_NAME {
            return Err(BadWord::Name);
        }
        Self::try_from(text.to_owned())
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads a number from 0 to [`MOST`].
pub(super) fn number(text: &str) -> Result<u64, BadWord> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || (text.len() > 1 && text.starts_with('0')) {
        return Err(BadWord::Number);
    }
    let number = text.parse().ok().filter(|number| *number <= MOST);
    number.ok_or(BadWord::Number)
}

/// Reads a number that fits 32 bits.
pub(super) fn count(text: &str) -> Result<u32, BadWord> {
    u32::try_from(number(text)?).map_err(|_| BadWord::Number)
}

/// Reads `N` bytes from hexadecimal digits in lower case.
pub(super) fn bytes<const N: usize>(text: &str) -> Result<[u8; N], BadWord> {
    let mut bytes = [0; N];
    let read = base16ct::lower::decode(text, &mut bytes).map_err(|_| BadWord::Hexadecimal)?;
    if read.len() == N {
        Ok(bytes)
    } else {
        Err(BadWord::Hexadecimal)
    }
}

/// Bytes as hexadecimal digits in lower case.
#[must_use]
pub(super) fn hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}

/// The start of a cluster's id, as lines show it.
#[must_use]
pub(super) fn short(cluster: &[u8; 32]) -> String {
    hex(&cluster[..4])
}

/// Reads a list whose items stand between commas: at least one, at most so many, none twice.
pub(super) fn list<T: Clone + Ord>(
    text: &str,
    most: usize,
    read: impl Fn(&str) -> Result<T, BadWord>,
) -> Result<Vec<T>, BadWord> {
    let mut items = Vec::new();
    for item in text.split(',') {
        if items.len() == most {
            return Err(BadWord::TooMany);
        }
        items.push(read(item)?);
    }
    let distinct: BTreeSet<&T> = items.iter().collect();
    if distinct.len() == items.len() {
        Ok(items)
    } else {
        Err(BadWord::Twice)
    }
}

/// Writes items with this between them.
pub(super) fn joined<T: Display>(items: impl IntoIterator<Item = T>, between: &str) -> String {
    let mut text = String::new();
    for (place, item) in items.into_iter().enumerate() {
        if place > 0 {
            text.push_str(between);
        }
        // A `String` takes everything that is written to it.
        let _ = write!(text, "{item}");
    }
    text
}

/// SHA-256 of a text.
#[must_use]
pub(super) fn sha256(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_no_character_that_separates_words() {
        for good in ["lamp", "m93bc", "A-1_b.c", &"x".repeat(32)] {
            assert_eq!(good.parse::<Name>().unwrap().to_string(), good);
        }
        for bad in ["", "a b", "a,b", "a=b", "a:b", "é", "a\n", &"x".repeat(33)] {
            assert_eq!(bad.parse::<Name>(), Err(BadWord::Name), "{bad:?}");
        }
    }

    #[test]
    fn a_number_has_one_spelling() {
        assert_eq!(number("0"), Ok(0));
        assert_eq!(number("1000000000000000"), Ok(MOST));
        for bad in [
            "",
            "00",
            "01",
            "+1",
            "-1",
            "1.0",
            "1000000000000001",
            "99999999999999999999",
        ] {
            assert_eq!(number(bad), Err(BadWord::Number), "{bad:?}");
        }
    }

    #[test]
    fn hexadecimal_digits_have_one_spelling_and_the_right_length() {
        assert_eq!(bytes("00ff"), Ok([0, 255]));
        for bad in ["", "00f", "00FF", "00ff00", "00fg"] {
            assert_eq!(bytes::<2>(bad), Err(BadWord::Hexadecimal), "{bad:?}");
        }
    }

    #[test]
    fn a_list_names_nothing_twice_and_is_bounded() {
        assert_eq!(list("1,2", 2, number), Ok(vec![1, 2]));
        assert_eq!(list("1,2,1", 3, number), Err(BadWord::Twice));
        assert_eq!(list("1,2,3", 2, number), Err(BadWord::TooMany));
        assert_eq!(list("1,,3", 3, number), Err(BadWord::Number));
    }
}
