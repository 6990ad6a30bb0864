//! What follows from the ordered commands of a gathering, worked out in the plainest way.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use quorate_protocol::message::Request;
use quorate_protocol::{ClientId, ReplicaId, Sequence};
use quorate_service::Operation;
use quorate_service::gathering::{
    Act, Activity, Choice, Command, Gathering as State, Name, Offer, Phase, Price, Rule, Stage,
    Task, commitment,
};

/// What differs: what it is, what was found, and what was expected.
pub(super) type Difference = (&'static str, String, String);

/// The commands of members, in the order in which they execute.
#[derive(Debug, Default)]
pub(super) struct Order(BTreeMap<Sequence, Vec<(ReplicaId, Command)>>);

impl Order {
    /// The requests of a slot, which are the same at each correct process.
    pub(super) fn add(&mut self, slot: Sequence, requests: &[Request]) {
        let commands = || requests.iter().flat_map(commands).collect();
        self.0.entry(slot).or_insert_with(commands);
    }
}

/// The commands of a member in a request, each with the member.
fn commands(request: &Request) -> Vec<(ReplicaId, Command)> {
    let ClientId::Session { process, .. } = request.client else {
        return Vec::new();
    };
    let command = |operation: Vec<u8>| match Operation::decode(&operation)? {
        Operation::Gathering(text) => Some((process, Command::parse(&text).ok()?)),
        _ => None,
    };
    let operations = Operation::parts(&request.operation).into_iter();
    operations.filter_map(command).collect()
}

/// What a state and the order can be compared by.
#[derive(Debug, Default)]
pub(super) struct Summary {
    founded: Option<Sequence>,
    offers: BTreeMap<ReplicaId, String>,
    bids: BTreeMap<Name, BTreeMap<ReplicaId, Option<u64>>>,
    prices: BTreeMap<Name, Option<u64>>,
    unrevealed: BTreeSet<ReplicaId>,
    points: BTreeMap<Name, Option<u64>>,
    totals: BTreeMap<Name, u64>,
    named: BTreeSet<ReplicaId>,
}

impl Summary {
    pub(super) fn of(state: &State) -> Self {
        let membership = state.membership();
        let records = membership
            .members()
            .filter_map(|member| Some((member, state.record(member)?)));
        let unrevealed = membership
            .members()
            .filter(|one| state.unrevealed(*one).is_some());
        let mut summary = Self {
            founded: state.founded(),
            unrevealed: unrevealed.collect(),
            ..Self::default()
        };
        for (member, record) in records {
            if let Some(offer) = &record.offer {
                summary.offers.insert(member, offer.what.to_string());
            }
            let mut stages = record.misdeeds.iter().map(|misdeed| misdeed.stage());
            if stages.any(|stage| stage == Stage::Malicious) {
                summary.named.insert(member);
            }
        }
        for lot in state.lots() {
            let bids = lot.what.bids.iter();
            let bids = bids.map(|(bidder, bid)| (*bidder, bid.what.amount));
            summary.bids.insert(lot.name.clone(), bids.collect());
            let sale = lot.what.sale(membership, state.epoch(), &lot.name);
            let price = sale.and_then(|sale| sale.winner).map(|(_, price)| price);
            summary.prices.insert(lot.name.clone(), price);
        }
        for question in state.questions() {
            let name = &question.name;
            let winner = question.what.winner(membership, state.epoch(), name);
            let tally: BTreeMap<Name, u64> = question.what.tally().into_iter().collect();
            let points = winner.and_then(|winner| tally.get(&winner).copied());
            summary.points.insert(name.clone(), points);
        }
        for job in state.jobs() {
            if let Some(total) = job.what.total(membership.quorum()) {
                summary.totals.insert(job.name.clone(), total);
            }
        }
        summary
    }

    /// The first thing in which they differ.
    pub(super) fn difference(&self, expected: &Self) -> Option<Difference> {
        differ("the slot of the founding", &self.founded, &expected.founded)
            .or_else(|| differ("the offers", &self.offers, &expected.offers))
            .or_else(|| differ("the bids", &self.bids, &expected.bids))
            .or_else(|| differ("the prices", &self.prices, &expected.prices))
            .or_else(|| {
                differ(
                    "those who must reveal",
                    &self.unrevealed,
                    &expected.unrevealed,
                )
            })
            .or_else(|| differ("the points of the winners", &self.points, &expected.points))
            .or_else(|| differ("the results of jobs", &self.totals, &expected.totals))
            .or_else(|| differ("those called malicious", &self.named, &expected.named))
    }
}

fn differ<T: PartialEq + Debug>(what: &'static str, found: &T, expected: &T) -> Option<Difference> {
    (found != expected).then(|| (what, format!("{found:?}"), format!("{expected:?}")))
}

/// The state that follows from the order. Which of several best activities is chosen is taken from the state that is looked at.
#[derive(Debug)]
pub(super) struct Naive<'a> {
    f: usize,
    state: &'a State,
    founded: Option<Sequence>,
    asked: BTreeMap<String, BTreeSet<ReplicaId>>,
    /// The slots of the phases that are closed.
    closed: BTreeMap<String, Sequence>,
    /// What each member said first of what it may say once.
    said: BTreeMap<(ReplicaId, String), String>,
    offers: BTreeMap<ReplicaId, Offer>,
    lots: BTreeMap<Name, Price>,
    bids: BTreeMap<(Name, ReplicaId), [u8; 32]>,
    amounts: BTreeMap<(Name, ReplicaId), u64>,
    questions: BTreeMap<Name, (Rule, Vec<Name>)>,
    ballots: BTreeMap<(Name, ReplicaId), Vec<Name>>,
    jobs: BTreeMap<Name, Task>,
    results: BTreeMap<(Name, u32), BTreeMap<ReplicaId, u64>>,
    named: BTreeSet<ReplicaId>,
    /// The bids that should have been revealed.
    owed: BTreeSet<(Name, ReplicaId)>,
}

