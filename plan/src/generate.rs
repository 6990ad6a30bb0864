//! Draws a plan from a seed.

use std::collections::{BTreeMap, BTreeSet};

use quorate_fault::Dice;

use crate::adversary;
use crate::gathering::{self, Gathering};
use crate::links;
use crate::span::span;
use crate::{
    Back, Call, Costs, DiskTrouble, Engine, Link, Name, Partition, Plan, Round, Skew, Stop, Trouble,
};

/// What is not left to the seed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// How many processes.
    pub processes: Option<u32>,
    /// Who misbehaves and how, in the words of `--faulty`; an empty list is nobody.
    pub faulty: Option<Vec<String>>,
    /// Who runs twice.
    pub twins: Option<Vec<Name>>,
    /// Whether the processes gather. All plans are other ones then.
    pub gathers: bool,
}

/// How long after the healing the last request may come.
const AFTERMATH_MS: u64 = 500;

impl Plan {
    /// The plan of a seed, at most f processes faulty unless chosen otherwise.
    #[must_use]
    pub fn generate(seed: u64, choice: &Choice) -> Self {
        let mut dice = Dice::new(seed, b'p');
        let drawn = match dice.below(10) {
            0..6 => 4,
            6..9 => 7,
            _ => 10,
        };
        let processes = choice.processes.unwrap_or(drawn);
        let mut heal_ms = dice.between(200, 4000);
        if choice.gathers {
            heal_ms /= 5;
        }
        let mut plan = Self {
            seed,
            processes,
            faulty: Vec::new(),
            twins: Vec::new(),
            apart: Vec::new(),
            scripts: Vec::new(),
            heal_ms,
            links: Vec::new(),
            engine: engine(&mut dice),
            requests: requests(&mut dice, processes, heal_ms),
            calls: calls(&mut Dice::new(seed, b'c'), processes, heal_ms),
            rounds: rounds(&mut dice, processes, heal_ms),
            network: network(&mut dice, processes),
            partitions: partitions(&mut dice, processes, heal_ms),
            withheld: Vec::new(),
            stops: stops(&mut dice, processes, heal_ms),
            clocks: clocks(&mut dice, processes),
            disks: Vec::new(),
            gathering: None,
            costs: None,
            real_keys: seed % 100 == 99,
        };
        plan.draw_faults(&mut dice);
        plan.draw_more_faults(&mut Dice::new(seed, b'f'));
        let floods = plan.draw_flood(&mut Dice::new(seed, b'w'));
        adversary::schedule(&mut plan, &mut Dice::new(seed, b's'));
        if choice.faulty.is_some() || choice.twins.is_some() {
            plan.faulty = choice.faulty.clone().unwrap_or_default();
            plan.twins = choice.twins.clone().unwrap_or_default();
        } else if choice.gathers {
            plan.draw_liars(&mut Dice::new(seed, b'm'));
        }
        plan.draw_sides(&mut dice);
        plan.bear_restarts();
        plan.start_again_who_forgets(&mut Dice::new(seed, b'a'));
        plan.draw_disks(&mut Dice::new(seed, b'd'));
        plan.draw_callers(&mut Dice::new(seed, b'n'));
        plan.draw_reuse(&mut Dice::new(seed, b'o'));
        plan.draw_bursts(&mut Dice::new(seed, b'b'));
        plan.draw_costs(floods, &mut Dice::new(seed, b'k'));
        plan.draw_limits(&mut Dice::new(seed, b'l'));
        if choice.gathers {
            plan.gather(&mut Dice::new(seed, b'g'));
        }
        if *choice
            == (Choice {
                processes: choice.processes,
                ..Choice::default()
            })
        {
            plan.links = links::draw(&plan, &mut Dice::new(seed, b'r'));
        }
        plan
    }

