//! `--decision`: one for all, or one per process.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use quorate_server::{check_decision, index_of};

/// What a process sends without `--decision`.
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
        for part in text.split(',').map(|part| part.trim_matches(' ')) {
            match part.split_once('=') {
                Some((name, _)) if index_of(name).is_none() => {
                    bail!(
                        "--decision {part}: there is no process '{name}'; names are P, Q, R, ... Z, P2, Q2, ... in capitals"
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
            let decision = part.split_once('=').map_or(part, |(_, decision)| decision);
            check_decision(decision).with_context(|| format!("--decision {part:?}"))?;
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

    #[test]
    fn what_the_processes_would_refuse_is_refused() {
        let too_long = "x".repeat(201);
        for decision in ["at\ntack", "attack\n", "\u{7}", &too_long] {
            for text in [decision.to_owned(), format!("Q={decision}")] {
                let error = format!("{:#}", Decisions::parse(&text).unwrap_err());
                assert!(
                    error.contains("a decision is 1 to 200 bytes"),
                    "{text:?}: {error}"
                );
            }
        }
        assert!(Decisions::parse(&"x".repeat(200)).is_ok());
    }
}
