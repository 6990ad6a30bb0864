//! `--faulty`: which processes are faulty, and how.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use quorate_protocol::{Config, Quorum, ReplicaId};

use crate::behaviour::{self, Setting};
use crate::bound::Bound;
use crate::error::ParseError;
use crate::grammar;
use crate::scene::Scene;
use crate::words::parse_process;

/// What stands in the place of a behaviour for a process that is correct.
const CORRECT: &str = "none";

/// Which processes are faulty, and how, in the words of the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultPlan {
    /// Of each process that was named: how it misbehaves, or nothing if it is to be correct.
    behaviours: BTreeMap<ReplicaId, Option<String>>,
}

impl FaultPlan {
    /// Reads `P`, `P=deny:R+S,Q=lie@after=2s` or `none` for a cluster of `n` that takes part in this scene; `P=none` says that P is correct. An
    /// empty text names nobody either.
    ///
    /// # Errors
    /// A name, a behaviour, an argument or a trigger is unknown, or `none` stands with names; the error says what to write instead.
    pub fn parse(text: &str, n: u32, scene: Scene) -> Result<Self, ParseError> {
        let mut plan = Self::default();
        if matches!(text.trim(), "" | "none") {
            return Ok(plan);
        }
        for item in text.split(',').map(str::trim) {
            match item {
                "" => return Err(ParseError::Missing(text.chars().take(40).collect())),
                "none" => return Err(ParseError::NoneAndNames),
                _ => {}
            }
            let (name, words) = name_and_words(item)?;
            let process = parse_process(name, n)?;
            let quorum = Quorum::of(NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN));
            let setting = Setting {
                config: Config::new(process, quorum),
                seed: [0; 32],
                scene,
            };
            let words = (words != CORRECT).then_some(words);
            if let Some(words) = &words {
                grammar::parse(words, &setting)?;
            }
            if plan.behaviours.insert(process, words).is_some() {
                return Err(ParseError::Twice(process));
            }
        }
        Ok(plan)
    }

    /// The behaviour of a process, in words; nothing if it is correct.
    #[must_use]
    pub fn behaviour_of(&self, index: u32) -> Option<&str> {
        self.behaviours.get(&ReplicaId(index))?.as_deref()
    }

    /// The processes that were named, each with its behaviour in words: `none` for one that is to be correct.
    pub fn named(&self) -> impl Iterator<Item = (ReplicaId, &str)> {
        let named = self.behaviours.iter();
        named.map(|(process, words)| (*process, words.as_deref().unwrap_or(CORRECT)))
    }

    /// How many of `n` processes are faulty, beside how many are survived.
    #[must_use]
    pub fn bound(&self, n: u32) -> Bound {
        let faulty = self.behaviours.values().flatten().count();
        Bound::new(n, u32::try_from(faulty).unwrap_or(u32::MAX))
    }
}

/// `P=lie` is P's lie, and whoever is only named denies: `P`, or `P@after=2s` with a trigger.
fn name_and_words(item: &str) -> Result<(&str, String), ParseError> {
    let (name, words) = match item.find(['=', '@']) {
        Some(end) if item[end..].starts_with('@') => {
            (&item[..end], format!("deny{}", &item[end..]))
        }
        Some(end) => (&item[..end], item[end + 1..].to_owned()),
        None => (item, "deny".to_owned()),
    };
    let word = name.split(':').next().unwrap_or_default();
    match behaviour::names().into_iter().find(|known| *known == word) {
        Some(behaviour) => Err(ParseError::NoName { behaviour }),
        None => Ok((name, words)),
    }
}

#[cfg(test)]
mod tests {
    use super::FaultPlan;
    use crate::ParseError;
    use crate::scene::Scene;

    #[test]
    fn a_name_alone_denies_everyone_and_none_is_nobody() {
        let plan = FaultPlan::parse("P,R=deny:Q+S", 4, Scene::Order).unwrap();
        assert_eq!(plan.behaviour_of(0), Some("deny"));
        assert_eq!(plan.behaviour_of(2), Some("deny:Q+S"));
        assert_eq!(plan.behaviour_of(1), None);
        for nobody in ["none", "", " "] {
            assert_eq!(
                FaultPlan::parse(nobody, 4, Scene::Order),
                Ok(FaultPlan::default())
            );
        }
    }

    #[test]
    fn an_error_is_told_once_by_those_who_print_its_sources_too() {
        for text in ["A", "P=deny:A", "P=sing", "X"] {
            let error = FaultPlan::parse(text, 4, Scene::Order).unwrap_err();
            assert!(std::error::Error::source(&error).is_none(), "{error}");
        }
    }

    #[test]
    fn nobody_and_somebody_at_once_is_refused() {
        let error = |text| FaultPlan::parse(text, 4, Scene::Order).unwrap_err();
        for text in ["none,P", "P,none", "none,none"] {
            assert_eq!(error(text), ParseError::NoneAndNames, "{text}");
        }
        for text in ["P,", ",P", "P,,Q", ","] {
            assert_eq!(error(text), ParseError::Missing(text.into()));
        }
    }