    /// Most of those that misbehave do so as members of the gathering.
    fn draw_liars(&mut self, dice: &mut Dice) {
        let f = u64::from(self.quorum().f());
        let count = if dice.chance(850) {
            dice.between(1, f)
        } else {
            0
        };
        self.faulty.clear();
        self.twins.clear();
        let count = u32::try_from(count).unwrap_or_default();
        for own in dice.distinct(count, self.processes) {
            let name = Name::of(own);
            if dice.chance(80) {
                self.twins.push(name);
                continue;
            }
            let mut words = match dice.below(10) {
                0 => behaviour(dice, own, self.processes, self.heal_ms),
                1 => newer_behaviour(dice),
                _ => gathering::lie(dice),
            };
            if dice.chance(250) {
                words.push_str(&trigger(dice, self.heal_ms));
            }
            self.faulty.push(format!("{}={words}", name.0));
        }
        self.faulty.sort();
        self.twins.sort();
    }

    /// The processes gather, and are asked for little else.
    fn gather(&mut self, dice: &mut Dice) {
        self.calls.clear();
        self.rounds.clear();
        for times in self.requests.values_mut() {
            times.truncate(2);
        }
        self.costs = None;
        self.engine.batch_bytes = Engine::default().batch_bytes;
        self.gathering = Some(Gathering::draw(self, dice));
    }

    /// In some runs processes end at a commit, and one disk may lose a commit, if one more faulty process can be borne.
    fn draw_disks(&mut self, dice: &mut Dice) {
        for _ in 0..dice.below(4).saturating_sub(1) {
            self.disks.push(DiskTrouble {
                process: Name::drawn(dice, self.processes),
                at_ms: dice.below(self.heal_ms),
                how: if dice.chance(500) {
                    Trouble::BeforeCommit
                } else {
                    Trouble::AfterCommit
                },
                back_ms: dice.between(1, 300),
            });
        }
        let borne = self.quorum().f() as usize;
        let faulty = self.not_to_rely_on().unwrap_or_default();
        let may = dice.chance(300) && faulty.len() < borne;
        let mut stops = self.stops.iter_mut();
        let stop = stops.find(|stop| stop.back == Back::FromDisk);
        if let Some(stop) = stop.filter(|_| may) {
            stop.back = Back::LostCommit;
        }
    }

    /// Some clients outside have names, some repeat themselves at other processes, and some hang up.
    fn draw_callers(&mut self, dice: &mut Dice) {
        for call in &mut self.calls {
            match dice.below(10) {
                0 | 1 => {
                    let name = dice.pick(&["anna", "bert"]).copied();
                    call.name = name.map(str::to_owned);
                }
                2 | 3 => {
                    let count = u32::try_from(dice.between(1, 2)).unwrap_or(1);
                    let others = dice.distinct(count, self.processes).into_iter();
                    call.also = others.map(Name::of).collect();
                }
                _ => {}
            }
            if dice.chance(100) {
                call.waits_ms = Some(dice.between(1, 300));
            }
        }
    }

    /// Some clients ask for another operation under the timestamp of the operation before. A client with a name does so
    /// at the same process, and one with a key at any process. It may have hung up before.
    fn draw_reuse(&mut self, dice: &mut Dice) {
        for index in 1..self.calls.len() {
            if !dice.chance(150) {
                continue;
            }
            let (before, calls) = self.calls.split_at_mut(index);
            let (Some(first), Some(second)) = (before.last_mut(), calls.first_mut()) else {
                continue;
            };
            if first.timestamp.is_some() || first.operation == second.operation {
                continue;
            }
            let timestamp = *first.timestamp.get_or_insert(index as u64);
            second.timestamp = Some(timestamp);
            second.at_ms = first.at_ms + dice.below(100);
            if dice.chance(300) {
                first.waits_ms = Some(dice.between(1, 60));
            }
            if first.name.is_some() {
                second.name.clone_from(&first.name);
                second.process = first.process;
                second.also.clear();
            } else {
                let key = first.key.get_or_insert_with(|| format!("key {timestamp}"));
                second.key = Some(key.clone());
                second.name = None;
            }
        }
    }

