//! A member that acts by itself: what it submits next, given its plan, its wishes, the time and the state.
//!
//! It remembers nothing that the state does not tell, but its wishes and how long it has waited. So a member that starts again
//! goes on where it was, even between a bid and its reveal.

use std::cell::LazyCell;
use std::collections::BTreeMap;

use quorate_protocol::{ClientId, ClusterId, Digest, Duration, ReplicaId, Sequence, Time};

use super::answer::{Answer, Refusal};
use super::auction::{Bid, commitment};
use super::closing::{Closing, Phase};
use super::command::{Act, BadCommand, Command, Price, Rule, Task};
use super::offer::{Activity, Offer};
use super::once::Said;
use super::state::{Gathering, MOST_OPENED};
use super::waits::Waits;
use super::word::Name;

/// The most wishes of one epoch.
pub const MOST_WISHES: usize = 64;

/// How a member acts by itself.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What it offers. `None`: nothing.
    pub offer: Option<Offer>,
    /// How long it waits for what processes do by themselves: offers, reveals and results.
    pub patience: Duration,
    /// How long it waits for what people do: bids and ballots.
    pub deliberation: Duration,
    /// Secret bytes, the same in each life of the process. Salts come from them.
    pub secret: [u8; 32],
    /// What it wants to do in the first epoch.
    pub wishes: Vec<Wish>,
}

/// What a member wants to do, as soon as it is its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Put a lot up for auction.
    Auction(Name, Price),
    /// Bid so much for a lot.
    Bid(Name, u64),
    /// Ask a question.
    Question(Name, Rule, Vec<Name>),
    /// Vote for these options, best first.
    Ballot(Name, Vec<Name>),
    /// Give the members a job.
    Work(Name, Task),
    /// Begin the next epoch.
    NextEpoch,
}

/// Why a wish is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unwise {
    /// There are too many.
    #[error("{MOST_WISHES} wishes wait here already; begin another epoch first")]
    TooMany,
    /// The member has spoken already.
    #[error("this process has done this already, and what counts is the first: {0}")]
    Spoken(Phase),
    /// The phase is closed.
    #[error("this is closed: {0}")]
    Closed(Phase),
    /// The members would refuse it.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// A member that acts by itself.
#[derive(Clone, Debug)]
pub struct Member {
    own: ReplicaId,
    offer: Option<Offer>,
    patience: Duration,
    deliberation: Duration,
    secret: [u8; 32],
    wishes: Vec<Wish>,
    /// The epoch of the wishes and clocks.
    epoch: u64,
    /// When this member first saw each open phase.
    clocks: BTreeMap<Phase, Time>,
    /// What the member has worked out, by job and part.
    computed: BTreeMap<(Name, u32), u64>,
    due: Option<Time>,
}

impl Member {
    /// A member that has done nothing yet, in this life. Of two wishes of the plan that contradict each other the first counts.
    #[must_use]
    pub fn new(own: ReplicaId, plan: Plan) -> Self {
        let mut wishes: Vec<Wish> = Vec::new();
        for wish in plan.wishes {
            if !wishes.iter().any(|one| contradict(one, &wish)) {
                wishes.push(wish);
            }
        }
        Self {
            own,
            offer: plan.offer,
            patience: plan.patience,
            deliberation: plan.deliberation,
            secret: plan.secret,
            wishes,
            epoch: 1,
            clocks: BTreeMap::new(),
            computed: BTreeMap::new(),
            due: None,
        }
    }

    /// Wants to do something in this epoch. It is submitted when it is its time: a bid waits for its lot.
    ///
    /// # Errors
    /// It could not count, or it would contradict what the member has said.
    pub fn wish(&mut self, state: &Gathering, wish: Wish) -> Result<(), Unwise> {
        wish.check().map_err(Refusal::from)?;
        self.try_out(state, &wish)?;
        if self.wishes.len() >= MOST_WISHES {
            let waits = |one: &Wish| self.try_out(state, one) == Ok(Trial::Waits);
            let waiting = self.wishes.iter().filter(|one| waits(one)).cloned();
            self.wishes = waiting.collect();
        }
        if self.wishes.len() >= MOST_WISHES {
            return Err(Unwise::TooMany);
        }
        let spoken = self.wishes.iter().find(|one| contradict(one, &wish));
        if let Some(phase) = spoken.and_then(phase_of) {
            return Err(Unwise::Spoken(phase));
        }
        self.wishes.push(wish);
        Ok(())
    }