impl<'a> Naive<'a> {
    /// Goes through the order up to this slot. Nobody begins a second epoch.
    pub(super) fn of(order: &Order, executed: Sequence, state: &'a State) -> Self {
        let mut naive = Self {
            f: state.membership().quorum().f() as usize,
            state,
            founded: None,
            asked: BTreeMap::new(),
            closed: BTreeMap::new(),
            said: BTreeMap::new(),
            offers: BTreeMap::new(),
            lots: BTreeMap::new(),
            bids: BTreeMap::new(),
            amounts: BTreeMap::new(),
            questions: BTreeMap::new(),
            ballots: BTreeMap::new(),
            jobs: BTreeMap::new(),
            results: BTreeMap::new(),
            named: BTreeSet::new(),
            owed: BTreeSet::new(),
        };
        for (slot, commands) in order.0.range(..=executed) {
            for (member, command) in commands {
                match command {
                    Command::Found { .. } => {
                        naive.founded.get_or_insert(*slot);
                    }
                    Command::In(1, act) if naive.founded.is_some() => {
                        naive.act(*slot, *member, act);
                    }
                    Command::In(..) => {}
                }
            }
        }
        naive
    }

    fn act(&mut self, slot: Sequence, member: ReplicaId, act: &Act) {
        match act {
            Act::Offer(offer) => self.offer(member, offer),
            Act::Close(phase) => self.close(slot, member, phase),
            Act::Auction(lot, price) if self.takes_part(member, Activity::Auction) => {
                self.lots.entry(lot.clone()).or_insert(*price);
            }
            Act::Bid {
                lot, commitment, ..
            } if self.takes_part(member, Activity::Auction) => {
                self.bid(member, lot, *commitment);
            }
            Act::Reveal { lot, amount, salt } => self.reveal(member, lot, *amount, salt),
            Act::Question {
                question,
                rule,
                options,
            } if self.takes_part(member, Activity::Vote) => {
                let asked = self.questions.entry(question.clone());
                asked.or_insert_with(|| (*rule, options.clone()));
            }
            Act::Ballot { question, options } if self.takes_part(member, Activity::Vote) => {
                self.ballot(member, question, options);
            }
            Act::Work(job, task) if self.takes_part(member, Activity::Work) => {
                self.jobs.entry(job.clone()).or_insert(*task);
            }
            Act::Result { job, part, value } if self.takes_part(member, Activity::Work) => {
                self.result(member, job, *part, *value);
            }
            _ => {}
        }
    }