    /// In some runs many clients without a name ask one process at the same time. Then their operations wait for a session, and travel
    /// together. Some of these clients hang up.
    fn draw_bursts(&mut self, dice: &mut Dice) {
        for _ in 0..dice.below(8).saturating_sub(5) {
            let process = Name::drawn(dice, self.processes);
            let at_ms = dice.below(self.heal_ms + AFTERMATH_MS);
            for number in 0..dice.between(5, 16) {
                let key = format!("b{}", number % 4);
                let operation = match dice.below(4) {
                    0 => format!("get {key}"),
                    1 => format!("cas {key} {} {number}", dice.below(number + 1)),
                    _ => format!("set {key}={number}"),
                };
                self.calls.push(Call {
                    at_ms: at_ms + dice.below(3),
                    process,
                    operation,
                    name: None,
                    key: None,
                    timestamp: None,
                    also: Vec::new(),
                    waits_ms: dice.chance(100).then(|| dice.between(1, 100)),
                });
            }
        }
    }

    /// In some runs a batch has room for few requests, and few of one process may wait.
    fn draw_limits(&mut self, dice: &mut Dice) {
        if dice.chance(100) {
            self.engine.batch_bytes = 2048;
            self.engine.batch_limit = 64;
        }
        if dice.chance(200) {
            let few = dice.pick(&[4, 8, 16]).copied();
            self.engine.waiting_requests = few.unwrap_or(self.engine.waiting_requests);
        }
    }

    /// In few runs one process floods the others. Returns whether it does.
    fn draw_flood(&mut self, dice: &mut Dice) -> bool {
        let Some(words) = self.faulty.first_mut().filter(|_| dice.chance(20)) else {
            return false;
        };
        if let Some((name, _)) = words.split_once('=') {
            *words = format!("{name}=flood");
        }
        true
    }

    /// In some runs work takes its time. A flood shows only then.
    fn draw_costs(&mut self, floods: bool, dice: &mut Dice) {
        if dice.chance(250) || floods {
            self.costs = Some(Costs::USUAL);
        }
    }

    /// Some of those that misbehave do so in other ways than were drawn, and some only when a trigger holds.
    fn draw_more_faults(&mut self, dice: &mut Dice) {
        for words in &mut self.faulty {
            if dice.chance(600)
                && let Some((name, _)) = words.split_once('=')
            {
                *words = format!("{name}={}", newer_behaviour(dice));
            }
            if dice.chance(400) {
                words.push_str(&trigger(dice, self.heal_ms));
            }
        }
    }

    /// Who is faulty is not started again, and only as many lose their memory as can be borne besides the faulty.
    fn bear_restarts(&mut self) {
        let mut lost: BTreeSet<Name> = self
            .faulty_processes()
            .unwrap_or_default()
            .into_iter()
            .collect();
        let faulty = lost.clone();
        let most = self.quorum().f() as usize;
        for stop in &mut self.stops {
            if faulty.contains(&stop.process) {
                stop.back = Back::AsBefore;
            } else if stop.back == Back::WithoutDisk {
                if lost.len() < most || lost.contains(&stop.process) {
                    lost.insert(stop.process);
                } else {
                    stop.back = Back::FromDisk;
                }
            }
        }
    }

    fn draw_faults(&mut self, dice: &mut Dice) {
        let most = u64::from(self.quorum().f());
        let count = u32::try_from(dice.between(0, most)).unwrap_or_default();
        for index in dice.distinct(count, self.processes) {
            let name = Name::of(index);
            if dice.chance(200) {
                self.twins.push(name);
            } else {
                let words = behaviour(dice, index, self.processes, self.heal_ms);
                self.faulty.push(format!("{}={words}", name.0));
            }
        }
        self.faulty.sort();
        self.twins.sort();
    }

    /// Nobody forgets what it voted unless it is started again.
    fn start_again_who_forgets(&mut self, dice: &mut Dice) {
        let Ok(faults) = self.fault_plan() else {
            return;
        };
        for name in (0..self.processes).map(Name::of) {
            let words = faults.behaviour_of(name.0.0).unwrap_or_default();
            if words.starts_with("amnesia") {
                for _ in 0..dice.between(1, 3) {
                    let (from_ms, to_ms) = span(dice, self.heal_ms);
                    self.stops.push(Stop {
                        process: name,
                        from_ms,
                        to_ms,
                        back: Back::FromDisk,
                    });
                }
            }
        }
    }

