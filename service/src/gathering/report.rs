//! What anybody may ask: questions, and their answers as JSON.

use std::collections::BTreeMap;

use quorate_protocol::{ReplicaId, Sequence};
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Refusal};
use super::auction::{Lot, Sale};
use super::choice::Choice;
use super::closing::{Closing, Phase};
use super::command::{Price, Rule, Task};
use super::offer::{Activity, Offer};
use super::state::{Gathering, Record, Thing};
use super::vote::Question;
use super::word::{Name, hex, number};
use super::work::Job;

/// The version of the JSON objects.
pub const VERSION: u32 = 1;
/// The most bytes of happenings in one answer, unless a single one is longer. Requests return at most 64 KiB.
const PAGE: usize = 32 * 1024;
/// The most bytes of an answer.
const LONGEST: usize = 60 * 1024;

/// Answers `members`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Members {
    /// [`VERSION`].
    pub v: u32,
    /// The cluster's id: 64 hexadecimal digits.
    pub cluster: String,
    /// The number of members.
    pub n: u32,
    /// How many of them may lie.
    pub f: u32,
    /// The slot in which the cluster was founded.
    pub founded: Option<u64>,
    /// The epoch; 0 before the cluster is founded.
    pub epoch: u64,
    /// Each member.
    pub members: Vec<Member>,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its process: `P`.
    pub member: String,
    /// The name of its node.
    pub name: String,
    /// Whether its offer came in time, or is in time still.
    pub offered: bool,
    /// Whether it takes part in what was agreed on.
    pub takes_part: bool,
    /// The lot whose bid it must reveal before it may bid again.
    pub barred: Option<String>,
    /// How many misdeeds of it were told in this epoch.
    pub misdeeds: u32,
}

/// Answers `offers`, and `offer MEMBER` with those of one member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offers {
    /// [`VERSION`].
    pub v: u32,
    /// The epoch.
    pub epoch: u64,
    /// How far the phase is closed.
    pub closing: Closes,
    /// The offers that count.
    pub offers: Vec<Offered>,
    /// Members that made two different offers.
    pub contradictions: Vec<Contradiction>,
}

/// An offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offered {
    /// Who makes it.
    pub member: String,
    /// The slot in which it executed.
    pub slot: u64,
    /// What the member does.
    pub services: Vec<Activity>,
    /// What it claims to have.
    pub can: BTreeMap<Name, u64>,
    /// What members must have.
    pub needs: BTreeMap<Name, u64>,
    /// The fewest members.
    pub least: Option<u32>,
    /// The most members.
    pub most: Option<u32>,
    /// Members that are excluded.
    pub without: Vec<String>,
    /// In how many slots after the beginning of the epoch the offers must be closed.
    pub deadline_slots: Option<u64>,
    /// The activities, the preferred ones first.
    pub prefers: Vec<Activity>,
}

/// Two offers of one member. It has signed the requests in both slots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contradiction {
    /// The member.
    pub member: String,
    /// The slot of the first offer, which counts.
    pub first_slot: u64,
    /// The first offer, in the words of its command.
    pub first: String,
    /// The slot of the second.
    pub second_slot: u64,
    /// The second offer.
    pub second: String,
}

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

/// Answers `agreement`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// [`VERSION`].
    pub v: u32,
    /// The epoch.
    pub epoch: u64,
    /// The slot in which it was reached. `null` as long as offers are taken.
    pub slot: Option<u64>,
    /// The activity. `null` if none is common, and before the agreement.
    pub chosen: Option<Activity>,
    /// Who takes part.
    pub members: Vec<String>,
    /// How much of each capability a correct member has.
    pub numbers: BTreeMap<Name, u64>,
    /// How each activity stood.
    pub standings: Vec<Standing>,
}

/// How an activity stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The activity.
    pub activity: Activity,
    /// Who offered it.
    pub offered_by: Vec<String>,
    /// Whose terms held.
    pub members: Vec<String>,
    /// Whether at least a quorum takes part.
    pub feasible: bool,
    /// The Borda count, if it is feasible.
    pub points: Option<u64>,
}

/// Answers `auctions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Auctions {
    /// [`VERSION`].
    pub v: u32,
    /// The epoch.
    pub epoch: u64,
    /// The lots, in the order in which they were opened.
    pub auctions: Vec<AuctionLine>,
}

