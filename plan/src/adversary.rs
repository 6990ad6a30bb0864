//! An adversary's schedule: in some seeds the network is not left to chance, but timed against view changes.
//!
//! Random faults rarely come in the order in which they hurt. Here the time before the healing begins with a few acts, each about
//! as long as a view lasts without progress. The acts are about one process, the victim: in one act the victim learns what
//! no other process does, in another it is left out, in a third others are left out. So quorums alternate, and each view
//! starts from what other replicas know.
//!
//! * At most f processes are left out at a time, and none twice in a row. The others are a quorum and go on, in another
//!   view if need be.
//! * Votes reach the victim alone. It has then prepared or committed a slot that no other process has, and perhaps no process
//!   hears about it.
//! * The victim alone hears nothing from the primary and asks for another view. It may lose its memory afterwards.
//! * Requests reach some processes late, so that primaries propose them in another order. Bodies, VIEW-CHANGEs and NEW-VIEWs
//!   come late too: between views, or after the view to which they belong.
//! * STANDING messages are lost until the last act is over, so that no process is helped to catch up.
//! * Messages of one kind are lost everywhere until the last act is over: what is said only once is then never heard.
//!
//! The seed draws the acts, their order and length, and the victim. Every engine must bear all of it: the network is bad only
//! until the healing, and a process that comes back without its disk counts among the f faulty ones, as in all plans.

use std::collections::BTreeMap;

use quorate_fault::Dice;

use crate::{Back, Kind, Link, Name, Partition, Plan, Stop, Withheld};

/// In how many of a thousand seeds an adversary is at work.
const SHARE: u64 = 250;

/// The most requests of a schedule.
const MOST_REQUESTS: u64 = 60;

/// In some seeds, puts an adversary's schedule in the place of what was drawn.
pub(crate) fn schedule(plan: &mut Plan, dice: &mut Dice) {
    if !dice.chance(SHARE) {
        return;
    }
    let mut adversary = Adversary {
        timeout: dice.between(40, 150),
        victim: Name::drawn(dice, plan.processes),
        plan,
        dice,
        knows_more: false,
        left_out: Vec::new(),
    };
    adversary.calm_down();
    adversary.ask();
    adversary.act();
    adversary.drown_out();
}

struct Adversary<'a> {
    plan: &'a mut Plan,
    dice: &'a mut Dice,
    /// T, in milliseconds.
    timeout: u64,
    victim: Name,
    /// Whether the victim may know what nobody else does, and has not been left out since.
    knows_more: bool,
    /// Whom the last act left out.
    left_out: Vec<Name>,
}