    /// What the member wants executed now. The same command is among them until it has executed, so whoever submits them must
    /// know which are under way. `held` gives the commands of all members that wait at this process to execute.
    pub fn next(
        &mut self,
        now: Time,
        state: &Gathering,
        held: impl FnOnce() -> Vec<(ReplicaId, Command)>,
    ) -> Vec<Command> {
        self.due = None;
        if state.founded().is_none() {
            let membership = state.membership();
            return vec![Command::Found {
                cluster: membership.cluster(),
                names: membership.names().to_vec(),
            }];
        }
        let waits = state.waits();
        self.follow(now, state.epoch(), &waits);
        let mut acts = self.wanted(now, state);
        let closes = self.closes(now, state, &waits, &acts, held);
        acts.extend(closes);
        let epoch = state.epoch();
        acts.into_iter()
            .map(|act| Command::In(epoch, act))
            .collect()
    }

    /// When [`Member::next`] must be asked again, even if nothing executes until then.
    #[must_use]
    pub const fn due(&self) -> Option<Time> {
        self.due
    }

    /// Begins to wait for the phases that are new. The wishes of an epoch end with it.
    fn follow(&mut self, now: Time, epoch: u64, waits: &[Waits]) {
        if epoch != self.epoch {
            self.epoch = epoch;
            self.wishes.clear();
            self.clocks.clear();
            self.computed.clear();
        }
        let is_open = |phase: &Phase| waits.iter().any(|wait| wait.phase == *phase);
        self.clocks.retain(|phase, _| is_open(phase));
        for wait in waits {
            self.clocks.entry(wait.phase.clone()).or_insert(now);
        }
    }

    /// What the member has to say and has not said.
    fn wanted(&mut self, now: Time, state: &Gathering) -> Vec<Act> {
        let offer = self.offer.iter().cloned().map(Act::Offer);
        let wishes = self.wishes.iter().filter_map(|wish| self.act(state, wish));
        let reveals = self.reveals(state);
        let said = offer.chain(wishes).chain(reveals);
        let mut acts: Vec<Act> = said.filter(|act| self.is_time(state, act)).collect();
        acts.extend(self.results(now, state));
        acts
    }

    fn act(&self, state: &Gathering, wish: &Wish) -> Option<Act> {
        match wish.clone() {
            Wish::Auction(lot, price) => Some(Act::Auction(lot, price)),
            Wish::Bid(lot, amount) => Some(self.sealed(state, lot, amount)),
            Wish::Question(question, rule, options) => Some(Act::Question {
                question,
                rule,
                options,
            }),
            Wish::Ballot(question, options) => Some(Act::Ballot { question, options }),
            Wish::Work(job, task) => Some(Act::Work(job, task)),
            Wish::NextEpoch => {
                let closing = state.closing(&Phase::Epoch)?;
                // What is under way comes to its end first.
                let asks = state.waits().is_empty() && !closing.asked().contains(&self.own);
                asks.then_some(Act::Close(Phase::Epoch))
            }
        }
    }

    /// Whether an act of this member would count now.
    fn is_time(&self, state: &Gathering, act: &Act) -> bool {
        let agreed = |activity| self.may(state, activity).is_ok();
        match act {
            Act::Auction(lot, _) => {
                agreed(Activity::Auction) && self.has_room(state) && !names(state.lots(), lot)
            }
            Act::Question { question, .. } => {
                agreed(Activity::Vote)
                    && self.has_room(state)
                    && !names(state.questions(), question)
            }
            Act::Work(job, _) => {
                agreed(Activity::Work) && self.has_room(state) && !names(state.jobs(), job)
            }
            Act::Close(_) => true,
            // Late is better than never: the member wins nothing until it reveals.
            Act::Reveal { .. } if is_late_reveal(state, self.own, act) => true,
            _ => first_word(state, self.own, act).is_some(),
        }
    }