/// An auction in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuctionLine {
    /// The lot.
    pub lot: Name,
    /// Who put it up.
    pub by: String,
    /// What the winner pays.
    pub price: Price,
    /// How far it is.
    pub stage: AuctionStage,
    /// How many members have bid.
    pub bids: u32,
    /// Who wins.
    pub winner: Option<String>,
    /// What the winner pays.
    pub pays: Option<u64>,
}

/// How far an auction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuctionStage {
    /// Sealed bids are taken.
    Bidding,
    /// The bids are being revealed.
    Revealing,
    /// It has ended.
    Ended,
}

/// Answers `auction LOT`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Auction {
    /// [`VERSION`].
    pub v: u32,
    /// The cluster's id, which a commitment contains.
    pub cluster: String,
    /// The epoch, which a commitment contains.
    pub epoch: u64,
    /// The slot in which the lot was put up.
    pub slot: u64,
    /// The auction in short.
    pub auction: AuctionLine,
    /// The bids.
    pub bids: Vec<Bid>,
    /// How far bidding is closed.
    pub bids_closing: Closes,
    /// How far revealing is closed.
    pub reveals_closing: Closes,
    /// Who did not reveal, once the auction has ended.
    pub void: Vec<String>,
}

/// A bid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bid {
    /// Who bids.
    pub bidder: String,
    /// The slot in which the bid executed.
    pub slot: u64,
    /// The commitment: 64 hexadecimal digits.
    pub commitment: String,
    /// The amount, once it is revealed.
    pub amount: Option<u64>,
}

/// Answers `votes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Votes {
    /// [`VERSION`].
    pub v: u32,
    /// The epoch.
    pub epoch: u64,
    /// The questions, in the order in which they were asked.
    pub votes: Vec<VoteLine>,
}

/// A vote in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoteLine {
    /// The question.
    pub question: Name,
    /// Who asked it.
    pub by: String,
    /// How ballots are counted.
    pub rule: Rule,
    /// How many members have voted.
    pub ballots: u32,
    /// Whether the vote has ended.
    pub ended: bool,
    /// The option that won.
    pub winner: Option<Name>,
}

/// Answers `vote QUESTION`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// [`VERSION`].
    pub v: u32,
    /// The epoch.
    pub epoch: u64,
    /// The slot in which the question was asked.
    pub slot: u64,
    /// The vote in short.
    pub vote: VoteLine,
    /// The points of each option so far.
    pub tally: Vec<Points>,
    /// The ballots.
    pub ballots: Vec<Ballot>,
    /// How far the vote is closed.
    pub closing: Closes,
}

/// The points of an option.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Points {
    /// The option.
    pub option: Name,
    /// Its points.
    pub points: u64,
}

/// A ballot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ballot {
    /// Who votes.
    pub member: String,
    /// The slot in which the ballot executed.
    pub slot: u64,
    /// The options, best first.
    pub options: Vec<Name>,
}

/// Answers `jobs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jobs {
    /// [`VERSION`].
    pub v: u32,
    /// The epoch.
    pub epoch: u64,
    /// The jobs, in the order in which they were given.
    pub jobs: Vec<JobLine>,
}

/// A job in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobLine {
    /// The job.
    pub job: Name,
    /// Who gave it.
    pub by: String,
    /// What is to be done.
    pub task: Task,
    /// How many of its parts have a result.
    pub done: u32,
    /// Whether no more results are taken.
    pub ended: bool,
    /// The result, once all parts have one.
    pub total: Option<u64>,
}

/// Answers `job JOB`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobReport {
    /// [`VERSION`].
    pub v: u32,
    /// The epoch.
    pub epoch: u64,
    /// The slot in which it was given.
    pub slot: u64,
    /// The job in short.
    pub job: JobLine,
    /// Its parts.
    pub parts: Vec<JobPart>,
    /// How far the job is closed.
    pub closing: Closes,
}

/// A part of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobPart {
    /// The part, from 1.
    pub part: u32,
    /// Its first number.
    pub from: u64,
    /// The number after its last.
    pub to: u64,
    /// Who does it.
    pub assigned: Vec<String>,
    /// The result that f+1 members have given.
    pub value: Option<u64>,
    /// The result of each member.
    pub results: BTreeMap<String, u64>,
}

/// Answers `happenings FROM`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happenings {
    /// [`VERSION`].
    pub v: u32,
    /// The number to ask from next time.
    pub next: u64,
    /// Whether there are more already.
    pub more: bool,
    /// The happenings. The first may have a higher number than was asked for, if the ones before are forgotten.
    pub happenings: Vec<Line>,
}

