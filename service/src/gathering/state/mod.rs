//! The replicated state of a gathering.

mod auctions;
mod jobs;
mod negotiation;
mod parts;
mod votes;

use std::collections::{BTreeMap, BTreeSet};

use quorate_protocol::{Cached, ClientId, ClusterId, Part, ReplicaId, Sequence};
use serde::{Deserialize, Serialize};

use super::answer::{Answer, Refusal};
use super::auction::Lot;
use super::choice::Choice;
use super::closing::{Asked, Closing, Phase};
use super::command::{Act, Command};
use super::happening::{Happening, Misdeed};
use super::log::Log;
use super::membership::Membership;
use super::offer::{Activity, Offer};
use super::once::{Fate, Said};
use super::vote::Question;
use super::word::Name;
use super::work::Job;

/// The most lots, questions and jobs together that a member may open in an epoch.
pub const MOST_OPENED: u32 = 8;
/// The most misdeeds of a member that are told in an epoch.
pub const MOST_MISDEEDS: usize = 32;

/// The members, what they offered, what they chose, and what they do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gathering {
    membership: Membership,
    head: Head,
    records: BTreeMap<ReplicaId, Record>,
    lots: Vec<Thing<Lot>>,
    questions: Vec<Thing<Question>>,
    jobs: Vec<Thing<Job>>,
    log: Log,
    /// The state in parts, until it changes.
    parts: Cached<Vec<Part>>,
}

/// Where the gathering stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    /// The slot in which the cluster was founded.
    founded: Option<Sequence>,
    /// The epoch; 0 before the cluster is founded.
    epoch: u64,
    /// The slot in which the epoch began.
    began: Sequence,
    offers: Closing,
    next_epoch: Closing,
    choice: Option<Choice>,
}

/// What is known of a member in this epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its offer.
    pub offer: Option<Said<Offer>>,
    /// A second, different offer. The requests in both slots are signed by the member, which proves it faulty.
    pub second_offer: Option<Said<Offer>>,
    /// Its misdeeds, as far as they are told.
    pub misdeeds: BTreeSet<Misdeed>,
    muted: bool,
}

/// A lot, a question or a job, with who opened it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thing<T> {
    /// Its name.
    pub name: Name,
    /// Who opened it.
    pub by: ReplicaId,
    /// The slot in which it was opened.
    pub slot: Sequence,
    /// What it is.
    pub what: T,
}

impl Gathering {
    /// The state before the cluster is founded.
    #[must_use]
    pub fn new(membership: Membership) -> Self {
        Self {
            membership,
            head: Head::default(),
            records: BTreeMap::new(),
            lots: Vec::new(),
            questions: Vec::new(),
            jobs: Vec::new(),
            log: Log::default(),
            parts: Cached::default(),
        }
    }

    /// Executes the text of a [`Command`]. The client must be a session of a process, which then speaks as member.
    pub fn execute(&mut self, slot: Sequence, client: ClientId, text: &str) -> Answer {
        let ClientId::Session {
            process: member, ..
        } = client
        else {
            return Refusal::NotAMember.into();
        };
        if !self.membership.has(member) {
            return Refusal::NotAMember.into();
        }
        self.parts.forget();
        match Command::parse(text) {
            Ok(command) => self
                .apply(slot, member, command)
                .unwrap_or_else(Answer::Refused),
            Err(bad) => Refusal::from(bad).into(),
        }
    }

    /// Who the members are.
    #[must_use]
    pub const fn membership(&self) -> &Membership {
        &self.membership
    }

    /// The slot in which the cluster was founded.
    #[must_use]
    pub const fn founded(&self) -> Option<Sequence> {
        self.head.founded
    }

