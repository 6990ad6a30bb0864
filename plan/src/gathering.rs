//! How the processes of a run gather: what each offers, and what it wants done.

use quorate_fault::Dice;
use quorate_protocol::{Digest, Duration, ReplicaId};
use quorate_service::gathering::{
    self, Activity, BadCommand, BadOffer, BadWord, Name as Word, Offer, Price, Rule, Task, Wish,
};
use serde::{Deserialize, Serialize};

use crate::{Name, Plan};

/// The options of the question.
const OPTIONS: [&str; 3] = ["red", "green", "blue"];

/// All processes are members of a gathering. They agree on an activity, and all of them want the same lots, question and job opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gathering {
    /// How long a member waits for what processes do by themselves.
    pub patience_ms: u64,
    /// How long it waits for bids and ballots.
    pub deliberation_ms: u64,
    /// Whether all that a correct member says must count: they wait longer than the run can hold a message up.
    pub all_count: bool,
    /// What the winner pays. With the first price the lot is `lamp.first`, with the second `lamp`.
    pub price: Price,
    /// How the ballots on the question `colour` are counted.
    pub rule: Rule,
    /// The job: how many primes there are below this number.
    pub primes_below: u64,
    /// Into how many parts it is divided.
    pub parts: u32,
    /// The members, in the order of the processes.
    pub members: Vec<Member>,
}

/// What a member offers, and wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Its offer, in the words of the command `offer`.
    pub offer: String,
    /// Its bid for each of the two lots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bid: Option<u64>,
    /// Its ballot on `colour`: of `red`, `green` and `blue`, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ballot: Vec<String>,
}

/// Why a gathering cannot be played.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the texts describe the variants")]
pub enum BadGathering {
    #[error(
        "a gathering of {processes} processes has {members} members: write one for each process"
    )]
    Members { processes: u32, members: usize },
    #[error("the offer '{offer}': {why}")]
    Offer { offer: String, why: BadOffer },
    #[error("the option '{0}' is none of red, green and blue")]
    Option(String),
    #[error("the job: {0}")]
    Job(BadCommand),
    #[error("a bid is at most {most}, and one is {0}", most = gathering::MOST)]
    Bid(u64),
}

impl Gathering {
    /// Draws the gathering of a plan that is drawn otherwise.
    pub(crate) fn draw(plan: &Plan, dice: &mut Dice) -> Self {
        let all_count = dice.chance(750);
        let patience_ms = if all_count {
            outlasts(plan)
        } else {
            dice.between(20, plan.heal_ms)
        };
        let main = [Activity::Auction, Activity::Vote, Activity::Work];
        let main = dice.pick(&main).copied().unwrap_or(Activity::Auction);
        let members = (0..plan.processes).map(|own| Member::draw(main, own, plan.processes, dice));
        Self {
            patience_ms,
            deliberation_ms: patience_ms,
            all_count,
            members: members.collect(),
            price: if dice.chance(500) {
                Price::First
            } else {
                Price::Second
            },
            rule: if dice.chance(500) {
                Rule::Borda
            } else {
                Rule::Plurality
            },
            primes_below: dice.between(10, 2000),
            parts: u32::try_from(dice.between(1, 8)).unwrap_or(1),
        }
    }

    /// Checks that it can be played by so many processes.
    ///
    /// # Errors
    /// It cannot.
    pub(crate) fn check(&self, processes: u32) -> Result<(), BadGathering> {
        let members = self.members.len();
        if members != processes as usize {
            return Err(BadGathering::Members { processes, members });
        }
        self.job()?;
        for member in &self.members {
            member.offer()?;
            let known = |option: &&String| !OPTIONS.contains(&option.as_str());
            if let Some(option) = member.ballot.iter().find(known) {
                return Err(BadGathering::Option(option.clone()));
            }
            if let Some(bid) = member.bid.filter(|bid| *bid > gathering::MOST) {
                return Err(BadGathering::Bid(bid));
            }
        }
        Ok(())
    }

    /// The plan of a member's driver. `None`: there is no such member.
    #[must_use]
    pub fn driver(&self, own: ReplicaId) -> Option<gathering::Plan> {
        let member = self.members.get(own.0 as usize)?;
        Some(gathering::Plan {
            offer: member.offer().ok(),
            patience: Duration::from_millis(self.patience_ms),
            deliberation: Duration::from_millis(self.deliberation_ms),
            secret: Digest::of(&[b"member", &own.0.to_le_bytes()]).0,
            wishes: self.wishes(member).unwrap_or_default(),
        })
    }

    /// What a member wants as soon as the first auction has ended. Some reveal too late in that one, and bid all the same.
    #[must_use]
    pub fn then(&self, own: ReplicaId) -> Vec<Wish> {
        let [_, lot] = self.lots();
        let member = self.members.get(own.0 as usize);
        let bid = member.and_then(|member| member.bid);
        let bid = bid.map(|amount| Wish::Bid(lot.clone(), amount));
        let auction = Wish::Auction(lot, self.price);
        [auction].into_iter().chain(bid).collect()
    }