impl Adversary<'_> {
    /// Little else goes wrong, as it would spoil the acts more often than help them.
    fn calm_down(&mut self) {
        let (plan, dice) = (&mut *self.plan, &mut *self.dice);
        // Short, so that there is time for several view changes.
        plan.engine.view_timeout_ms = self.timeout;
        plan.engine.status_interval_ms = self.timeout / 2;
        let shortest_us = dice.between(50, 1000);
        plan.network = vec![Link {
            from: None,
            to: None,
            lost: 0,
            doubled: 0,
            late: 0,
            shortest_us,
            longest_us: shortest_us + dice.below(4000),
        }];
        plan.partitions.clear();
        plan.stops.clear();
        plan.clocks.clear();
        if dice.chance(600) {
            plan.faulty.clear();
            plan.twins.clear();
        }
        if dice.chance(600) {
            plan.calls.clear();
            plan.rounds.clear();
        }
    }

    /// Requests at one pace: so many in a view that checkpoints become stable, or so few that the log is never emptied.
    fn ask(&mut self) {
        let pace = self.dice.pick(&[1, 4, 12, 36]).copied().unwrap_or(1);
        let mut requests: BTreeMap<Name, Vec<u64>> = BTreeMap::new();
        let mut at_ms = self.dice.below(self.timeout);
        for _ in 0..MOST_REQUESTS {
            if at_ms >= self.plan.heal_ms {
                break;
            }
            let name = Name::drawn(self.dice, self.plan.processes);
            requests.entry(name).or_default().push(at_ms);
            at_ms += self.dice.between(0, self.timeout * pace / 6);
        }
        self.plan.requests = requests;
    }

    fn act(&mut self) {
        let mut from_ms = self.dice.below(self.timeout);
        for _ in 0..self.dice.between(2, 6) {
            let to_ms = from_ms + self.dice.between(self.timeout / 3, 3 * self.timeout);
            if to_ms >= self.plan.heal_ms {
                break;
            }
            self.leave_out(from_ms, to_ms);
            if !self.left_out.contains(&self.victim) {
                match self.dice.below(10) {
                    0..4 => self.let_the_victim_alone_know(from_ms, to_ms),
                    4..6 => self.let_the_victim_alone_distrust(from_ms, to_ms),
                    _ => {}
                }
            }
            self.delay(from_ms, to_ms);
            from_ms = to_ms;
        }
        if self.dice.chance(600) {
            self.withhold(0, from_ms, &[Kind::STANDING], Vec::new(), false);
        }
    }

    fn leave_out(&mut self, from_ms: u64, to_ms: u64) {
        let before = std::mem::take(&mut self.left_out);
        if !self.dice.chance(700) {
            return;
        }
        let most = u64::from(self.plan.quorum().f()).max(1);
        let count = usize::try_from(self.dice.between(1, most)).unwrap_or(1);
        // What the victim alone knows hurts if the others go on without it.
        let likely = if self.knows_more { 800 } else { 300 };
        let with_victim = !before.contains(&self.victim) && self.dice.chance(likely);
        self.knows_more &= !with_victim;
        let mut side: Vec<Name> = with_victim.then_some(self.victim).into_iter().collect();
        let n = self.plan.processes;
        for name in self.dice.distinct(n, n).into_iter().map(Name::of) {
            if side.len() < count && name != self.victim && !before.contains(&name) {
                side.push(name);
            }
        }
        side.sort();
        self.plan.partitions.push(Partition {
            from_ms,
            to_ms,
            side: side.clone(),
            one_way: self.dice.chance(200),
        });
        self.left_out = side;
    }

    fn let_the_victim_alone_know(&mut self, from_ms: u64, to_ms: u64) {
        let kinds = [
            &[Kind::PREPARE][..],
            &[Kind::PREPARE, Kind::COMMIT],
            &[Kind::COMMIT, Kind::COMMITTED],
            &[Kind::PREPARE, Kind::COMMIT, Kind::COMMITTED],
        ];
        let kinds = self.dice.pick(&kinds).copied().unwrap_or_default();
        let others = (0..self.plan.processes).map(Name::of);
        let others = others.filter(|name| *name != self.victim).collect();
        self.withhold(from_ms, to_ms, kinds, others, false);
        if self.dice.chance(500) {
            self.plan.withheld.push(Withheld {
                from_ms,
                to_ms,
                kinds: vec![Kind::VIEW_CHANGE],
                from: vec![self.victim],
                to: Vec::new(),
                late: false,
            });
        }
        self.knows_more = true;
    }

    fn let_the_victim_alone_distrust(&mut self, from_ms: u64, to_ms: u64) {
        let kinds = [Kind::PRE_PREPARE, Kind::COMMIT, Kind::COMMITTED];
        self.withhold(from_ms, to_ms, &kinds, vec![self.victim], false);
        if self.dice.chance(600) {
            let backs = [Back::FromDisk, Back::WithoutDisk, Back::WithoutDisk];
            self.plan.stops.push(Stop {
                process: self.victim,
                from_ms: to_ms,
                to_ms: to_ms + self.dice.between(1, self.timeout),
                back: self.dice.pick(&backs).copied().unwrap_or_default(),
            });
        }
    }

    fn delay(&mut self, from_ms: u64, to_ms: u64) {
        if self.dice.chance(300) {
            let some = self.some();
            self.withhold(from_ms, to_ms, &[Kind::REQUEST], some, true);
        }
        if self.dice.chance(300) {
            let some = self.some();
            let end_ms = to_ms + self.dice.below(2 * self.timeout);
            self.withhold(from_ms, to_ms, &[Kind::PRE_PREPARE], some.clone(), false);
            self.withhold(from_ms, end_ms, &[Kind::BODY], some, true);
        }
        if self.dice.chance(250) {
            let kinds = [
                &[Kind::NEW_VIEW][..],
                &[Kind::VIEW_CHANGE],
                &[Kind::VIEW_CHANGE, Kind::NEW_VIEW],
            ];
            let kinds = self.dice.pick(&kinds).copied().unwrap_or_default();
            let end_ms = to_ms + self.dice.below(self.timeout);
            let (some, late) = (self.some(), self.dice.chance(500));
            self.withhold(from_ms, end_ms, kinds, some, late);
        }
    }

    fn drown_out(&mut self) {
        let kind = self.dice.pick(&Kind::ALL).copied();
        if let Some(kind) = kind.filter(|_| self.dice.chance(300)) {
            self.withhold(0, self.plan.heal_ms, &[kind], Vec::new(), false);
        }
    }

    fn withhold(&mut self, from_ms: u64, to_ms: u64, kinds: &[Kind], to: Vec<Name>, late: bool) {
        self.plan.withheld.push(Withheld {
            from_ms,
            to_ms,
            kinds: kinds.to_vec(),
            from: Vec::new(),
            to,
            late,
        });
    }

    /// Up to half of all.
    fn some(&mut self) -> Vec<Name> {
        let n = self.plan.processes;
        let count = self.dice.between(1, u64::from(n).div_ceil(2));
        let some = self.dice.distinct(u32::try_from(count).unwrap_or(1), n);
        let mut some: Vec<Name> = some.into_iter().map(Name::of).collect();
        some.sort();
        some
    }
}

