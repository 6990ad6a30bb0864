//! What happens to a message on its way, and who stands still.

use quorate_fault::Dice;
use quorate_protocol::{ReplicaId, Time};

use crate::plan::{Link, Partition, Plan, Stop};

/// A link as it is once all is healed.
const CALM: Link = Link {
    from: None,
    to: None,
    lost: 0,
    doubled: 0,
    late: 0,
    shortest_us: 100,
    longest_us: 1000,
};

/// The links between the processes.
#[derive(Debug)]
pub(crate) struct Network {
    n: usize,
    heal: Time,
    /// The rule of each link until all is healed, by sender and recipient.
    links: Vec<Link>,
    partitions: Vec<Partition>,
    stops: Vec<Stop>,
}

impl Network {
    /// The network of a plan.
    pub(crate) fn new(plan: &Plan) -> Self {
        let pairs =
            (0..plan.processes).flat_map(|from| (0..plan.processes).map(move |to| (from, to)));
        let rule = |(from, to)| {
            let holds = |link: &&Link| {
                link.from.is_none_or(|name| name.0 == ReplicaId(from))
                    && link.to.is_none_or(|name| name.0 == ReplicaId(to))
            };
            plan.links.iter().find(holds).unwrap_or(&CALM).clone()
        };
        Self {
            n: plan.processes as usize,
            heal: millis(plan.heal_ms),
            links: pairs.map(rule).collect(),
            partitions: plan.partitions.clone(),
            stops: plan.stops.clone(),
        }
    }

    /// When the copies of a message sent now arrive; none if it is lost.
    pub(crate) fn arrivals(
        &self,
        dice: &mut Dice,
        now: Time,
        from: ReplicaId,
        to: ReplicaId,
    ) -> Vec<Time> {
        let healed = now >= self.heal;
        let link = if healed {
            &CALM
        } else if self.is_cut(now, from, to) {
            return Vec::new();
        } else {
            self.links
                .get(from.0 as usize * self.n + to.0 as usize)
                .unwrap_or(&CALM)
        };
        if dice.chance(link.lost) {
            return Vec::new();
        }
        let copies = if dice.chance(link.doubled) { 2 } else { 1 };
        (0..copies)
            .map(|_| {
                let takes = dice.between(link.shortest_us, link.longest_us);
                let late = if dice.chance(link.late) {
                    link.longest_us.saturating_mul(10)
                } else {
                    0
                };
                Time(now.0 + takes + late)
            })
            .collect()
    }

    fn is_cut(&self, now: Time, from: ReplicaId, to: ReplicaId) -> bool {
        let within = |name| move |side: &Partition| side.side.iter().any(|one| one.0 == name);
        self.partitions
            .iter()
            .filter(|one| millis(one.from_ms) <= now && now < millis(one.to_ms))
            .any(|one| match (within(from)(one), within(to)(one)) {
                (true, false) => true,
                (false, true) => !one.one_way,
                _ => false,
            })
    }

    /// When a process that stands still goes on; nothing if it does not stand still.
    pub(crate) fn goes_on(&self, now: Time, process: ReplicaId) -> Option<Time> {
        let end = |stop: &Stop| millis(stop.to_ms).min(self.heal);
        self.stops
            .iter()
            .filter(|stop| {
                stop.process.0 == process && millis(stop.from_ms) <= now && now < end(stop)
            })
            .map(end)
            .max()
    }
}

/// A plan's time.
pub(crate) const fn millis(at: u64) -> Time {
    Time(at.saturating_mul(1000))
}