    /// The lots that are put up for auction, the second once the first is sold. Their names say their price.
    #[must_use]
    pub fn lots(&self) -> [Word; 2] {
        match self.price {
            Price::First => ["lamp.first", "chair.first"],
            Price::Second => ["lamp", "chair"],
        }
        .map(word)
    }

    fn wishes(&self, member: &Member) -> Result<Vec<Wish>, BadGathering> {
        let [lot, _] = self.lots();
        let mut wishes = vec![
            Wish::Auction(lot.clone(), self.price),
            Wish::Question(question(), self.rule, words(OPTIONS)),
            Wish::Work(word("job"), self.job()?),
        ];
        wishes.extend(member.bid.map(|amount| Wish::Bid(lot, amount)));
        let ballot = self.ballot(member);
        if !ballot.is_empty() {
            wishes.push(Wish::Ballot(question(), ballot));
        }
        Ok(wishes)
    }

    /// With one vote each, only the best option counts.
    fn ballot(&self, member: &Member) -> Vec<Word> {
        let options = words(member.ballot.iter().map(String::as_str));
        let most = if self.rule == Rule::Borda {
            options.len()
        } else {
            1
        };
        options.into_iter().take(most).collect()
    }

    fn job(&self) -> Result<Task, BadGathering> {
        Task::new(0, self.primes_below, self.parts).map_err(BadGathering::Job)
    }
}

impl Member {
    /// Almost all offer the main activity.
    fn draw(main: Activity, own: u32, n: u32, dice: &mut Dice) -> Self {
        let mut services: Vec<Activity> = Activity::ALL
            .into_iter()
            .filter(|one| dice.chance(if *one == main { 970 } else { 400 }))
            .collect();
        if services.is_empty() {
            services.push(main);
        }
        let offer = Offer::of(services.iter().copied());
        let mut text = offer.to_string();
        if dice.chance(400) {
            text += &format!(" can=cores:{}", dice.between(1, 9));
        }
        if dice.chance(100) {
            text += &format!(" needs=cores:{}", dice.between(1, 9));
        }
        if dice.chance(80) {
            text += &format!(" least={}", dice.between(1, u64::from(n)));
        }
        if dice.chance(50) {
            let other = Name::of((own + 1) % n);
            text += &format!(" without={}", other.0);
        }
        if dice.chance(700) {
            let first = index(dice.below(services.len() as u64));
            services.rotate_left(first);
            let prefers: Vec<&str> = services.iter().map(|one| one.name()).collect();
            text += &format!(" prefer={}", prefers.join(","));
        }
        let order = dice
            .distinct(3, 3)
            .into_iter()
            .map(|place| OPTIONS[place as usize]);
        let ballot: Vec<String> = order.map(str::to_owned).collect();
        let length = index(dice.below(4));
        Self {
            offer: text,
            bid: dice.chance(900).then(|| dice.below(40)),
            ballot: ballot.into_iter().take(length).collect(),
        }
    }

    fn offer(&self) -> Result<Offer, BadGathering> {
        Offer::parse(&self.offer).map_err(|why| {
            let offer = self.offer.clone();
            BadGathering::Offer { offer, why }
        })
    }
}

/// A time, in milliseconds, by which all that waits when a run heals has executed, by the fastest clock too.
fn outlasts(plan: &Plan) -> u64 {
    let unreliable = plan.not_to_rely_on().unwrap_or_default().len() as u64;
    let engine = &plan.engine;
    // Timers double while all is cut off, and again in the view of each process that cannot be relied on.
    let timer = 2 * plan.heal_ms + 2 * engine.view_timeout_ms;
    let views = timer * ((4 << unreliable) - 1);
    let slow = 8 * unreliable * engine.view_timeout_ms;
    (plan.heal_ms + views + slow + 8 * engine.status_interval_ms) * 4 / 3
}

/// The question that is asked.
pub fn question() -> Word {
    word("colour")
}

fn words<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<Word> {
    texts.into_iter().map(word).collect()
}

/// # Panics
/// Never: the names of this file are names.
#[expect(clippy::expect_used, reason = "all words here are names")]
fn word(text: &str) -> Word {
    let word: Result<Word, BadWord> = text.parse();
    word.expect("it is a name")
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or_default()
}

/// What a member of a gathering does wrong.
pub(crate) fn lie(dice: &mut Dice) -> String {
    let lies = [
        "lie-offer",
        "equivocate-offer",
        "late-bid",
        "no-reveal",
        "withhold",
    ];
    dice.pick(&lies).copied().unwrap_or("late-bid").to_owned()
}