    fn may(&self, state: &Gathering, wanted: Activity) -> Result<(), Refusal> {
        state.check_part(self.own, wanted)
    }

    fn has_room(&self, state: &Gathering) -> bool {
        state.opened_by(self.own) < MOST_OPENED as usize
    }

    fn sealed(&self, state: &Gathering, lot: Name, amount: u64) -> Act {
        let (cluster, epoch) = (state.membership().cluster(), state.epoch());
        let [salt, pad] = self.secrets(cluster, epoch, &lot);
        let commitment = commitment(cluster, epoch, &lot, self.own, amount, &salt);
        let memo = Some(padded(amount.to_le_bytes(), &pad));
        Act::Bid {
            lot,
            commitment,
            memo,
        }
    }

    /// The reveals of the member's own bids, as far as they can be read back from their memos. Whoever made a commitment
    /// elsewhere reveals it there.
    fn reveals(&self, state: &Gathering) -> Vec<Act> {
        let own = state
            .lots()
            .iter()
            .filter_map(|lot| Some((&lot.name, lot.what.bids.get(&self.own)?)));
        own.filter_map(|(lot, bid)| self.opened(state, lot, bid))
            .collect()
    }

    fn opened(&self, state: &Gathering, lot: &Name, bid: &Said<Bid>) -> Option<Act> {
        let (cluster, epoch) = (state.membership().cluster(), state.epoch());
        let [salt, pad] = self.secrets(cluster, epoch, lot);
        let amount = u64::from_le_bytes(padded(bid.what.memo?, &pad));
        let fits = commitment(cluster, epoch, lot, self.own, amount, &salt) == bid.what.commitment;
        let lot = lot.clone();
        fits.then_some(Act::Reveal { lot, amount, salt })
    }

    /// The salt of a bid, and what hides the amount in its memo. Each serves one bid only, so the memo tells nothing.
    fn secrets(&self, cluster: ClusterId, epoch: u64, lot: &Name) -> [[u8; 32]; 2] {
        [&b"salt"[..], b"memo"].map(|use_| {
            let (epoch, lot) = (epoch.to_le_bytes(), lot.as_str().as_bytes());
            Digest::of(&[use_, &self.secret, &cluster.0, &epoch, lot]).0
        })
    }

    /// The results of the member's parts. At most one is worked out at a time, so that the process does not stand still.
    fn results(&mut self, now: Time, state: &Gathering) -> Vec<Act> {
        if self.may(state, Activity::Work).is_err() {
            return Vec::new();
        }
        let mut acts = Vec::new();
        let mut worked = false;
        for job in state.jobs() {
            for part in 0..job.what.task.parts {
                let mut act = Act::Result {
                    job: job.name.clone(),
                    part: part + 1,
                    value: 0,
                };
                if first_word(state, self.own, &act).is_none() {
                    continue;
                }
                let key = (job.name.clone(), part);
                if !self.computed.contains_key(&key) && worked {
                    self.due = Some(now);
                    return acts;
                }
                worked |= !self.computed.contains_key(&key);
                let computed = self.computed.entry(key);
                let result = *computed.or_insert_with(|| job.what.task.compute(part));
                if let Act::Result { value, .. } = &mut act {
                    *value = result;
                }
                acts.push(act);
            }
        }
        acts
    }

