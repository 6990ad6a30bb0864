//! What happens to a message on its way, and who stands still. The rules of links come first; what they let go meets the
//! network.

use quorate_fault::Dice;
use quorate_fault::link::{Fate, LinkError, Links, Parcel, Why};
use quorate_protocol::{Digest, ReplicaId, Time};

use crate::plan::{Kind, Link, Name, Partition, Plan, Stop, Withheld};
use crate::process::Packet;

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

/// The most copies of one message that arrive: a rule may double it, and so may the network.
const COPIES: usize = 4;

/// Why nothing of a message arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The network has lost it.
    ByChance,
    /// The rule with this index has.
    ByRule(usize, Why),
    /// Its sender and its recipient are cut off from each other.
    Cut,
}

/// The links between the processes.
#[derive(Debug)]
pub(crate) struct Network {
    n: usize,
    heal: Time,
    /// The rules of links until all is healed.
    rules: Links,
    /// What chance does on each link until all is healed, by sender and recipient.
    chances: Vec<Link>,
    partitions: Vec<Partition>,
    withheld: Vec<Withheld>,
    stops: Vec<Stop>,
}

impl Network {
    /// The network of a plan.
    ///
    /// # Errors
    /// A rule of the plan's links cannot be read.
    pub(crate) fn new(plan: &Plan) -> Result<Self, LinkError> {
        let pairs =
            (0..plan.processes).flat_map(|from| (0..plan.processes).map(move |to| (from, to)));
        let chance = |(from, to)| {
            let holds = |link: &&Link| {
                link.from.is_none_or(|name| name.0 == ReplicaId(from))
                    && link.to.is_none_or(|name| name.0 == ReplicaId(to))
            };
            plan.network.iter().find(holds).unwrap_or(&CALM).clone()
        };
        let seed = Digest::of(&[b"simulated links", &plan.seed.to_le_bytes()]).0;
        Ok(Self {
            n: plan.processes as usize,
            heal: millis(plan.heal_ms),
            rules: Links::new(plan.link_rules()?, seed, 0),
            chances: pairs.map(chance).collect(),
            partitions: plan.partitions.clone(),
            withheld: plan.withheld.clone(),
            stops: plan.stops.clone(),
        })
    }

    /// When the copies of a message sent now arrive.
    ///
    /// # Errors
    /// It is lost.
    pub(crate) fn arrivals(
        &mut self,
        dice: &mut Dice,
        now: Time,
        from: ReplicaId,
        to: ReplicaId,
        packet: &Packet,
    ) -> Result<[Option<Time>; COPIES], Lost> {
        let (first, second) = self.departures(now, from, to, packet)?;
        let [once, twice] = self.carry(dice, first, from, to, packet);
        let again = second.map(|second| self.carry(dice, second, from, to, packet));
        let [third, fourth] = again.unwrap_or_default();
        match [once, twice, third, fourth] {
            [None, None, None, None] if self.cuts(first, from, to) => Err(Lost::Cut),
            [None, None, None, None] => Err(Lost::ByChance),
            arrivals => Ok(arrivals),
        }
    }

    /// When a message sets out, and perhaps once more, as the rules of links say.
    fn departures(
        &mut self,
        now: Time,
        from: ReplicaId,
        to: ReplicaId,
        packet: &Packet,
    ) -> Result<(Time, Option<Time>), Lost> {
        if now >= self.heal {
            return Ok((now, None));
        }
        let parcel = Parcel {
            from,
            to,
            kind: kind(packet),
            bytes: match packet {
                Packet::Batch { bytes, .. } => bytes.len(),
                Packet::Vote(heard) => heard.decision.len(),
            },
        };
        match self.rules.pass(now, &parcel) {
            Fate::Lost(rule, why) => Err(Lost::ByRule(rule, why)),
            Fate::Leaves(first, second) => {
                let heal = self.heal;
                Ok((first.min(heal), second.map(|second| second.min(heal))))
            }
        }
    }

    /// The rule with this index, in words.
    pub(crate) fn rule(&self, index: usize) -> String {
        let mut rules = self.rules.rules();
        rules
            .nth(index)
            .map_or_else(String::new, |(rule, _)| rule.to_string())
    }

    /// When the copies of a message that sets out now arrive: at most two, and none if it is lost.
    fn carry(
        &self,
        dice: &mut Dice,
        now: Time,
        from: ReplicaId,
        to: ReplicaId,
        packet: &Packet,
    ) -> [Option<Time>; 2] {
        let mut sets_out = now;
        let link = if now >= self.heal {
            &CALM
        } else if self.is_cut(now, from, to) {
            return [None; 2];
        } else {
            if let Some(withheld) = self.withholds(now, from, to, packet) {
                if !withheld.late {
                    return [None; 2];
                }
                sets_out = millis(withheld.to_ms).min(self.heal);
            }
            self.chances
                .get(from.0 as usize * self.n + to.0 as usize)
                .unwrap_or(&CALM)
        };
        if dice.chance(link.lost) {
            return [None; 2];
        }
        let doubled = dice.chance(link.doubled);
        let first = arrival(link, dice, sets_out);
        let second = doubled.then(|| arrival(link, dice, sets_out));
        [Some(first), second]
    }

