//! What anybody may ask: questions, and their answers as JSON.

mod agreement;
mod auctions;
mod happenings;
mod jobs;
mod members;
mod offers;
mod votes;

use quorate_protocol::ReplicaId;
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Refusal};
use super::closing::{Closing, Phase};
use super::state::{Gathering, Thing};
use super::word::{Name, number};

pub use agreement::{Agreement, Standing};
pub use auctions::{Auction, AuctionLine, AuctionStage, Auctions, Bid};
pub use happenings::{Happenings, Line};
pub use jobs::{JobLine, JobPart, JobReport, Jobs};
pub use members::{Member, Members};
pub use offers::{Contradiction, Offered, Offers};
pub use votes::{Ballot, Points, Vote, VoteLine, Votes};

/// The version of the JSON objects.
pub const VERSION: u32 = 1;
/// The most bytes of happenings in one answer, unless a single one is longer. Requests return at most 64 KiB.
const PAGE: usize = 32 * 1024;
/// The most bytes of an answer.
const LONGEST: usize = 60 * 1024;

/// How far a phase is closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closes {
    /// The slot in which it was closed.
    pub closed: Option<u64>,
    /// Who has asked for it.
    pub asked: Vec<String>,
    /// How many must ask.
    pub needed: u32,
}

impl Gathering {
    /// The answer to a question: an [`Answer::View`], or a refusal if it asks for something that does not exist. `None` if the text
    /// does not begin as a question does.
    #[must_use]
    pub fn query(&self, text: &str) -> Option<Answer> {
        let (first, rest) = text
            .split_once(' ')
            .map_or((text, None), |(a, b)| (a, Some(b)));
        let answer = match (first, rest) {
            ("members", None) => json(&self.members()),
            ("offers", None) => json(&self.offers(None)),
            ("agreement", None) => json(&self.agreement()),
            ("auctions", None) => json(&self.auctions()),
            ("votes", None) => json(&self.votes()),
            ("jobs", None) => json(&self.job_lines()),
            ("auction", Some(lot)) => named(self.lots(), lot, |lot| json(&self.auction(lot))),
            ("vote", Some(question)) => {
                named(self.questions(), question, |one| json(&self.vote(one)))
            }
            ("job", Some(job)) => named(self.jobs(), job, |job| json(&self.job(job))),
            ("offer", Some(member)) => match member.parse() {
                Ok(member) if self.membership().has(member) => json(&self.offers(Some(member))),
                _ => Refusal::Query.into(),
            },
            ("happenings", Some(from)) => match number(from) {
                Ok(from) => json(&self.happenings(from)),
                Err(_) => Refusal::Query.into(),
            },
            ("members" | "offers" | "agreement" | "auctions" | "votes" | "jobs", Some(_))
            | ("offer" | "auction" | "vote" | "job" | "happenings", None) => Refusal::Query.into(),
            _ => return None,
        };
        Some(answer)
    }

    fn closes(&self, phase: &Phase) -> Closes {
        let closing = self.closing(phase);
        let closed = closing.and_then(Closing::at);
        Closes {
            closed: closed.map(|slot| slot.0),
            asked: closing
                .map(|closing| texts(closing.asked()))
                .unwrap_or_default(),
            needed: length(self.needed(phase)),
        }
    }
}

/// The answer about the thing with this name.
fn named<T>(things: &[Thing<T>], name: &str, tell: impl FnOnce(&Thing<T>) -> Answer) -> Answer {
    let Ok(name) = name.parse::<Name>() else {
        return Refusal::Query.into();
    };
    match things.iter().find(|thing| thing.name == name) {
        Some(thing) => tell(thing),
        None => Refusal::NoSuch(name).into(),
    }
}

#[expect(clippy::expect_used, reason = "plain data with texts as keys is JSON")]
fn json<T: Serialize>(report: &T) -> Answer {
    let json = serde_json::to_string(report).expect("plain data encodes");
    if json.len() <= LONGEST {
        return Answer::View(json);
    }
    let [bytes, most] = [json.len(), LONGEST].map(|bytes| bytes as u64);
    Refusal::TooLong { bytes, most }.into()
}

fn texts<'a>(members: impl IntoIterator<Item = &'a ReplicaId>) -> Vec<String> {
    members.into_iter().map(ToString::to_string).collect()
}

fn length(items: usize) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}
