//! Who takes part in a founding, what they do, and what the network does: all of it from a seed.

use std::fmt;

use quorate_fault::Dice;
use quorate_protocol::Quorum;
use serde::{Deserialize, Serialize};

use std::num::NonZeroU32;

/// How long after the healing all must be members at the latest, in milliseconds: the longest times between two calls, of an
/// attempt and of patience with liars, a few times over.
pub const BOUND_MS: u64 = 90_000;

/// How long after the healing somebody falls silent at the latest, in milliseconds.
pub(super) const SILENT_MS: u64 = 2_000;

/// A run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// All chance comes from it.
    pub seed: u64,
    /// n.
    pub nodes: u32,
    /// Who may take part.
    pub way: Way,
    /// Everybody who takes part; the correct owners of seats come first.
    pub people: Vec<Person>,
    /// Lost packets of a thousand, until all is healed.
    pub lost: u64,
    /// Packets of a thousand that come twice.
    pub doubled: u64,
    /// The longest that a packet takes, in microseconds.
    pub longest_us: u64,
    /// Who is cut off from whom, and when.
    pub partitions: Vec<Partition>,
    /// When the network is healed, in milliseconds.
    pub heal_ms: u64,
    /// A known bug of all correct nodes.
    #[cfg(feature = "mutants")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutant: Option<quorate_gather::Mutant>,
}

/// A text that is no plan of a founding.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the error messages describe the variants")]
pub enum BadPlan {
    #[error(transparent)]
    Text(#[from] toml::de::Error),
    #[error("{what} must be {least} to {most}, and is {found}")]
    Number {
        what: String,
        least: u64,
        most: u64,
        found: u64,
    },
    #[error(
        "people[{0}] has no seat: with way = \"invited\" there is a seat for each of the first {1} people; put foreign ones last"
    )]
    NoSeat(usize, u32),
    #[error("people[{0}] joins itself: write the places of others")]
    JoinsItself(usize),
    #[error(
        "people[{0}] lies and has restarts: only correct ones start again, so leave its restarts empty"
    )]
    LiarRestarts(usize),
}

/// Who may take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Whoever comes.
    Open,
    /// Whoever knows the secret.
    Secret,
    /// Whoever is invited.
    Invited,
}

/// Somebody who takes part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// What it is.
    pub role: Role,
    /// When it starts, in milliseconds.
    pub starts_ms: u64,
    /// Whom it knows from the start, by place.
    pub joins: Vec<usize>,
    /// When it ends and when it starts again, with its memory.
    pub restarts: Vec<Restart>,
}

/// What somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A correct node with a seat.
    Owner,
    /// A correct node that comes beside the n.
    Extra,
    /// A correct node of another group, or without what the group asks for.
    Foreign(Foreign),
    /// A node that lies.
    Liar(Lie),
}

/// Why a node does not belong to the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Foreign {
    /// It is of another group.
    Group,
    /// It expects another number of nodes.
    Nodes,
    /// It has another secret, another invitation, or one where none is asked for.
    Way,
}

/// What a liar does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lie {
    /// It behaves well and then falls silent, in milliseconds from the start of the run.
    Silent(u64),
    /// It runs twice under one key, at two addresses.
    Twins,
    /// It runs many times under many keys.
    Sybil(u32),
    /// It comes again and again under new keys, and sends bytes that are no packets.
    FloodJoin,
    /// It hears everything, and plays it again to anybody.
    Replay,
    /// It names addresses where nobody is, under any id.
    ForgedHints,
    /// It signs two HELLOs with one number.
    TwoHellos,
    /// It votes for two rosters in each attempt, with members that it made up.
    TwoRosters,
    /// It hands on what is not valid, and refuses everybody.
    Invalid,
    /// It votes in attempts that nobody has begun, and to every second one in others.
    Attempts,
    /// It answers every second one only from a time on, in milliseconds from the start of the run, and never votes.
    Late(u64),
}

/// A correct node ends and starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restart {
    /// When it ends, in milliseconds.
    pub ends_ms: u64,
    /// When it starts again.
    pub starts_ms: u64,
    /// Whether it has another address from then on.
    pub moves: bool,
    /// Whether it has lost its memory, and starts as a new node.
    pub forgets: bool,
    /// Whether it ends in the middle of a step: what it wanted to keep is lost with all that follows, or it is kept and not all
    /// is sent.
    pub torn: bool,
}