    fn cuts(&self, now: Time, from: ReplicaId, to: ReplicaId) -> bool {
        now < self.heal && self.is_cut(now, from, to)
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

    fn withholds(
        &self,
        now: Time,
        from: ReplicaId,
        to: ReplicaId,
        packet: &Packet,
    ) -> Option<&Withheld> {
        let kind = kind(packet)?;
        let among = |names: &[Name], one| names.is_empty() || names.contains(&Name(one));
        self.withheld.iter().find(|one| {
            millis(one.from_ms) <= now
                && now < millis(one.to_ms)
                && one.kinds.contains(&kind)
                && among(&one.from, from)
                && among(&one.to, to)
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

/// A message's kind. Garbage has none.
pub(crate) fn kind(packet: &Packet) -> Option<Kind> {
    match packet {
        Packet::Batch { message, .. } => message.as_ref().map(|message| Kind::of(message)),
        Packet::Vote(_) => Some(Kind::VOTE),
    }
}

/// When a message arrives that is not lost.
fn arrival(link: &Link, dice: &mut Dice, sets_out: Time) -> Time {
    let takes = dice.between(link.shortest_us, link.longest_us);
    let late = if dice.chance(link.late) {
        link.longest_us.saturating_mul(10)
    } else {
        0
    };
    Time(sets_out.0 + takes + late)
}

/// A plan's time.
pub(crate) const fn millis(at: u64) -> Time {
    Time(at.saturating_mul(1000))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Network;
    use crate::plan::{Choice, Kind, Name, Plan, Withheld};
    use crate::process::Packet;
    use quorate_fault::Dice;
    use quorate_host::Head;
    use quorate_protocol::message::{Fetch, Standing};
    use quorate_protocol::{ClusterId, Digest, Keys, Message, ReplicaId, Sequence, Time, View};

    #[test]
    fn what_is_withheld_is_lost_or_late_and_nothing_else_is() {
        let choice = Choice {
            processes: Some(4),
            ..Choice::default()
        };
        let mut plan = Plan::generate(1, &choice);
        plan.network.clear();
        plan.links.clear();
        plan.partitions.clear();
        plan.heal_ms = 100;
        let standing = Kind::STANDING;
        let withheld = |from_ms, to_ms, late| Withheld {
            from_ms,
            to_ms,
            kinds: vec![standing],
            from: vec![Name::of(0)],
            to: vec![Name::of(1), Name::of(2)],
            late,
        };
        plan.withheld = vec![withheld(10, 20, false), withheld(90, 300, true)];
        let cluster = ClusterId(Digest::of(&[]).0);
        let head = Head {
            cluster,
            sender: ReplicaId(0),
        };
        let mut keys = Keys::simulated(ReplicaId(0), 4, cluster);
        let mut packet = |message| {
            let signed = keys.sign_message(message).expect("it can be signed");
            Packet::of_bytes(head, Arc::from([]), Some(Arc::new(signed.into_signed())))
        };
        let standing = packet(Message::Standing(Standing {
            view: View(0),
            active: true,
            executed: Sequence(0),
            stable: Sequence(0),
            memory: quorate_protocol::message::Memory::Whole,
            proved: quorate_protocol::message::Proved::none(),
        }));
        let fetch = packet(Message::Fetch(Fetch {
            digest: Digest::of(&[]),
        }));
        let mut network = Network::new(&plan).expect("it has no rules");
        let mut dice = Dice::new(1, b't');
        let mut arrives = |at_ms: u64, from, to, packet: &Packet| {
            let now = Time(at_ms * 1000);
            let arrivals = network.arrivals(&mut dice, now, ReplicaId(from), ReplicaId(to), packet);
            arrivals
                .ok()
                .and_then(|all| all[0])
                .map(|time| time.0 / 1000)
        };
        assert_eq!(arrives(9, 0, 1, &standing), Some(9));
        assert_eq!(arrives(10, 0, 1, &standing), None);
        assert_eq!(arrives(19, 0, 2, &standing), None);
        assert_eq!(arrives(20, 0, 2, &standing), Some(20));
        assert_eq!(arrives(15, 0, 1, &fetch), Some(15), "another kind");
        assert_eq!(arrives(15, 0, 3, &standing), Some(15), "another recipient");
        assert_eq!(arrives(15, 1, 2, &standing), Some(15), "another sender");
        let garbage = Packet::of_bytes(head, Arc::from([]), None);
        assert_eq!(arrives(15, 0, 1, &garbage), Some(15));
        assert_eq!(arrives(95, 0, 1, &standing), Some(100), "all is healed");
        assert_eq!(arrives(101, 0, 1, &standing), Some(101));
    }
}