    #[test]
    fn a_process_whose_fault_is_none_is_correct() {
        let plan = FaultPlan::parse("P=none,Q=lie", 4, Scene::Order).unwrap();
        assert_eq!(
            (plan.behaviour_of(0), plan.behaviour_of(1)),
            (None, Some("lie"))
        );
        let named: Vec<_> = plan
            .named()
            .map(|(process, words)| (process.0, words))
            .collect();
        assert_eq!(named, [(0, "none"), (1, "lie")]);
        assert_eq!(plan.bound(4).warning(), None);
        for text in ["P=none:x", "P=none@after=2s"] {
            let error = FaultPlan::parse(text, 4, Scene::Order)
                .unwrap_err()
                .to_string();
            assert!(error.contains("it stands alone"), "{error}");
        }
        assert!(matches!(
            FaultPlan::parse("P=none,P", 4, Scene::Order),
            Err(ParseError::Twice(_))
        ));
    }

    #[test]
    fn a_misspelled_word_is_told_what_was_meant() {
        for (text, advice) in [
            (
                "P=lei",
                "unknown behaviour 'lei': did you mean 'lie'? There are amnesia",
            ),
            ("P=Lie", "did you mean 'lie'?"),
            ("P=equivocte:x", "did you mean 'equivocate'?"),
            (
                "P=lie@aftr=2s",
                "unknown trigger '@aftr=2s': did you mean 'after'? There are after=TIME",
            ),
            ("P=lie@slot=3", "did you mean 'slots'?"),
            ("p=lie", "did you mean 'P'?"),
            ("P=deny:q", "did you mean 'Q'?"),
            (
                "lie",
                "'lie' is a behaviour, so write a name before it, such as P=lie",
            ),
            ("delay:2s", "'delay' is a behaviour, so write a name before"),
        ] {
            let error = FaultPlan::parse(text, 4, Scene::Order)
                .unwrap_err()
                .to_string();
            assert!(error.contains(advice), "{text}: {error}");
        }
    }

    #[test]
    fn nobody_denies_itself() {
        let error = FaultPlan::parse("P=deny:Q+P", 4, Scene::Order)
            .unwrap_err()
            .to_string();
        assert!(error.contains("name other processes"), "{error}");
    }

    #[test]
    fn what_cannot_be_read_says_what_to_write_instead() {
        let error = |text| FaultPlan::parse(text, 4, Scene::Order).unwrap_err();
        assert!(matches!(error("X"), ParseError::NoSuchProcess { n: 4, .. }));
        assert!(matches!(error("A"), ParseError::Name { .. }));
        assert!(matches!(error("P=deny:A"), ParseError::Name { .. }));
        assert!(
            error("P=sing")
                .to_string()
                .contains("use one of amnesia, corrupt, crash, delay")
        );
        assert!(matches!(
            error("P=crash:soon"),
            ParseError::BadArgument {
                behaviour: "crash",
                ..
            }
        ));
        assert!(matches!(error("P,P=lie"), ParseError::Twice(_)));
    }

    #[test]
    fn a_plan_has_arguments_and_triggers() {
        let text = "S=delay:200ms,R=equivocate@after=2s@chance=25%,Q@views=0-1";
        let plan = FaultPlan::parse(text, 4, Scene::Order).unwrap();
        assert_eq!(plan.behaviour_of(3), Some("delay:200ms"));
        assert_eq!(plan.behaviour_of(2), Some("equivocate@after=2s@chance=25%"));
        assert_eq!(plan.behaviour_of(1), Some("deny@views=0-1"));
    }

    #[test]
    fn a_bad_argument_or_trigger_says_what_to_write_instead() {
        for (words, advice) in [
            ("delay", "'' is no argument for delay: write a time"),
            ("delay:fast", "as in delay:200ms"),
            ("delay:0ms", "as in delay:200ms"),
            ("drop", "as in drop:30%"),
            ("drop:0%", "from 1% to 100%"),
            ("drop:101", "from 1% to 100%"),
            ("silent:very", "it takes no argument"),
            ("lie@", "unknown trigger '@': use one of after=TIME, until"),
            ("lie@when=2s", "unknown trigger '@when=2s'"),
            ("lie@after", "'@after' is no trigger: write a time"),
            ("lie@until=5", "with its unit"),
            ("lie@slots=9-3", "as in slots=3-9"),
            ("lie@views=-1", "as in views=0-1"),
            ("lie@chance=0%", "as in chance=25%"),
            ("lie@after=1s@after=2s", "it is given twice"),
            ("lie@after=2s@until=2s", "until must be later than after"),
        ] {
            let text = format!("P={words}");
            let error = FaultPlan::parse(&text, 4, Scene::Order)
                .unwrap_err()
                .to_string();
            assert!(error.contains(advice), "{words}: {error}");
        }
    }
}