    /// The phases that this member wants closed: all have spoken, or it has waited long enough, and all that it holds for the
    /// phase has executed.
    fn closes(
        &mut self,
        now: Time,
        state: &Gathering,
        waits: &[Waits],
        acts: &[Act],
        held: impl FnOnce() -> Vec<(ReplicaId, Command)>,
    ) -> Vec<Act> {
        let held = LazyCell::new(held);
        let mut closes = Vec::new();
        for wait in waits {
            let asked = state.closing(&wait.phase).map(Closing::asked);
            if asked.is_none_or(|asked| asked.contains(&self.own)) {
                continue;
            }
            let patience = self.patience_for(&wait.phase);
            let until = self.clocks.get(&wait.phase).copied().unwrap_or(now) + patience;
            if !wait.silent.is_empty() && now < until {
                self.due = earlier(self.due, until);
                continue;
            }
            let is_mine = |act: &Act| is_word_for(&wait.phase, state, self.own, act);
            let is_held = |(member, command): &(ReplicaId, Command)| match command {
                Command::In(epoch, act) if *epoch == state.epoch() => {
                    is_word_for(&wait.phase, state, *member, act)
                }
                _ => false,
            };
            if acts.iter().any(is_mine) || held.iter().any(is_held) {
                let retry = Duration((patience.0 / 4).max(1));
                self.due = earlier(self.due, now + retry);
            } else {
                closes.push(Act::Close(wait.phase.clone()));
            }
        }
        closes
    }

    const fn patience_for(&self, phase: &Phase) -> Duration {
        match phase {
            Phase::Bids(_) | Phase::Ballots(_) => self.deliberation,
            Phase::Offers | Phase::Reveals(_) | Phase::Results(_) | Phase::Epoch => self.patience,
        }
    }

    /// What would become of a wish now, tried out on a copy of the state.
    fn try_out(&self, state: &Gathering, wish: &Wish) -> Result<Trial, Unwise> {
        let Some(act) = self.act(state, wish) else {
            return Ok(Trial::Waits);
        };
        let text = Command::In(state.epoch().max(1), act).to_string();
        let client = ClientId::session(self.own, 0);
        match state.clone().execute(Sequence(0), client, &text) {
            Answer::Late { phase, .. } => Err(Unwise::Closed(phase)),
            Answer::Contradiction { .. } => {
                Err(Unwise::Spoken(phase_of(wish).unwrap_or(Phase::Epoch)))
            }
            Answer::Refused(Refusal::NotFounded(_) | Refusal::NotAgreed | Refusal::NoSuch(_))
            | Answer::Counted => Ok(Trial::Waits),
            Answer::Refused(refusal) => Err(refusal.into()),
            Answer::Again | Answer::View(_) => Ok(Trial::Done),
        }
    }
}

/// What would become of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trial {
    /// It counts, now or when it is its time.
    Waits,
    /// It has been granted.
    Done,
}

impl Wish {
    /// Checks the words of the wish: names are typed, but numbers and lists may be too large.
    ///
    /// # Errors
    /// The gathering could not read its command.
    pub fn check(&self) -> Result<(), BadCommand> {
        let act = match self.clone() {
            Self::Auction(lot, price) => Act::Auction(lot, price),
            // What must be readable is the reveal.
            Self::Bid(lot, amount) => Act::Reveal {
                lot,
                amount,
                salt: [0; 32],
            },
            Self::Question(question, rule, options) => Act::Question {
                question,
                rule,
                options,
            },
            Self::Ballot(question, options) => Act::Ballot { question, options },
            Self::Work(job, task) => Act::Work(job, task),
            Self::NextEpoch => Act::Close(Phase::Epoch),
        };
        Command::parse(&Command::In(1, act).to_string()).map(drop)
    }
}