    /// The epoch, from 1; 0 before the cluster is founded.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.head.epoch
    }

    /// What is known of a member in this epoch. `None` if nothing is.
    #[must_use]
    pub fn record(&self, member: ReplicaId) -> Option<&Record> {
        self.records.get(&member)
    }

    /// What the members have chosen. `None` before the offers are closed.
    #[must_use]
    pub const fn choice(&self) -> Option<&Choice> {
        self.head.choice.as_ref()
    }

    /// Whether a member takes part in what was chosen.
    #[must_use]
    pub fn takes_part(&self, member: ReplicaId) -> bool {
        let members = self.choice().and_then(Choice::members);
        members.is_some_and(|members| members.contains(&member))
    }

    /// The first lot that has ended without the reveal of this member's bid. Until the member reveals it, be it late, its bids for
    /// other lots are taken, but they are void if these lots end first. A slow member reveals as soon as it can, so it loses
    /// nothing. Whoever wants to keep a bid secret wins nothing.
    #[must_use]
    pub fn unrevealed(&self, member: ReplicaId) -> Option<&Name> {
        let owed = |lot: &&Thing<Lot>| lot.what.is_owed_by(member);
        self.lots.iter().find(owed).map(|lot| &lot.name)
    }

    /// The lots of this epoch, in the order in which they were opened.
    #[must_use]
    pub fn lots(&self) -> &[Thing<Lot>] {
        &self.lots
    }

    /// The questions of this epoch, in the order in which they were opened.
    #[must_use]
    pub fn questions(&self) -> &[Thing<Question>] {
        &self.questions
    }

    /// The jobs of this epoch, in the order in which they were opened.
    #[must_use]
    pub fn jobs(&self) -> &[Thing<Job>] {
        &self.jobs
    }

    /// The latest happenings.
    #[must_use]
    pub const fn log(&self) -> &Log {
        &self.log
    }

    /// The closing of a phase. `None` if there is no such lot, question or job.
    #[must_use]
    pub fn closing(&self, phase: &Phase) -> Option<&Closing> {
        match phase {
            Phase::Offers => Some(&self.head.offers),
            Phase::Epoch => Some(&self.head.next_epoch),
            Phase::Bids(lot) => Some(&find(&self.lots, lot).ok()?.what.bids_closing),
            Phase::Reveals(lot) => Some(&find(&self.lots, lot).ok()?.what.reveals_closing),
            Phase::Ballots(question) => Some(&find(&self.questions, question).ok()?.what.closing),
            Phase::Results(job) => Some(&find(&self.jobs, job).ok()?.what.closing),
        }
    }

    fn apply(
        &mut self,
        slot: Sequence,
        member: ReplicaId,
        command: Command,
    ) -> Result<Answer, Refusal> {
        match command {
            Command::Found { cluster, names } => self.found(slot, member, cluster, &names),
            Command::In(_, _) if self.head.founded.is_none() => {
                Err(Refusal::NotFounded(self.membership.cluster()))
            }
            Command::In(theirs, _) if theirs != self.head.epoch => Err(Refusal::OtherEpoch {
                ours: self.head.epoch,
                theirs,
            }),
            Command::In(_, act) => self.act(slot, member, act),
        }
    }

    fn act(&mut self, slot: Sequence, member: ReplicaId, act: Act) -> Result<Answer, Refusal> {
        match act {
            Act::Offer(offer) => self.offer(slot, member, offer),
            Act::Close(phase) => self.close(slot, member, &phase),
            Act::Auction(lot, price) => self.open_lot(slot, member, lot, price),
            Act::Bid {
                lot,
                commitment,
                memo,
            } => self.bid(slot, member, &lot, commitment, memo),
            Act::Reveal { lot, amount, salt } => self.reveal(slot, member, &lot, amount, &salt),
            Act::Question {
                question,
                rule,
                options,
            } => self.open_question(slot, member, question, rule, options),
            Act::Ballot { question, options } => self.ballot(slot, member, &question, &options),
            Act::Work(job, task) => self.open_job(slot, member, job, task),
            Act::Result { job, part, value } => self.result(slot, member, &job, part, value),
        }
    }

    fn found(
        &mut self,
        slot: Sequence,
        member: ReplicaId,
        cluster: ClusterId,
        names: &[Name],
    ) -> Result<Answer, Refusal> {
        if let Err(refusal) = self.check_founding(cluster, names) {
            let misdeed = match &refusal {
                Refusal::OtherCluster { theirs, .. } => Misdeed::OtherCluster(*theirs),
                _ => Misdeed::OtherNames,
            };
            self.note(slot, member, misdeed);
            return Err(refusal);
        }
        if self.head.founded.is_some() {
            return Ok(Answer::Again);
        }
        self.head = Head {
            founded: Some(slot),
            epoch: 1,
            began: slot,
            ..Head::default()
        };
        self.log.add(
            slot,
            Happening::Founded {
                cluster,
                names: names.to_vec(),
                liars: self.membership.quorum().f(),
            },
        );
        Ok(Answer::Counted)
    }

    fn check_founding(&self, theirs: ClusterId, names: &[Name]) -> Result<(), Refusal> {
        let ours = self.membership.cluster();
        if theirs != ours {
            return Err(Refusal::OtherCluster { ours, theirs });
        }
        if names.len() != self.membership.names().len() {
            return Err(Refusal::OtherSize {
                ours: self.membership.quorum().n(),
                theirs: u32::try_from(names.len()).unwrap_or(u32::MAX),
            });
        }
        let mut pairs = (1..).zip(self.membership.names().iter().zip(names));
        match pairs.find(|(_, (ours, theirs))| ours != theirs) {
            None => Ok(()),
            Some((place, (ours, theirs))) => Err(Refusal::OtherName {
                place,
                ours: ours.clone(),
                theirs: theirs.clone(),
            }),
        }
    }

    /// Counts a member's wish to close a phase. The last one that is needed closes it, and its end is worked out at once.
    fn close(
        &mut self,
        slot: Sequence,
        member: ReplicaId,
        phase: &Phase,
    ) -> Result<Answer, Refusal> {
        let enough = self.needed(phase);
        let closing = match phase {
            Phase::Offers => &mut self.head.offers,
            Phase::Epoch => &mut self.head.next_epoch,
            Phase::Bids(lot) => &mut find_mut(&mut self.lots, lot)?.what.bids_closing,
            Phase::Reveals(lot) => &mut revealing(&mut self.lots, lot)?.reveals_closing,
            Phase::Ballots(question) => &mut find_mut(&mut self.questions, question)?.what.closing,
            Phase::Results(job) => &mut find_mut(&mut self.jobs, job)?.what.closing,
        };
        match closing.ask(member, slot, enough) {
            Asked::Counted => return Ok(Answer::Counted),
            Asked::Again => return Ok(Answer::Again),
            Asked::Closed => {}
        }
        match phase {
            Phase::Offers => self.offers_closed(slot),
            Phase::Epoch => self.begin_next_epoch(slot),
            Phase::Bids(lot) => self.bids_closed(slot, lot)?,
            Phase::Reveals(lot) => self.reveals_closed(slot, lot)?,
            Phase::Ballots(question) => self.ballots_closed(slot, question)?,
            Phase::Results(job) => self.results_closed(slot, job)?,
        }
        Ok(Answer::Counted)
    }

    /// How many members must ask for the end of a phase. One correct member is enough for what ends in any case. An epoch could go
    /// on for ever, and with it ends what others are about to do: a quorum must want that, so most correct members do.
    #[must_use]
    pub(super) fn needed(&self, phase: &Phase) -> usize {
        let quorum = self.membership.quorum();
        match phase {
            Phase::Epoch => quorum.size(),
            Phase::Offers
            | Phase::Bids(_)
            | Phase::Reveals(_)
            | Phase::Ballots(_)
            | Phase::Results(_) => quorum.one_correct(),
        }
    }

    /// Begins the next epoch: all offers, and all that was opened, is over.
    fn begin_next_epoch(&mut self, slot: Sequence) {
        let epoch = self.head.epoch + 1;
        self.head = Head {
            founded: self.head.founded,
            epoch,
            began: slot,
            ..Head::default()
        };
        self.records.clear();
        self.lots.clear();
        self.questions.clear();
        self.jobs.clear();
        self.log.add(slot, Happening::Began(epoch));
    }

    /// How many lots, questions and jobs a member has opened in this epoch.
    pub(super) fn opened_by(&self, member: ReplicaId) -> usize {
        let lots = self.lots.iter().map(|one| one.by);
        let questions = self.questions.iter().map(|one| one.by);
        let jobs = self.jobs.iter().map(|one| one.by);
        let opened = lots.chain(questions).chain(jobs);
        opened.filter(|by| *by == member).count()
    }

    /// Checks that the members agreed on this activity, and that the member takes part.
    pub(super) fn check_part(&self, member: ReplicaId, wanted: Activity) -> Result<(), Refusal> {
        let choice = self.choice().ok_or(Refusal::NotAgreed)?;
        if choice.chosen != Some(wanted) {
            let chosen = choice.chosen;
            return Err(Refusal::OtherActivity { chosen, wanted });
        }
        if self.takes_part(member) {
            Ok(())
        } else {
            Err(Refusal::TakesNoPart(member))
        }
    }

    /// Checks that a member may open one more lot, question or job. One that is open already may be opened again.
    fn check_room<T>(
        &self,
        member: ReplicaId,
        things: &[Thing<T>],
        name: &Name,
    ) -> Result<(), Refusal> {
        if self.opened_by(member) < MOST_OPENED as usize || find(things, name).is_ok() {
            Ok(())
        } else {
            let most = MOST_OPENED;
            Err(Refusal::TooMany { member, most })
        }
    }

    /// The answer to something that may be said once. What is not in order is noted; the last two arguments say as what.
    fn once(
        &mut self,
        slot: Sequence,
        member: ReplicaId,
        fate: Fate,
        phase: Phase,
        late: Misdeed,
        second: impl FnOnce(Sequence) -> Misdeed,
    ) -> Answer {
        match fate {
            Fate::Counts => Answer::Counted,
            Fate::Again => Answer::Again,
            Fate::Late(closed) => {
                self.note(slot, member, late);
                Answer::Late { phase, closed }
            }
            Fate::Contradicts(first) => {
                self.note(slot, member, second(first));
                Answer::Contradiction { first }
            }
        }
    }

    /// Notes what a member did that is not in order, once, and tells it.
    fn note(&mut self, slot: Sequence, member: ReplicaId, misdeed: Misdeed) {
        let record = self.records.entry(member).or_default();
        if record.misdeeds.contains(&misdeed) || record.muted {
            return;
        }
        if record.misdeeds.len() == MOST_MISDEEDS {
            record.muted = true;
            self.log.add(slot, Happening::Muted(member));
            return;
        }
        record.misdeeds.insert(misdeed.clone());
        self.log.add(slot, Happening::Misdeed(member, misdeed));
    }
}

