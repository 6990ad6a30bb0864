//! A partition: processes on different sides do not reach each other.

use super::error::{LinkCause, LinkError};
use super::rule::{Does, Rule, Side};
use super::words::{self, parse_some};

/// Reads `P+Q/R+S@2s-6s` as rules, one for each pair of sides. Processes that are on no side reach everybody.
pub(super) fn parse(text: &str, n: u32) -> Result<Vec<Rule>, LinkError> {
    read(text, n).map_err(|cause| cause.of("the partition", text))
}

fn read(text: &str, n: u32) -> Result<Vec<Rule>, LinkCause> {
    let (sides, window) = words::split_window(text)?;
    let sides = sides
        .split('/')
        .map(|side| parse_some(side, n))
        .collect::<Result<Vec<_>, _>>()?;
    if sides.len() < 2 {
        return Err(LinkCause::OneSide);
    }
    let mut rules = Vec::new();
    for (index, first) in sides.iter().enumerate() {
        for second in &sides[index + 1..] {
            if let Some(both) = first.intersection(second).next() {
                return Err(LinkCause::Twice(*both));
            }
            rules.push(Rule {
                from: Side::Of(first.clone()),
                to: Side::Of(second.clone()),
                both_ways: true,
                kinds: Vec::new(),
                does: Does::Cut,
                window,
            });
        }
    }
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::super::Rules;

    #[test]
    fn a_partition_cuts_each_side_from_each_other_in_both_directions() {
        let rules = |text: &str| {
            Rules::with_partitions(&[text], &[], 7)
                .map(|rules| rules.texts())
                .map_err(|error| error.to_string())
        };
        let cut = ["P+Q<->R+S: cut @2s-6s".to_owned()];
        assert_eq!(rules("P+Q/R+S@2s-6s").unwrap(), cut);
        assert_eq!(rules(" Q+P / S+R @ 2s - 6s ").unwrap(), cut);
        let three = ["P<->Q: cut", "P<->R: cut", "Q<->R: cut"];
        assert_eq!(rules("P/Q/R").unwrap(), three);
        let refused = [
            (
                "P+Q",
                "a side is missing: write at least two sides, such as P+Q/R+S",
            ),
            ("P+Q/", "a name is missing"),
            ("P+Q/Q", "process Q is named twice: name it once"),
            (
                "P/W",
                "there is no process W: with 7 processes the names go from P to V",
            ),
            ("P/*", "'*' is not a process name"),
            ("P/Q@6s-2s", "'@6s-2s' is no window of time"),
        ];
        for (text, why) in refused {
            let error = rules(text).unwrap_err();
            assert!(
                error.starts_with(&format!("the partition '{text}': ")),
                "{error}"
            );
            assert!(error.contains(why), "{error}");
        }
    }
}