    fn offer(&mut self, member: ReplicaId, offer: &Offer) {
        if self.says(member, "offers", "", &offer.to_string()) {
            self.offers.insert(member, offer.clone());
        }
    }

    fn takes_part(&self, member: ReplicaId, activity: Activity) -> bool {
        let choice = self.state.choice().filter(|_| self.is_closed("offers"));
        choice.is_some_and(|choice| choice.chosen == Some(activity))
            && self.members(activity).contains(&member)
    }

    fn is_closed(&self, phase: &str) -> bool {
        self.closed.contains_key(phase)
    }

    /// Whether this is the first that a member says of something, and the phase is open. Who says two things is named.
    fn says(&mut self, member: ReplicaId, phase: &str, about: &str, words: &str) -> bool {
        let key = (member, format!("{phase} {about}"));
        match self.said.get(&key) {
            Some(first) if first == words => false,
            Some(_) => {
                self.named.insert(member);
                false
            }
            None if self.is_closed(phase) => false,
            None => {
                self.said.insert(key, words.to_owned());
                true
            }
        }
    }

    fn close(&mut self, slot: Sequence, member: ReplicaId, phase: &Phase) {
        let words = phase.to_string();
        let may = match phase {
            Phase::Offers | Phase::Epoch => true,
            Phase::Bids(lot) => self.lots.contains_key(lot),
            Phase::Reveals(lot) => self.is_closed(&Phase::Bids(lot.clone()).to_string()),
            Phase::Ballots(question) => self.questions.contains_key(question),
            Phase::Results(job) => self.jobs.contains_key(job),
        };
        if !may || self.is_closed(&words) {
            return;
        }
        let asked = self.asked.entry(words.clone()).or_default();
        asked.insert(member);
        if asked.len() > self.f {
            self.closed.insert(words, slot);
            if let Phase::Reveals(lot) = phase {
                self.end_auction(lot);
            }
        }
    }

    fn bid(&mut self, member: ReplicaId, lot: &Name, commitment: [u8; 32]) {
        let key = (lot.clone(), member);
        if !self.lots.contains_key(lot) {
            return;
        }
        let phase = Phase::Bids(lot.clone()).to_string();
        if self.says(member, &phase, "", &format!("{commitment:?}")) {
            self.bids.insert(key, commitment);
        }
    }

    fn reveal(&mut self, member: ReplicaId, lot: &Name, amount: u64, salt: &[u8; 32]) {
        let key = (lot.clone(), member);
        let is_time = self.is_closed(&Phase::Bids(lot.clone()).to_string());
        let Some(sealed) = self.bids.get(&key).filter(|_| is_time) else {
            return;
        };
        let cluster = self.state.membership().cluster();
        if commitment(cluster, 1, lot, member, amount, salt) != *sealed {
            self.named.insert(member);
        } else if !self.is_closed(&Phase::Reveals(lot.clone()).to_string()) {
            self.amounts.insert(key, amount);
        } else {
            self.owed.remove(&key);
        }
    }

    /// Who owes the reveal of an earlier bid has bid for nothing. Whose bid is that of another, who has revealed it, has copied it.
    fn end_auction(&mut self, lot: &Name) {
        let indebted = self.unrevealed();
        let bids = self.bids.iter().filter(|((name, _), _)| name == lot);
        let (open, sealed): (Vec<_>, Vec<_>) =
            bids.partition(|(key, _)| self.amounts.contains_key(*key));
        for (key, copy) in sealed {
            self.owed.insert(key.clone());
            if open.iter().any(|(_, original)| *original == copy) {
                self.named.insert(key.1);
            }
        }
        self.amounts
            .retain(|(name, bidder), _| name != lot || !indebted.contains(bidder));
    }