/// Opens a thing, unless there is one with its name. One that is opened again in the same way stays as it is.
fn open<T>(
    things: &mut Vec<Thing<T>>,
    thing: Thing<T>,
    is_same: impl Fn(&T, &T) -> bool,
) -> Result<Answer, Refusal> {
    match things.iter().find(|one| one.name == thing.name) {
        None => {
            things.push(thing);
            Ok(Answer::Counted)
        }
        Some(open) if is_same(&open.what, &thing.what) => Ok(Answer::Again),
        Some(open) => Err(Refusal::NameTaken {
            name: open.name.clone(),
            by: open.by,
            slot: open.slot,
        }),
    }
}

/// The thing with this name.
fn find<'a, T>(things: &'a [Thing<T>], name: &Name) -> Result<&'a Thing<T>, Refusal> {
    let found = things.iter().find(|thing| thing.name == *name);
    found.ok_or_else(|| Refusal::NoSuch(name.clone()))
}

/// The thing with this name.
fn find_mut<'a, T>(things: &'a mut [Thing<T>], name: &Name) -> Result<&'a mut Thing<T>, Refusal> {
    let found = things.iter_mut().find(|thing| thing.name == *name);
    found.ok_or_else(|| Refusal::NoSuch(name.clone()))
}

/// The lot with this name, whose bids must be closed.
fn revealing<'a>(lots: &'a mut [Thing<Lot>], name: &Name) -> Result<&'a mut Lot, Refusal> {
    let lot = &mut find_mut(lots, name)?.what;
    if lot.bids_closing.at().is_some() {
        Ok(lot)
    } else {
        Err(Refusal::BidsOpen(name.clone()))
    }
}
