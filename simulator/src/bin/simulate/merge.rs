//! `simulate merge`: the parts of a sweep as one file. Its bytes are the same however the seeds were divided.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::BROKEN;
use crate::options::Merge;
use crate::out::{complain, say};
use crate::runs::{Contents, Header};

/// How many ranges of seeds an error names.
const NAMED: usize = 5;

/// What is read of a row.
#[derive(Deserialize)]
struct Row {
    verdict: String,
}

/// Merges the files; the exit status is that of a sweep of all the seeds.
pub(crate) fn command(merge: &Merge) -> anyhow::Result<u8> {
    let (header, rows) = read(&merge.files)?;
    let mut text = header.line() + "\n";
    let mut broken = 0;
    for row in rows.values() {
        let Row { verdict } = serde_json::from_str(row)?;
        broken += u64::from(verdict != "good");
        text += row;
        text.push('\n');
    }
    match &merge.out {
        Some(file) => {
            fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
        }
        None => say(text.trim_end()),
    }
    complain(&format!(
        "{} seeds, {broken} of them break a rule",
        rows.len()
    ));
    Ok(if broken > 0 { BROKEN } else { 0 })
}

fn read(files: &[impl AsRef<Path>]) -> anyhow::Result<(Header, BTreeMap<u64, String>)> {
    let mut all: BTreeMap<u64, String> = BTreeMap::new();
    let mut first: Option<(&Path, Header)> = None;
    let mut doubles = Vec::new();
    for file in files {
        let file = file.as_ref();
        let Contents { header, rows, .. } = Contents::read(file)?;
        match &first {
            None => first = Some((file, header)),
            Some((one, known)) => {
                if let Some(what) = known.difference(&header) {
                    bail!(
                        "{} and {} are of different sweeps: {what} differs",
                        one.display(),
                        file.display()
                    );
                }
            }
        }
        for (seed, row) in rows {
            if all.insert(seed, row).is_some() {
                doubles.push(seed);
            }
        }
    }
    let (_, header) = first.context("name at least one file")?;
    if !doubles.is_empty() {
        doubles.sort_unstable();
        bail!(
            "seeds are there more than once: {}",
            ranges(doubles.into_iter())
        );
    }
    let (begin, end) = header.seeds;
    let missing = || (begin..end).filter(|seed| !all.contains_key(seed));
    if missing().next().is_some() {
        bail!(
            "{} of {} seeds are missing: {}; go on with their files with `simulate sweep --resume`",
            missing().count(),
            end - begin,
            ranges(missing())
        );
    }
    Ok((header.of_all(), all))
}

/// Seeds in their order, in words: `3, 7 to 9`.
fn ranges(seeds: impl Iterator<Item = u64>) -> String {
    let mut all: Vec<(u64, u64)> = Vec::new();
    for seed in seeds {
        match all.last_mut() {
            Some((_, last)) if seed <= *last + 1 => *last = seed,
            _ => all.push((seed, seed)),
        }
    }
    let named = all.iter().take(NAMED).map(|(first, last)| {
        if first == last {
            first.to_string()
        } else {
            format!("{first} to {last}")
        }
    });
    let mut text = named.collect::<Vec<_>>().join(", ");
    if all.len() > NAMED {
        // Writing into memory cannot fail.
        let _ = write!(text, " and {} ranges more", all.len() - NAMED);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn seeds_are_named_by_ranges() {
        assert_eq!(ranges([3, 7, 8, 8, 9].into_iter()), "3, 7 to 9");
        let many = (0..20).step_by(2);
        assert_eq!(ranges(many), "0, 2, 4, 6, 8 and 5 ranges more");
    }
}