    fn unrevealed(&self) -> BTreeSet<ReplicaId> {
        self.owed.iter().map(|(_, bidder)| *bidder).collect()
    }

    fn ballot(&mut self, member: ReplicaId, question: &Name, ballot: &[Name]) {
        let Some((rule, options)) = self.questions.get(question) else {
            return;
        };
        let fits = *rule == Rule::Borda || ballot.len() == 1;
        if !fits || ballot.iter().any(|option| !options.contains(option)) {
            return;
        }
        let phase = Phase::Ballots(question.clone()).to_string();
        if self.says(member, &phase, "", &format!("{ballot:?}")) {
            self.ballots
                .insert((question.clone(), member), ballot.to_vec());
        }
    }

    fn result(&mut self, member: ReplicaId, job: &Name, part: u32, value: u64) {
        let parts = self.jobs.get(job).map_or(0, |task| task.parts);
        let is_part = (1..=parts).contains(&part);
        if !is_part || !self.state.assigned(part - 1).contains(&member) {
            return;
        }
        let phase = Phase::Results(job.clone()).to_string();
        if !self.says(member, &phase, &part.to_string(), &value.to_string()) {
            return;
        }
        let results = self.results.entry((job.clone(), part)).or_default();
        results.insert(member, value);
        let equal = |value: u64| results.values().filter(|one| **one == value).count();
        let right = results.values().find(|value| equal(**value) > self.f);
        if let Some(right) = right {
            let wrong = results.iter().filter(|(_, value)| *value != right);
            self.named.extend(wrong.map(|(member, _)| *member));
        }
    }

    /// Who takes part in an activity: those whose terms hold, without those whose terms do not.
    fn members(&self, activity: Activity) -> BTreeSet<ReplicaId> {
        let offering = self.offers.iter();
        let offering = offering.filter(|(_, offer)| offer.services.contains(&activity));
        let mut members: BTreeSet<ReplicaId> = offering.map(|(member, _)| *member).collect();
        loop {
            let count = members.len();
            let holds = |member: &ReplicaId| {
                let offer = &self.offers[member];
                offer.least.is_none_or(|least| count >= least as usize)
                    && offer.most.is_none_or(|most| count <= most as usize)
                    && !members.iter().any(|other| offer.without.contains(other))
                    && offer
                        .needs
                        .iter()
                        .all(|(name, need)| self.number(name) >= *need)
            };
            let left: BTreeSet<ReplicaId> = members.iter().copied().filter(holds).collect();
            if left == members {
                return members;
            }
            members = left;
        }
    }

    /// The (f+1)-th largest claim of a capability; 0 if there is none.
    fn number(&self, name: &Name) -> u64 {
        let claims = self.offers.values().filter_map(|offer| offer.can.get(name));
        let mut claims: Vec<u64> = claims.copied().collect();
        claims.sort_unstable();
        claims.iter().rev().nth(self.f).copied().unwrap_or(0)
    }

    /// Checks that what is chosen is one of the best.
    pub(super) fn check_choice(&self, state: &State) -> Result<(), Difference> {
        let found = state.choice().map(|choice: &Choice| choice.chosen);
        if !self.is_closed("offers") {
            return differ("the choice", &found, &None).map_or(Ok(()), Err);
        }
        let quorum = state.membership().quorum().size();
        let is_feasible = |one: &Activity| self.members(*one).len() >= quorum;
        let feasible: Vec<Activity> = Activity::ALL.into_iter().filter(is_feasible).collect();
        let points = |activity: Activity| -> usize {
            let worth = |offer: &Offer| {
                let prefers = offer.prefers.iter().filter(|one| feasible.contains(one));
                let place = prefers.copied().position(|one| one == activity);
                place.map_or(0, |place| feasible.len() - place)
            };
            self.offers.values().map(worth).sum()
        };
        let most = feasible.iter().map(|one| points(*one)).max();
        let best = feasible.iter().filter(|one| Some(points(**one)) == most);
        let best: Vec<Option<Activity>> = best.map(|one| Some(*one)).collect();
        let is_best = match found {
            Some(None) => best.is_empty(),
            Some(chosen) => best.contains(&chosen),
            None => false,
        };
        if is_best {
            return Ok(());
        }
        Err(("the choice", format!("{found:?}"), format!("{best:?}")))
    }