/// The phase in which this act would be the member's first word, and count. `None` if it would not count, or says nothing that
/// a phase waits for.
fn first_word(state: &Gathering, member: ReplicaId, act: &Act) -> Option<Phase> {
    let takes_part = |activity| state.check_part(member, activity).is_ok();
    let (phase, counts) = match act {
        Act::Offer(_) => {
            let record = state.record(member);
            let silent = record.is_none_or(|record| record.offer.is_none());
            (Phase::Offers, silent)
        }
        Act::Bid { lot, .. } => {
            let thing = state.lots().iter().find(|one| one.name == *lot)?;
            let silent = !thing.what.bids.contains_key(&member);
            (
                Phase::Bids(lot.clone()),
                silent && takes_part(Activity::Auction),
            )
        }
        Act::Reveal { lot, amount, salt } => {
            let thing = state.lots().iter().find(|one| one.name == *lot)?;
            let bid = &thing.what.bids.get(&member)?.what;
            let (cluster, epoch) = (state.membership().cluster(), state.epoch());
            let sealed = commitment(cluster, epoch, lot, member, *amount, salt);
            let opens = bid.amount.is_none() && bid.commitment == sealed;
            (
                Phase::Reveals(lot.clone()),
                opens && thing.what.bids_closing.at().is_some(),
            )
        }
        Act::Ballot { question, options } => {
            let thing = state.questions().iter().find(|one| one.name == *question)?;
            let silent =
                !thing.what.ballots.contains_key(&member) && thing.what.places(options).is_some();
            (
                Phase::Ballots(question.clone()),
                silent && takes_part(Activity::Vote),
            )
        }
        Act::Result { job, part, .. } => {
            let thing = state.jobs().iter().find(|one| one.name == *job)?;
            let index = part.checked_sub(1)?;
            let results = thing.what.parts.get(index as usize)?;
            let silent = !results.contains_key(&member) && state.assigned(index).contains(&member);
            (
                Phase::Results(job.clone()),
                silent && takes_part(Activity::Work),
            )
        }
        Act::Close(_) | Act::Auction(..) | Act::Question { .. } | Act::Work(..) => return None,
    };
    let open = state.closing(&phase)?.at().is_none();
    (counts && open).then_some(phase)
}

/// Whether this act of a member must execute before the phase ends, so that what the member says in it counts. A late reveal saves
/// the bids of the member for lots that are being revealed.
fn is_word_for(phase: &Phase, state: &Gathering, member: ReplicaId, act: &Act) -> bool {
    let saves = || match phase {
        Phase::Reveals(name) => {
            let lot = state.lots().iter().find(|one| one.name == *name);
            let has_bid = lot.is_some_and(|lot| lot.what.bids.contains_key(&member));
            has_bid && is_late_reveal(state, member, act)
        }
        _ => false,
    };
    first_word(state, member, act).as_ref() == Some(phase) || saves()
}

/// Whether an act reveals a bid whose lot has ended, and which has not been revealed.
fn is_late_reveal(state: &Gathering, member: ReplicaId, act: &Act) -> bool {
    let Act::Reveal { lot, amount, salt } = act else {
        return false;
    };
    let Some(thing) = state.lots().iter().find(|one| one.name == *lot) else {
        return false;
    };
    let (cluster, epoch) = (state.membership().cluster(), state.epoch());
    let sealed = commitment(cluster, epoch, lot, member, *amount, salt);
    let bid = thing.what.bids.get(&member);
    thing.what.is_owed_by(member) && bid.is_some_and(|bid| bid.what.commitment == sealed)
}

/// The phase in which a wish speaks, if it speaks once.
fn phase_of(wish: &Wish) -> Option<Phase> {
    match wish {
        Wish::Bid(lot, _) => Some(Phase::Bids(lot.clone())),
        Wish::Ballot(question, _) => Some(Phase::Ballots(question.clone())),
        Wish::NextEpoch => Some(Phase::Epoch),
        Wish::Auction(..) | Wish::Question(..) | Wish::Work(..) => None,
    }
}

/// Whether both wishes speak in one phase, in which a member speaks once.
fn contradict(one: &Wish, other: &Wish) -> bool {
    phase_of(one).is_some() && phase_of(one) == phase_of(other)
}

/// Whether one of the things has this name.
fn names<T>(things: &[super::state::Thing<T>], name: &Name) -> bool {
    things.iter().any(|thing| thing.name == *name)
}

/// Bytes with a pad over them. A second time takes it away again.
fn padded(bytes: [u8; 8], pad: &[u8; 32]) -> [u8; 8] {
    std::array::from_fn(|place| bytes[place] ^ pad[place])
}

fn earlier(one: Option<Time>, other: Time) -> Option<Time> {
    Some(one.map_or(other, |one| one.min(other)))
}