    fn draw_sides(&mut self, dice: &mut Dice) {
        let others = (0..self.processes).map(Name::of);
        let others: Vec<Name> = others.filter(|name| !self.twins.contains(name)).collect();
        if !self.twins.is_empty() {
            self.apart = others.into_iter().filter(|_| dice.chance(500)).collect();
        }
    }
}

fn behaviour(dice: &mut Dice, own: u32, n: u32, heal_ms: u64) -> String {
    match dice.below(9) {
        0 => "deny".to_owned(),
        1 => {
            let count = dice.between(1, u64::from(n - 1).max(1));
            let peers = dice.distinct(u32::try_from(count).unwrap_or(1), n);
            let mut peers: Vec<_> = peers.into_iter().filter(|peer| *peer != own).collect();
            peers.sort_unstable();
            let names: Vec<String> = peers.iter().map(|i| Name::of(*i).into()).collect();
            if names.is_empty() {
                "deny".to_owned()
            } else {
                format!("deny:{}", names.join("+"))
            }
        }
        2 => format!("crash:{}ms", dice.below(heal_ms)),
        3 => format!("crash:{}", dice.between(1, 200)),
        4 => "silent".to_owned(),
        5 => "lie".to_owned(),
        6 => "forge".to_owned(),
        _ => "equivocate".to_owned(),
    }
}

fn newer_behaviour(dice: &mut Dice) -> String {
    match dice.below(11) {
        0 => format!("delay:{}ms", dice.between(1, 400)),
        1 => format!("drop:{}%", dice.between(1, 90)),
        2 => "duplicate".to_owned(),
        3 => "replay".to_owned(),
        4 => "corrupt".to_owned(),
        5 => "skip".to_owned(),
        6 => "slow".to_owned(),
        7 => "tamper".to_owned(),
        8 => "spam".to_owned(),
        9 => "impersonate".to_owned(),
        _ => "amnesia".to_owned(),
    }
}

fn trigger(dice: &mut Dice, heal_ms: u64) -> String {
    let mut triggers = String::new();
    match dice.below(6) {
        0 => triggers += &format!("@after={}ms", dice.below(heal_ms)),
        1 => triggers += &format!("@until={}ms", dice.between(1, heal_ms)),
        2 => {
            let after = dice.below(heal_ms);
            let until = after + dice.between(1, heal_ms);
            triggers += &format!("@after={after}ms@until={until}ms");
        }
        3 => {
            let first = dice.between(1, 20);
            triggers += &format!("@slots={first}-{}", first + dice.below(20));
        }
        4 => {
            let first = dice.below(3);
            triggers += &format!("@views={first}-{}", first + dice.below(3));
        }
        _ => {}
    }
    if triggers.is_empty() || dice.chance(300) {
        triggers += &format!("@chance={}%", dice.between(5, 95));
    }
    triggers
}

fn engine(dice: &mut Dice) -> Engine {
    let view_timeout_ms = dice.between(50, 500);
    Engine {
        checkpoint_interval: dice.pick(&[4, 8, 16, 64]).copied().unwrap_or(8),
        batch_limit: dice.pick(&[1, 2, 16]).copied().unwrap_or(1),
        batch_bytes: Engine::default().batch_bytes,
        waiting_requests: Engine::default().waiting_requests,
        slots_in_flight: dice.between(1, 8),
        view_timeout_ms,
        status_interval_ms: view_timeout_ms / 2,
        #[cfg(feature = "mutants")]
        mutant: None,
    }
}

fn requests(dice: &mut Dice, n: u32, heal_ms: u64) -> BTreeMap<Name, Vec<u64>> {
    let mut all: BTreeMap<Name, Vec<u64>> = BTreeMap::new();
    for _ in 0..dice.between(1, 40) {
        let name = Name::drawn(dice, n);
        all.entry(name)
            .or_default()
            .push(dice.below(heal_ms + AFTERMATH_MS));
    }
    for times in all.values_mut() {
        times.sort_unstable();
    }
    all
}

