//! `--decision`: one for all, or one per process.

use std::collections::BTreeMap;

use anyhow::bail;
use quorate_server::index_of;

/// What a process sends if nothing else is said.
const USUAL: &str = "attack";

/// What each process sends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decisions {
    usual: String,
    particular: BTreeMap<String, String>,
}

impl Decisions {
    /// Reads `attack`, `P=retreat,Q=attack`, or both: `retreat,Q=attack`.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let mut usual = None;
        let mut particular = BTreeMap::new();
        for part in text.split(',').map(str::trim) {
            match part.split_once('=') {
                Some((name, _)) if index_of(name).is_none() => {
                    bail!(
                        "--decision {part}: there is no process '{name}'; names are P, Q, R, ... Z, P2, Q2, ..."
                    )
                }
                Some((_, "")) | None if part.is_empty() || part.ends_with('=') => {
                    bail!(
                        "--decision '{part}': the decision is missing; write attack, or P=retreat,Q=attack"
                    )
                }
                Some((name, decision))
                    if particular
                        .insert(name.to_owned(), decision.to_owned())
                        .is_some() =>
                {
                    bail!("--decision: process {name} has two decisions; give it one")
                }
                None if usual.replace(part.to_owned()).is_some() => {
                    bail!(
                        "--decision {text}: there are two decisions for all; write one, or P=retreat,Q=attack"
                    )
                }
                _ => {}
            }
        }
        Ok(Self {
            usual: usual.unwrap_or_else(|| USUAL.to_owned()),
            particular,
        })
    }

    /// What the process with this name sends.
    pub(crate) fn of(&self, name: &str) -> &str {
        self.particular.get(name).unwrap_or(&self.usual)
    }

    /// The names that were given a decision of their own.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.particular.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_decision_is_for_all() {
        let decisions = Decisions::parse("retreat").unwrap();
        assert_eq!(
            (decisions.of("P"), decisions.of("S")),
            ("retreat", "retreat")
        );
    }

    #[test]
    fn a_named_decision_is_for_one_and_the_others_attack() {
        let decisions = Decisions::parse("P=retreat, Q=wait").unwrap();
        assert_eq!(
            (decisions.of("P"), decisions.of("Q"), decisions.of("R")),
            ("retreat", "wait", "attack")
        );
    }

    #[test]
    fn nonsense_is_refused_with_advice() {
        for (text, advice) in [
            ("p=x", "names are P"),
            ("", "is missing"),
            ("P=", "is missing"),
            ("a,b", "two"),
            ("P=a,P=b", "two"),
        ] {
            let error = Decisions::parse(text).unwrap_err().to_string();
            assert!(error.contains(advice), "{text}: {error}");
        }
    }
}