    pub(super) fn summary(&self) -> Summary {
        let offers = self.offers.iter();
        let bids = self
            .lots
            .keys()
            .map(|lot| (lot.clone(), self.bids_for(lot)));
        let prices = self.lots.iter();
        let points = self.questions.keys();
        let totals = self.jobs.iter();
        Summary {
            founded: self.founded,
            offers: offers
                .map(|(who, offer)| (*who, offer.to_string()))
                .collect(),
            bids: bids.collect(),
            prices: prices
                .map(|(lot, price)| (lot.clone(), self.pays(lot, *price)))
                .collect(),
            unrevealed: self.unrevealed(),
            points: points
                .map(|question| (question.clone(), self.most_points(question)))
                .collect(),
            totals: totals
                .filter_map(|(job, task)| Some((job.clone(), self.total(job, *task)?)))
                .collect(),
            named: self.named.clone(),
        }
    }

    fn bids_for(&self, lot: &Name) -> BTreeMap<ReplicaId, Option<u64>> {
        let bids = self.bids.keys().filter(|(name, _)| name == lot);
        bids.map(|key| (key.1, self.amounts.get(key).copied()))
            .collect()
    }

    /// What the winner pays: the highest amount, or the one after it.
    fn pays(&self, lot: &Name, price: Price) -> Option<u64> {
        let phase = Phase::Reveals(lot.clone()).to_string();
        self.closed.get(&phase)?;
        let amounts = self.bids_for(lot).into_values().flatten();
        let mut amounts: Vec<u64> = amounts.collect();
        amounts.sort_unstable();
        let highest = amounts.pop()?;
        Some(match price {
            Price::First => highest,
            Price::Second => amounts.pop().unwrap_or(0),
        })
    }

    /// The points of the best option. `None` if the vote is open, or if nobody has voted for anything.
    fn most_points(&self, question: &Name) -> Option<u64> {
        let phase = Phase::Ballots(question.clone()).to_string();
        self.closed.get(&phase)?;
        let (rule, options) = self.questions.get(question)?;
        let points = |option: &Name| -> u64 {
            let ballots = self
                .ballots
                .iter()
                .filter(|((name, _), _)| name == question);
            let places =
                ballots.filter_map(|(_, ballot)| ballot.iter().position(|one| one == option));
            let worth = |place: usize| match rule {
                Rule::Plurality => 1,
                Rule::Borda => (options.len() - place) as u64,
            };
            places.map(worth).sum()
        };
        options.iter().map(points).max().filter(|most| *most > 0)
    }

    /// How many primes there are, if f+1 members have given the same result of each part.
    fn total(&self, job: &Name, task: Task) -> Option<u64> {
        let is_done = |part: &u32| {
            let results = self.results.get(&(job.clone(), *part));
            results.is_some_and(|results| {
                let equal = |value: u64| results.values().filter(|one| **one == value).count();
                results.values().any(|value| equal(*value) > self.f)
            })
        };
        let is_prime = |number: &u64| {
            let mut factors = (2..*number).take_while(|factor| factor * factor <= *number);
            *number > 1 && !factors.any(|factor| number.is_multiple_of(factor))
        };
        let primes = || (task.from..task.to).filter(is_prime).count() as u64;
        (1..=task.parts).all(|part| is_done(&part)).then(primes)
    }
}