#[cfg(test)]
mod tests {
    use super::schedule;
    use crate::{Back, Choice, Partition, Plan};
    use quorate_fault::Dice;

    /// What adversaries make of one plan.
    fn schedules() -> Vec<Plan> {
        let plan = Plan::generate(1, &Choice::default());
        let mut made: Vec<Plan> = (0..1000)
            .map(|seed| {
                let mut made = plan.clone();
                schedule(&mut made, &mut Dice::new(seed, b's'));
                made
            })
            .collect();
        made.retain(|made| *made != plan);
        made
    }

    #[test]
    fn some_seeds_have_an_adversary_and_all_others_stay_as_they_were() {
        assert!((200..300).contains(&schedules().len()));
    }

    #[test]
    fn never_more_than_f_are_left_out_nor_anyone_twice_running() {
        let mut alternating = 0;
        for plan in schedules() {
            let f = plan.quorum().f() as usize;
            let sides = |one: &Partition| (1..=f).contains(&one.side.len());
            assert!(plan.partitions.iter().all(sides));
            for acts in plan.partitions.windows(2) {
                if acts[0].to_ms == acts[1].from_ms {
                    alternating += 1;
                    assert!(!acts[0].side.iter().any(|name| acts[1].side.contains(name)));
                }
            }
        }
        assert!(alternating > 50, "{alternating}");
    }

    #[test]
    fn some_lose_their_memory_and_some_hear_alone_and_all_is_over_before_the_healing() {
        let all = schedules();
        let forgets = |plan: &&Plan| plan.stops.iter().any(|one| one.back == Back::WithoutDisk);
        assert!(all.iter().filter(forgets).count() > 10);
        let alone = |plan: &&Plan| {
            let others = plan.processes as usize - 1;
            plan.withheld.iter().any(|one| one.to.len() == others)
        };
        assert!(all.iter().filter(alone).count() > 50);
        let begun = |plan: &Plan| {
            let partitions = plan.partitions.iter().map(|one| one.from_ms);
            let withheld = plan.withheld.iter().map(|one| one.from_ms);
            partitions.chain(withheld).all(|at| at < plan.heal_ms)
        };
        assert!(all.iter().all(begun));
    }
}