/// Nothing passes between these people and the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// When it begins, in milliseconds.
    pub from_ms: u64,
    /// When it ends.
    pub to_ms: u64,
    /// Those on one side, by place.
    pub side: Vec<usize>,
}

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn generate(seed: u64) -> Self {
        let mut dice = Dice::new(seed, b'g');
        let nodes = if dice.chance(500) { 4 } else { 7 };
        let way = [Way::Open, Way::Secret, Way::Invited][index(dice.below(3))];
        let heal_ms = dice.between(200, 40_000);
        let mut plan = Self {
            seed,
            nodes,
            way,
            people: Vec::new(),
            lost: if dice.chance(700) { dice.below(400) } else { 0 },
            doubled: dice.below(100),
            longest_us: dice.between(200, 300_000),
            partitions: Vec::new(),
            heal_ms,
            #[cfg(feature = "mutants")]
            mutant: None,
        };
        plan.draw_people(&mut dice);
        plan.draw_restarts(&mut dice);
        plan.draw_joins(&mut dice);
        plan.draw_partitions(&mut dice);
        plan.draw_rush(&mut dice);
        plan
    }

    /// The plan as text.
    ///
    /// # Panics
    /// Never: numbers, names and lists have a TOML form.
    #[must_use]
    #[expect(clippy::expect_used, reason = "plain data always has a TOML form")]
    pub fn to_text(&self) -> String {
        toml::to_string(self).expect("plain data has a TOML form")
    }

    /// The plan of a text.
    ///
    /// # Errors
    /// It is none, or nobody could play it.
    pub fn from_text(text: &str) -> Result<Self, BadPlan> {
        let plan: Self = toml::from_str(text)?;
        plan.check()?;
        Ok(plan)
    }

    fn draw_people(&mut self, dice: &mut Dice) {
        let f = u64::from(self.quorum().f());
        let liars = if dice.chance(650) {
            dice.between(1, f)
        } else {
            0
        };
        let extras = if liars == 0 || dice.chance(200) {
            dice.below(f + 1)
        } else {
            0
        };
        let foreign = if dice.chance(300) {
            dice.between(1, 2)
        } else {
            0
        };
        let lies: Vec<Lie> = (0..liars).map(|_| self.draw_lie(dice)).collect();
        let seated = lies.iter().filter(|lie| !self.comes_beside(**lie)).count();
        let mut roles = vec![Role::Owner; self.nodes as usize - seated];
        roles.extend(lies.into_iter().map(Role::Liar));
        // A seat of an invitation is one node's.
        if self.way != Way::Invited {
            roles.extend(vec![Role::Extra; index(extras)]);
        }
        roles.extend((0..foreign).map(|_| Role::Foreign(draw_foreign(dice))));
        let late = dice.chance(500);
        for role in roles {
            let starts_ms = if late {
                dice.below(self.heal_ms)
            } else {
                dice.below(50)
            };
            self.people.push(Person {
                role,
                starts_ms,
                joins: Vec::new(),
                restarts: Vec::new(),
            });
        }
    }

    /// Whether a liar comes beside the n, and leaves the seats to them: nobody waits for a key that is gone in a moment.
    fn comes_beside(&self, lie: Lie) -> bool {
        lie == Lie::FloodJoin && self.way != Way::Invited
    }

    fn draw_lie(&self, dice: &mut Dice) -> Lie {
        match dice.below(11) {
            0 => Lie::Silent(dice.below(self.heal_ms + SILENT_MS)),
            1 => Lie::Twins,
            2 => Lie::Sybil(u32::try_from(dice.between(1, 12)).unwrap_or(1)),
            3 => Lie::FloodJoin,
            4 => Lie::Replay,
            5 => Lie::ForgedHints,
            6 => Lie::TwoHellos,
            7 => Lie::TwoRosters,
            8 => Lie::Attempts,
            9 => Lie::Late(dice.below(self.heal_ms)),
            _ => Lie::Invalid,
        }
    }

    /// Correct nodes end at any time, once or twice, and start again before all is healed. At most one of them moves: others may know
    /// its address only.
    fn draw_restarts(&mut self, dice: &mut Dice) {
        let mut may_move = true;
        let heal_ms = self.heal_ms;
        for person in &mut self.people {
            if person.role != Role::Owner || !dice.chance(250) {
                continue;
            }
            let mut since_ms = person.starts_ms;
            for _ in 0..dice.between(1, 2) {
                let ends_ms = dice.between(since_ms, heal_ms.max(since_ms + 1));
                let starts_ms = dice.between(ends_ms, heal_ms.max(ends_ms + 1)) + 1;
                let moves = may_move && dice.chance(300);
                may_move &= !moves;
                person.restarts.push(Restart {
                    ends_ms,
                    starts_ms,
                    moves,
                    // Of a seat's keys two are known at most, so that its owner cannot have many.
                    forgets: !person.restarts.iter().any(|restart| restart.forgets)
                        && dice.chance(250),
                    torn: dice.chance(300),
                });
                since_ms = starts_ms;
            }
        }
    }

    /// The owners know each other in a circle, and everybody knows anybody else besides. Whoever moves is skipped: nobody may know
    /// its first address alone.
    fn draw_joins(&mut self, dice: &mut Dice) {
        let owners = self.owners();
        let all = self.people.len() as u64;
        for place in 0..self.people.len() {
            let next = (1..=owners).map(|step| (place + step) % owners);
            let mut next = next.filter(|next| *next != place && !self.moves(*next));
            let mut joins: Vec<usize> = next.next().into_iter().collect();
            while dice.chance(300) {
                joins.push(index(dice.below(all)));
            }
            joins.retain(|join| *join != place);
            self.people[place].joins = joins;
        }
    }

    fn moves(&self, place: usize) -> bool {
        self.people[place]
            .restarts
            .iter()
            .any(|restart| restart.moves)
    }

    fn draw_partitions(&mut self, dice: &mut Dice) {
        while dice.chance(400) && self.partitions.len() < 4 {
            let from_ms = dice.below(self.heal_ms);
            let to_ms = dice.between(from_ms, self.heal_ms);
            let side = (0..self.people.len())
                .filter(|_| dice.chance(400))
                .collect();
            self.partitions.push(Partition {
                from_ms,
                to_ms,
                side,
            });
        }
    }

    /// Sometimes all start within a moment, join the first and call each other over a network that is fast and loses nothing, as on one
    /// machine, beside one that joins again and again: whoever votes at one time goes on voting at one time, and chance breaks no tie.
    fn draw_rush(&mut self, dice: &mut Dice) {
        if !dice.chance(250) {
            return;
        }
        self.lost = 0;
        self.longest_us = dice.between(200, 5_000);
        self.partitions.clear();
        let moment = self.heal_ms.min(dice.between(50, 1_500));
        let liars = self.count(|role| matches!(role, Role::Liar(_)));
        if self.way != Way::Invited && liars < self.quorum().f() as usize {
            self.people.push(Person {
                role: Role::Liar(Lie::FloodJoin),
                starts_ms: 0,
                joins: Vec::new(),
                restarts: Vec::new(),
            });
        }
        for (place, person) in self.people.iter_mut().enumerate() {
            person.starts_ms = if place == 0 { 0 } else { dice.below(moment) };
            person.joins = if place == 0 { Vec::new() } else { vec![0] };
            person.restarts.clear();
        }
    }

    /// The arithmetic of n and f.
    #[must_use]
    pub fn quorum(&self) -> Quorum {
        Quorum::of(NonZeroU32::new(self.nodes).unwrap_or(NonZeroU32::MIN))
    }

    /// How many of the people are correct owners of seats.
    #[must_use]
    pub fn owners(&self) -> usize {
        self.count(|role| role == Role::Owner)
    }

    pub(super) fn count(&self, is: impl Fn(Role) -> bool) -> usize {
        self.people.iter().filter(|person| is(person.role)).count()
    }

    /// Whether all correct owners must become members of a cluster, or see that they came too late: each liar is there for all of
    /// them, and at most f nodes lie or are gone for good. A liar that falls silent must be known to all before; that shows only
    /// in the run.
    #[must_use]
    pub fn must_found(&self) -> bool {
        let are_there = self.people.iter().all(|person| match person.role {
            Role::Owner | Role::Extra | Role::Foreign(_) => true,
            // Whoever is shut out has no seat, as if it had never come.
            Role::Liar(Lie::Invalid) => false,
            Role::Liar(Lie::FloodJoin) => self.way != Way::Invited,
            // With seats it has one, under however many keys.
            Role::Liar(Lie::Sybil(_)) => self.way == Way::Invited,
            Role::Liar(_) => true,
        });
        let liars = self.count(|role| matches!(role, Role::Liar(_)));
        let beside = self.count(|role| matches!(role, Role::Liar(lie) if self.comes_beside(lie)));
        let are_enough = self.owners() + liars - beside >= self.nodes as usize;
        are_there && are_enough && liars + self.forgotten() <= self.quorum().f() as usize
    }

    /// How many nodes were correct, and are gone because they have lost their memory.
    #[must_use]
    pub fn forgotten(&self) -> usize {
        let restarts = self.people.iter().flat_map(|person| &person.restarts);
        restarts.filter(|restart| restart.forgets).count()
    }

    /// Whether somebody of the n may find the cluster full: there are more correct nodes than seats, one after another included, or
    /// keys that were there for a moment have seats.
    #[must_use]
    pub fn may_watch(&self) -> bool {
        let beside = |role| match role {
            Role::Extra => true,
            Role::Liar(lie) => self.comes_beside(lie),
            Role::Owner | Role::Foreign(_) => false,
        };
        self.count(beside) + self.forgotten() > 0
    }

    /// Whether those who come first have the seats: no packet is lost, so all votes come in time, nobody lies, and nobody starts again.
    #[must_use]
    pub fn seats_first_come(&self) -> bool {
        let lies = self.count(|role| matches!(role, Role::Liar(_)));
        let restarts = self.people.iter().map(|person| person.restarts.len());
        self.lost == 0 && self.partitions.is_empty() && lies == 0 && restarts.sum::<usize>() == 0
    }

    /// Whether any two quorums share a correct node, so that there is one cluster at most. In an open group with many keys of one
    /// person that does not follow.
    #[must_use]
    pub fn has_one_cluster(&self) -> bool {
        let correct =
            self.count(|role| matches!(role, Role::Owner | Role::Extra)) + self.forgotten();
        let quorum = self.quorum().size();
        let lying = self.lying_seats().min(quorum);
        2 * (quorum - lying) > correct
    }

    /// How many seats of one roster liars can have.
    fn lying_seats(&self) -> usize {
        let seats = |role| match role {
            Role::Liar(_) if self.way == Way::Invited => 1,
            Role::Liar(Lie::Sybil(more)) => 1 + more as usize,
            Role::Liar(Lie::FloodJoin) => self.nodes as usize,
            Role::Liar(_) => 1,
            Role::Owner | Role::Extra | Role::Foreign(_) => 0,
        };
        self.people.iter().map(|person| seats(person.role)).sum()
    }
}

fn draw_foreign(dice: &mut Dice) -> Foreign {
    [Foreign::Group, Foreign::Nodes, Foreign::Way][index(dice.below(3))]
}

/// A small number as a place in a list.
pub(super) fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or_default()
}

/// The plan in one line.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match self.way {
            Way::Open => "open",
            Way::Secret => "secret",
            Way::Invited => "invited",
        };
        write!(f, "n = {}, {way}, {} owners", self.nodes, self.owners())?;
        for person in &self.people {
            match person.role {
                Role::Owner => {}
                Role::Extra => write!(f, ", one more")?,
                Role::Foreign(why) => write!(f, ", foreign {why:?}")?,
                Role::Liar(lie) => write!(f, ", {lie:?}")?,
            }
        }
        let restarts: usize = self.people.iter().map(|person| person.restarts.len()).sum();
        write!(
            f,
            "; {restarts} restarts, {} partitions, {} of 1000 lost, up to {} ms, healed at {} ms",
            self.partitions.len(),
            self.lost,
            self.longest_us / 1000,
            self.heal_ms
        )
    }
}