/// Few keys and few values, so that calls meet.
fn calls(dice: &mut Dice, n: u32, heal_ms: u64) -> Vec<Call> {
    let mut calls: Vec<Call> = (0..dice.below(30))
        .map(|number| {
            let key = dice.pick(&["x", "y"]).copied().unwrap_or("x");
            let old = dice.below(number + 1);
            let operation = match dice.below(10) {
                0..3 => format!("set {key}={number}"),
                3 => format!("delete {key}"),
                4 => format!("cas {key} {old} {number}"),
                5 => format!("get {key}"),
                _ => format!("read {key}"),
            };
            Call {
                at_ms: dice.below(heal_ms + AFTERMATH_MS),
                process: Name::drawn(dice, n),
                operation,
                name: None,
                key: None,
                timestamp: None,
                also: Vec::new(),
                waits_ms: None,
            }
        })
        .collect();
    calls.sort_by_key(|call| call.at_ms);
    calls
}

fn rounds(dice: &mut Dice, n: u32, heal_ms: u64) -> Vec<Round> {
    let vote = |attack: bool| if attack { "attack" } else { "retreat" }.to_owned();
    let mut rounds: Vec<Round> = (0..dice.below(4))
        .map(|_| {
            let at_ms = dice.below(heal_ms + AFTERMATH_MS);
            let alike = dice.chance(400);
            let first = dice.chance(500);
            let decisions = (0..n).map(|_| vote(if alike { first } else { dice.chance(500) }));
            Round {
                at_ms,
                decisions: decisions.collect(),
            }
        })
        .collect();
    rounds.sort_by_key(|round| round.at_ms);
    rounds
}

/// A few bad links, and then what holds for all others.
fn network(dice: &mut Dice, n: u32) -> Vec<Link> {
    let mut links: Vec<Link> = (0..dice.below(4))
        .map(|_| Link {
            from: dice.chance(700).then(|| Name::drawn(dice, n)),
            to: dice.chance(700).then(|| Name::drawn(dice, n)),
            ..link(dice, 600)
        })
        .collect();
    let worst = dice.pick(&[0, 20, 200]).copied().unwrap_or_default();
    links.push(link(dice, worst));
    links
}

fn link(dice: &mut Dice, worst: u64) -> Link {
    let shortest_us = dice.between(50, 2000);
    Link {
        from: None,
        to: None,
        lost: dice.below(worst + 1),
        doubled: dice.below(worst / 2 + 1),
        late: dice.below(worst / 2 + 1),
        shortest_us,
        longest_us: shortest_us + dice.below(20_000),
    }
}

fn partitions(dice: &mut Dice, n: u32, heal_ms: u64) -> Vec<Partition> {
    (0..dice.below(4))
        .map(|_| {
            let (from_ms, to_ms) = span(dice, heal_ms);
            let count = u32::try_from(dice.between(1, u64::from(n).div_ceil(2))).unwrap_or(1);
            let mut side: Vec<Name> = dice.distinct(count, n).into_iter().map(Name::of).collect();
            side.sort();
            let one_way = dice.chance(250);
            Partition {
                from_ms,
                to_ms,
                side,
                one_way,
            }
        })
        .collect()
}

fn stops(dice: &mut Dice, n: u32, heal_ms: u64) -> Vec<Stop> {
    (0..dice.below(3))
        .map(|_| {
            let (from_ms, to_ms) = span(dice, heal_ms);
            let back = match dice.below(10) {
                0..4 => Back::AsBefore,
                4..8 => Back::FromDisk,
                _ => Back::WithoutDisk,
            };
            Stop {
                process: Name::drawn(dice, n),
                from_ms,
                to_ms,
                back,
            }
        })
        .collect()
}

fn clocks(dice: &mut Dice, n: u32) -> Vec<Skew> {
    let count = u32::try_from(dice.below(3)).unwrap_or_default();
    dice.distinct(count, n)
        .into_iter()
        .map(|index| Skew {
            process: Name::of(index),
            ahead_ms: dice.below(10_000),
            rate: dice.between(800, 1250),
        })
        .collect()
}