/// A happening.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its number, from 0.
    pub number: u64,
    /// The slot.
    pub slot: u64,
    /// The stage: `found`, `negotiate`, `agree`, `act` or `malicious`.
    pub stage: String,
    /// What happened.
    pub text: String,
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

    fn members(&self) -> Members {
        let quorum = self.membership().quorum();
        let members = self.membership().members().zip(self.membership().names());
        Members {
            v: VERSION,
            cluster: hex(&self.membership().cluster().0),
            n: quorum.n(),
            f: quorum.f(),
            founded: self.founded().map(|slot| slot.0),
            epoch: self.epoch(),
            members: members
                .map(|(member, name)| self.member(member, name))
                .collect(),
        }
    }

    fn member(&self, member: ReplicaId, name: &Name) -> Member {
        let record = self.record(member);
        Member {
            member: member.to_string(),
            name: name.to_string(),
            offered: record.is_some_and(|record| record.offer.is_some()),
            takes_part: self.takes_part(member),
            barred: self.barred(member).map(Name::to_string),
            misdeeds: record.map_or(0, |record| length(record.misdeeds.len())),
        }
    }

    /// The offers of all members, or of one.
    fn offers(&self, of: Option<ReplicaId>) -> Offers {
        let members = self.membership().members();
        let records: Vec<(ReplicaId, &Record)> = members
            .filter(|member| of.is_none_or(|of| of == *member))
            .filter_map(|member| Some((member, self.record(member)?)))
            .collect();
        let offers = records.iter().filter_map(|(member, record)| {
            let offer = record.offer.as_ref()?;
            Some(offered(*member, offer.slot, &offer.what))
        });
        let contradictions = records.iter().filter_map(|(member, record)| {
            let (first, second) = (record.offer.as_ref()?, record.second_offer.as_ref()?);
            Some(Contradiction {
                member: member.to_string(),
                first_slot: first.slot.0,
                first: first.what.to_string(),
                second_slot: second.slot.0,
                second: second.what.to_string(),
            })
        });
        Offers {
            v: VERSION,
            epoch: self.epoch(),
            closing: self.closes(&Phase::Offers),
            offers: offers.collect(),
            contradictions: contradictions.collect(),
        }
    }

    fn agreement(&self) -> Agreement {
        let standings = self.choice().map(|choice| &choice.standings);
        let standings = standings.into_iter().flatten().map(|one| Standing {
            activity: one.activity,
            offered_by: texts(&one.offered_by),
            members: texts(&one.members),
            feasible: one.points.is_some(),
            points: one.points,
        });
        let closed = self.closing(&Phase::Offers).and_then(Closing::at);
        Agreement {
            v: VERSION,
            epoch: self.epoch(),
            slot: closed.map(|slot| slot.0),
            chosen: self.choice().and_then(|choice| choice.chosen),
            members: self
                .choice()
                .and_then(Choice::members)
                .map(texts)
                .unwrap_or_default(),
            numbers: self
                .choice()
                .map(|choice| choice.numbers.clone())
                .unwrap_or_default(),
            standings: standings.collect(),
        }
    }

    fn auctions(&self) -> Auctions {
        let auctions = self.lots().iter();
        Auctions {
            v: VERSION,
            epoch: self.epoch(),
            auctions: auctions
                .map(|lot| self.auction_line(lot, self.sale(lot).as_ref()))
                .collect(),
        }
    }

    fn sale(&self, lot: &Thing<Lot>) -> Option<Sale> {
        lot.what.sale(self.membership(), self.epoch(), &lot.name)
    }

    fn auction_line(&self, lot: &Thing<Lot>, sale: Option<&Sale>) -> AuctionLine {
        let winner = sale.and_then(|sale| sale.winner);
        let stage = match (lot.what.bids_closing.at(), sale) {
            (None, _) => AuctionStage::Bidding,
            (Some(_), None) => AuctionStage::Revealing,
            (Some(_), Some(_)) => AuctionStage::Ended,
        };
        AuctionLine {
            lot: lot.name.clone(),
            by: lot.by.to_string(),
            price: lot.what.price,
            stage,
            bids: length(lot.what.bids.len()),
            winner: winner.map(|(winner, _)| winner.to_string()),
            pays: winner.map(|(_, pays)| pays),
        }
    }

    fn auction(&self, lot: &Thing<Lot>) -> Auction {
        let sale = self.sale(lot);
        let bids = lot.what.bids.iter().map(|(bidder, bid)| Bid {
            bidder: bidder.to_string(),
            slot: bid.slot.0,
            commitment: hex(&bid.what.commitment),
            amount: bid.what.amount,
        });
        Auction {
            v: VERSION,
            cluster: hex(&self.membership().cluster().0),
            epoch: self.epoch(),
            slot: lot.slot.0,
            auction: self.auction_line(lot, sale.as_ref()),
            bids: bids.collect(),
            bids_closing: self.closes(&Phase::Bids(lot.name.clone())),
            reveals_closing: self.closes(&Phase::Reveals(lot.name.clone())),
            void: sale.map(|sale| texts(&sale.void)).unwrap_or_default(),
        }
    }

    fn votes(&self) -> Votes {
        let votes = self.questions().iter();
        Votes {
            v: VERSION,
            epoch: self.epoch(),
            votes: votes.map(|question| self.vote_line(question)).collect(),
        }
    }

    fn vote_line(&self, question: &Thing<Question>) -> VoteLine {
        let (name, what) = (&question.name, &question.what);
        VoteLine {
            question: name.clone(),
            by: question.by.to_string(),
            rule: what.rule,
            ballots: length(what.ballots.len()),
            ended: what.closing.at().is_some(),
            winner: what.winner(self.membership(), self.epoch(), name),
        }
    }

    fn vote(&self, question: &Thing<Question>) -> Vote {
        let options = &question.what.options;
        let places = |ballot: &[u8]| {
            let options = ballot
                .iter()
                .filter_map(|place| options.get(usize::from(*place)));
            options.cloned().collect()
        };
        let tally = question.what.tally().into_iter();
        let ballots = question.what.ballots.iter().map(|(member, ballot)| Ballot {
            member: member.to_string(),
            slot: ballot.slot.0,
            options: places(&ballot.what),
        });
        Vote {
            v: VERSION,
            epoch: self.epoch(),
            slot: question.slot.0,
            vote: self.vote_line(question),
            tally: tally
                .map(|(option, points)| Points { option, points })
                .collect(),
            ballots: ballots.collect(),
            closing: self.closes(&Phase::Ballots(question.name.clone())),
        }
    }

    fn job_lines(&self) -> Jobs {
        let jobs = self.jobs().iter();
        Jobs {
            v: VERSION,
            epoch: self.epoch(),
            jobs: jobs.map(|job| self.job_line(job)).collect(),
        }
    }

    fn job_line(&self, job: &Thing<Job>) -> JobLine {
        let quorum = self.membership().quorum();
        let undone = length(job.what.undone(quorum).len());
        JobLine {
            job: job.name.clone(),
            by: job.by.to_string(),
            task: job.what.task,
            done: job.what.task.parts.saturating_sub(undone),
            ended: job.what.closing.at().is_some(),
            total: job.what.total(quorum),
        }
    }

    fn job(&self, job: &Thing<Job>) -> JobReport {
        let parts = (0..).zip(&job.what.parts).map(|(part, results)| {
            let (from, to) = job.what.task.range(part);
            let results = results.iter();
            JobPart {
                part: part + 1,
                from,
                to,
                assigned: texts(&self.assigned(part)),
                value: job.what.value(part, self.membership().quorum()),
                results: results
                    .map(|(who, result)| (who.to_string(), result.what))
                    .collect(),
            }
        });
        JobReport {
            v: VERSION,
            epoch: self.epoch(),
            slot: job.slot.0,
            job: self.job_line(job),
            parts: parts.collect(),
            closing: self.closes(&Phase::Results(job.name.clone())),
        }
    }

    fn happenings(&self, from: u64) -> Happenings {
        let mut bytes = 0;
        let lines = self.log().from(from).map(|one| Line {
            number: one.number,
            slot: one.slot.0,
            stage: one.happening.stage().to_string(),
            text: one.to_string(),
        });
        let fits = |line: &Line| {
            let first = bytes == 0;
            bytes += line.text.len() + 100;
            first || bytes <= PAGE
        };
        let happenings: Vec<Line> = lines.take_while(fits).collect();
        let next = happenings
            .last()
            .map_or(self.log().next(), |last| last.number + 1);
        Happenings {
            v: VERSION,
            next,
            more: next < self.log().next(),
            happenings,
        }
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

fn offered(member: ReplicaId, slot: Sequence, offer: &Offer) -> Offered {
    Offered {
        member: member.to_string(),
        slot: slot.0,
        services: offer.services.iter().copied().collect(),
        can: offer.can.clone(),
        needs: offer.needs.clone(),
        least: offer.least,
        most: offer.most,
        without: texts(&offer.without),
        deadline_slots: offer.deadline,
        prefers: offer.prefers.clone(),
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
