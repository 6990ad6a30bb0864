//! Offers: what a member does for the others, what it can, and on which terms it takes part.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use quorate_protocol::ReplicaId;
use serde::{Deserialize, Serialize};

use super::word::{BadWord, Name, count, joined, list, number};

/// The most capabilities that an offer names, and the most that it needs of others.
pub const MOST_NUMBERS: usize = 8;
/// The most members that an offer excludes.
pub const MOST_EXCLUDED: usize = 64;
/// The words of an offer, as error messages show them.
pub(super) const GRAMMAR: &str = "EPOCH offer SERVICES [can=NAME:NUMBER,..] [needs=NAME:NUMBER,..] [least=N] [most=N] \
     [without=P,..] [deadline=SLOTS] [prefer=SERVICES]";

/// What members can do together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activity {
    /// A sealed-bid auction.
    Auction,
    /// A vote on a question.
    Vote,
    /// A divided job, whose parts are checked.
    Work,
    /// The key-value store.
    Store,
}

impl Activity {
    /// All activities.
    pub const ALL: [Self; 4] = [Self::Auction, Self::Vote, Self::Work, Self::Store];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auction => "auction",
            Self::Vote => "vote",
            Self::Work => "work",
            Self::Store => "store",
        }
    }
}

impl fmt::Display for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Activity {
    type Err = BadWord;

    fn from_str(text: &str) -> Result<Self, BadWord> {
        let named = Self::ALL.into_iter().find(|one| one.name() == text);
        named.ok_or(BadWord::Activity)
    }
}

/// An offer. All its terms hold for each activity that it offers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// What the member offers to do. At least one activity.
    pub services: BTreeSet<Activity>,
    /// What the member claims to have.
    pub can: BTreeMap<Name, u64>,
    /// What the members must have: of each capability at least so much. See [`super::Choice::numbers`].
    pub needs: BTreeMap<Name, u64>,
    /// The fewest members that must take part.
    pub least: Option<u32>,
    /// The most members that may take part.
    pub most: Option<u32>,
    /// Members with which this one does not take part.
    pub without: BTreeSet<ReplicaId>,
    /// The offer holds if the offers are closed at most so many slots after the epoch began.
    pub deadline: Option<u64>,
    /// The activities that the member prefers, best first. It offers them all, and may leave some out.
    pub prefers: Vec<Activity>,
}

/// Why words are not an offer. Answers contain it: add new variants at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum BadOffer {
    /// A word is not valid.
    #[error(transparent)]
    Word(#[from] BadWord),
    /// A word is none of an offer's, or stands there twice.
    #[error("write each word at most once: {GRAMMAR}")]
    Grammar,
    /// The member prefers an activity that it does not offer.
    #[error("the offer prefers {0}, which it does not offer; prefer only what is offered")]
    PrefersOther(Activity),
}

impl Offer {
    /// An offer of these activities on no terms.
    #[must_use]
    pub fn of(services: impl IntoIterator<Item = Activity>) -> Self {
        Self {
            services: services.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Reads the words after `offer`.
    ///
    /// # Errors
    /// They are not an offer.
    pub fn parse(text: &str) -> Result<Self, BadOffer> {
        let mut words = text.split(' ');
        let services = activities(words.next().unwrap_or_default())?;
        let mut offer = Self::of(services);
        let mut seen = BTreeSet::new();
        for word in words {
            let (key, value) = word.split_once('=').ok_or(BadOffer::Grammar)?;
            if !seen.insert(key) {
                return Err(BadOffer::Grammar);
            }
            offer.set(key, value)?;
        }
        let other = |one: &&Activity| !offer.services.contains(one);
        match offer.prefers.iter().find(other) {
            Some(other) => Err(BadOffer::PrefersOther(*other)),
            None => Ok(offer),
        }
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), BadOffer> {
        match key {
            "can" => self.can = numbers(value)?,
            "needs" => self.needs = numbers(value)?,
            "least" => self.least = Some(count(value)?),
            "most" => self.most = Some(count(value)?),
            "without" => self.without = members(value)?,
            "deadline" => self.deadline = Some(number(value)?),
            "prefer" => self.prefers = activities(value)?,
            _ => return Err(BadOffer::Grammar),
        }
        Ok(())
    }
}

/// Reads a list of activities.
pub(super) fn activities(text: &str) -> Result<Vec<Activity>, BadWord> {
    list(text, Activity::ALL.len(), str::parse)
}

fn members(text: &str) -> Result<BTreeSet<ReplicaId>, BadWord> {
    let member = |text: &str| text.parse().map_err(|_| BadWord::Member);
    Ok(list(text, MOST_EXCLUDED, member)?.into_iter().collect())
}

fn numbers(text: &str) -> Result<BTreeMap<Name, u64>, BadWord> {
    let pair = |text: &str| {
        let (name, value) = text.split_once(':').ok_or(BadWord::Number)?;
        Ok((name.parse::<Name>()?, number(value)?))
    };
    let pairs = list(text, MOST_NUMBERS, pair)?;
    let count = pairs.len();
    let numbers: BTreeMap<Name, u64> = pairs.into_iter().collect();
    if numbers.len() == count {
        Ok(numbers)
    } else {
        Err(BadWord::Twice)
    }
}

/// The words that [`Offer::parse`] reads.
impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs = |numbers: &BTreeMap<Name, u64>| {
            joined(
                numbers
                    .iter()
                    .map(|(name, value)| format!("{name}:{value}")),
                ",",
            )
        };
        f.write_str(&joined(&self.services, ","))?;
        for (key, value) in [
            ("can", pairs(&self.can)),
            ("needs", pairs(&self.needs)),
            ("least", joined(self.least, "")),
            ("most", joined(self.most, "")),
            ("without", joined(&self.without, ",")),
            ("deadline", joined(self.deadline, "")),
            ("prefer", joined(&self.prefers, ",")),
        ] {
            if !value.is_empty() {
                write!(f, " {key}={value}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_reads_and_shows_as_its_words() {
        for text in [
            "auction",
            "auction,work can=cores:4,disk:10 needs=cores:2 least=3 most=7 without=S,P2 deadline=100 prefer=work,auction",
        ] {
            assert_eq!(Offer::parse(text).unwrap().to_string(), text);
        }
        let turned = Offer::parse("work,auction most=7 least=3").unwrap();
        assert_eq!(turned.to_string(), "auction,work least=3 most=7");
    }

    #[test]
    fn anything_else_is_refused_with_the_reason() {
        let word = BadOffer::Word;
        for (text, reason) in [
            ("", word(BadWord::Activity)),
            ("lunch", word(BadWord::Activity)),
            ("work,work", word(BadWord::Twice)),
            ("work least=3 least=3", BadOffer::Grammar),
            ("work  least=3", BadOffer::Grammar),
            ("work colour=red", BadOffer::Grammar),
            ("work least=-1", word(BadWord::Number)),
            ("work least=4294967296", word(BadWord::Number)),
            ("work can=cores", word(BadWord::Number)),
            ("work can=a:1,a:2", word(BadWord::Twice)),
            (
                "work can=a:1,b:1,c:1,d:1,e:1,f:1,g:1,h:1,i:1",
                word(BadWord::TooMany),
            ),
            ("work without=A", word(BadWord::Member)),
            (
                "work prefer=auction",
                BadOffer::PrefersOther(Activity::Auction),
            ),
        ] {
            assert_eq!(Offer::parse(text), Err(reason), "{text}");
        }
    }
}
